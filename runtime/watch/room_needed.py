"""Room that a map takes on disk and in memory, told before it is made; reckoned by the worker, as it opens files."""

from __future__ import annotations

from landslip.runtime.artifacts.feature_cut import cut_features
from landslip.runtime.artifacts.onnx_file import read_onnx_file
from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.mapping.budget import disk_needed, memory_needed
from landslip.runtime.mapping.dry_run import input_pixels
from landslip.runtime.mapping.prepared_map import cache_bytes
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.scene.scene import open_scene
from landslip.runtime.system.memory import resident_bytes
from landslip.runtime.tiling.plan import make_plan
from landslip.runtime.watch.back_pressure import RoomNeeded

_LANES = 2
"""Calls of the engine at once that are reckoned with: an engine that is lent to nobody now does not say."""


def room_needed(request: MapRequest, spec: ModelSpec) -> RoomNeeded:
    """Open the files of a map and reckon what it takes; no tile is made, and nothing is written.

    Args:
        request: the map.
        spec: of its model.

    Raises:
        LandslipError: what would stop the map before its first tile.
    """
    with open_scene(request.files.for_model(spec), spec.resolution, spec) as scene:
        layout = request.layout(spec, scene.grid)
        plan = make_plan(request.protocol, scene.grid, spec, layout.tile, layout.overlap)
        shares = request.engine.share_features
        shared = cut_features(read_onnx_file(request.model)).shared if shares else None
        arrays = memory_needed(plan, spec, layout.batch, _LANES, input_pixels(scene), shared)
        disk = disk_needed(scene.grid, len(scene.images), classes=bool(spec.classes))
        pictures = arrays["quicklook"]
        most = max(pictures, sum(arrays.values()) - pictures) + cache_bytes(scene)
    return RoomNeeded(sum(disk.values()), most, resident_bytes() or 0)
