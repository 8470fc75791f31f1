"""Contestants who map the same files to a file: landslip, the published loop, and what is installed of others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from landslip.benchmarks.baselines.landslip_map import map_confidence_alone, map_with_products
from landslip.benchmarks.baselines.peer_scene import MapFiles, PeerScene, write_stacked
from landslip.benchmarks.baselines.published_loop import CORE, first_pixels
from landslip.benchmarks.reports.report import Table
from landslip.benchmarks.scenes.grid_scene import edge_of
from landslip.runtime.engines import Engine
from landslip.runtime.errors import UsageError
from landslip.runtime.system.machine import usable_cores

log = logging.getLogger(__name__)

TILE, HOP = 224, 112
"""Pixels: edge of a tile, and the distance between tiles, of all that take part."""

EXTRA = "bench-peers"
"""Extra of landslip that installs the others."""

LANDSLIP = "landslip map"
ALONE = "landslip, the confidence alone"
DECODED = "decoding the files, and nothing else"
NO_PEERS = (LANDSLIP, ALONE, DECODED)
"""Names of maps by landslip itself, and of what makes no map."""

_BORDER = 8
"""Pixels that TerraTorch cuts off around each tile, and by which it pads a scene, unless it is told otherwise."""

NOT_IN_THE_RACE = {
    "torchgeo": "its releases (0.8.1 for Python 3.11, 0.10.1 for newer) read windows of large rasters; they neither "
    "lay predictions together nor write them",
}
"""Systems that cannot be measured, and why."""


@dataclass(frozen=True)
class FileContestant:
    """One of those who map from files to a file."""

    name: str
    """Name for tables."""
    package: str
    """Distribution that brings it."""
    batch: int
    """Tiles per call: its own default."""
    load: Callable[[], MapFiles]
    """Imports what it needs and gives its function; raises ``UsageError`` where that cannot be."""
    starts: Callable[[int], list[int]]
    """Places where its tiles begin along an edge of so many pixels; below 0 in what it pads."""
    kept: tuple[int, int] = (0, TILE)
    """Pixels along a tile that go into the map: the first, and the one behind the last."""
    same_map: bool = False
    """Makes the map of the one before it, in no more memory, and only takes another time from file to file."""

    @property
    def version(self) -> str | None:
        """Version of its package; None where it is not installed."""
        try:
            return version(self.package)
        except PackageNotFoundError:
            return None

    def tiles(self, rows: int, cols: int) -> int:
        """Number of tiles that it lays on a scene."""
        return len(self.starts(rows)) * len(self.starts(cols))

    def borders(self, length: int) -> list[int]:
        """Pixels along an edge that begin behind a border of a tile, of those that it maps."""
        mapped = self.mapped(length)
        ends = {start + end for start in self.starts(length) for end in self.kept}
        return sorted(end for end in ends if mapped.start < end < mapped.stop)

    def mapped(self, length: int) -> slice:
        """Pixels along an edge that it maps."""
        starts = self.starts(length)
        return slice(max(0, starts[0] + self.kept[0]), min(length, starts[-1] + self.kept[1]))


def contestants() -> list[FileContestant]:
    """All of them, landslip first; whether their packages are installed or not."""
    return [
        FileContestant(LANDSLIP, "landslip", 4, lambda: map_with_products, _even),
        FileContestant(ALONE, "landslip", 4, lambda: map_confidence_alone, _even, same_map=True),
        FileContestant("published loop", "landslip", 1, _load_published, first_pixels, (CORE.start, CORE.stop)),
        FileContestant("MONAI", "monai", 4, _load_monai, _even),
        FileContestant("geoai", "geoai-py", 4, _load_geoai, _even),
        FileContestant("geoai, its one file made first", "geoai-py", 4, _load_stacking_geoai, _even, same_map=True),
        FileContestant("TerraTorch", "terratorch", 16, _load_terratorch, _padded, (_BORDER, TILE - _BORDER)),
    ]


def installed() -> tuple[list[FileContestant], dict[str, str]]:
    """Contestants that can take part here, landslip first, and why the others are left out."""
    taking_part = [each for each in contestants() if each.version is not None]
    missing = [each for each in contestants() if each.version is None]
    lacking = {each.name: f"not installed: pip install 'landslip[{EXTRA}]' brings {each.package}" for each in missing}
    for name, reason in lacking.items():
        log.warning("%s is not measured: %s", name, reason)
    return taking_part, {**lacking, **NOT_IN_THE_RACE}


def left_out_table(left_out: Mapping[str, str]) -> list[Table]:
    """A table of those that are not measured; none where there are none."""
    return [Table("Not measured", ("what", "why"), list(left_out.items()))] if left_out else []


def whole_tiles(size: int) -> int:
    """The largest edge, of at most so many pixels, on which tiles lie without a rest; at least three of them.

    Raises:
        UsageError: there is no room for them.
    """
    smallest = edge_of(3, TILE, 0.5)
    if size < smallest:
        raise UsageError(f"size: {size} pixels are too few. Ask for {smallest} at least.", option="size")
    return edge_of((size - TILE) // HOP + 1, TILE, 0.5)


def _even(length: int) -> list[int]:
    """Tiles from edge to edge; where they do not fit, the last one is moved back."""
    return [*range(0, length - TILE, HOP), length - TILE]


def _padded(length: int) -> list[int]:
    return [start - _BORDER for start in _even(length + 2 * _BORDER)]


def _load_published() -> MapFiles:
    from landslip.benchmarks.baselines import published_files  # noqa: PLC0415

    return published_files.map_files


def _load_monai() -> MapFiles:
    # These three are imported here: they bring torch.
    from landslip.benchmarks.baselines import monai  # noqa: PLC0415

    _use_all_cores()
    return monai.map_files


def _load_geoai() -> MapFiles:
    from landslip.benchmarks.baselines import geoai_map  # noqa: PLC0415

    _use_all_cores()
    return geoai_map.map_files


def _load_stacking_geoai() -> MapFiles:
    map_stacked = _load_geoai()

    def map_files(scene: PeerScene, path: Path, engine: Engine, batch: int) -> None:
        write_stacked(scene.files, engine.spec.inputs, scene.stacked)
        map_stacked(scene, path, engine, batch)

    return map_files


def _load_terratorch() -> MapFiles:
    from landslip.benchmarks.baselines import terratorch_map  # noqa: PLC0415

    _use_all_cores()
    return terratorch_map.map_files


def _use_all_cores() -> None:
    from landslip.benchmarks.baselines.torch_predictor import use_cores  # noqa: PLC0415

    use_cores(usable_cores())
