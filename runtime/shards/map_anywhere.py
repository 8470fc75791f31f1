"""The front door of mapping: in this process, or by the workers that are named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from landslip.runtime.access.location import local_path
from landslip.runtime.errors import UsageError
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping import pipeline
from landslip.runtime.mapping.arguments import MapSceneArguments, Name
from landslip.runtime.mapping.given_request import ENGINE_OPTIONS, MAP_OPTIONS, opening_request, result_of
from landslip.runtime.mapping.given_scene import rasters_held
from landslip.runtime.mapping.listeners import Listeners
from landslip.runtime.products.confidence_block import ConfidenceBlock
from landslip.runtime.products.landslide import Landslide
from landslip.runtime.run.map_result import MapResult
from landslip.runtime.shards.sharded_map import map_in_shards
from landslip.runtime.system.keyword_arguments import check_names
from landslip.runtime.system.progress import Progress
from landslip.runtime.system.stoppable_work import run_stoppable
from landslip.runtime.system.stopping import Flag

if TYPE_CHECKING:
    from typing_extensions import Unpack


def map_scene(
    scene: SceneFiles | Name | None = None,
    *,
    model: Name,
    out: Name,
    progress: Progress | None = None,
    cancel: Flag | None = None,
    deadline: float | None = None,
    on_landslide: Callable[[Landslide], None] | None = None,
    on_block: Callable[[ConfidenceBlock], None] | None = None,
    on: str | Executor | None = None,
    spool: Name | None = None,
    **options: Unpack[MapSceneArguments],
) -> MapResult:
    """Make the landslide map of an event, as ``landslip map`` does: the same bytes of the same inputs.

    Args:
        scene: the event in a file: SCENE.toml, or a STAC Item, ItemCollection, Catalog or Collection; or what was made
            of one. None where options name its files. Those given besides replace what it says; masks are added.
        model: ONNX file made by ``export_model``; or their folder, once ``landslip bench tune`` has found the fastest.
        out: folder for the results; made if needed.
        progress: told how far the map is, batch by batch, and what else it does meanwhile.
        cancel: a ``threading.Event`` that gives the map up once it is set, whatever is being done then.
        deadline: seconds from now after which the map is given up.
        on_landslide: called with each landslide while the map is made; see :meth:`Mapper.map` on both.
        on_block: called with the rows of the map while it is made.
        on: workers that compute the map: ``processes:N`` on this machine, ``dask://HOST:PORT``, or an executor as in
            :mod:`concurrent.futures`; None for this process. The map is the same, byte by byte.
        spool: folder that all workers reach under the same path, for the rows they compute; processes of this machine
            need none.
        options: files (``pre``, ``post``, ``dem``, ``masks`` …), how to read them, and how to map them; see
            :mod:`landslip.runtime.mapping.arguments`.

    Returns:
        Where the files lie, and what was done. Nothing is there under a final name before all of it is complete.

    Raises:
        CancelledError: ``cancel`` was set; what was finished is kept for ``resume=True``, unless ``keep=False``.
        DeadlineError: the time is over; likewise. See :meth:`Mapper.map` on both.
        ResourceError: the workers are lost, or cannot be reached; what they have finished is kept, too.
        LandslipError: another of its children, with the reason and the remedy; then nothing is left under a final name.
        TypeError: an option is unknown.
    """
    check_names(options, MAP_OPTIONS | ENGINE_OPTIONS, "map_scene")
    if on is None and spool is not None:
        raise UsageError("`spool` is for workers: say who they are with `on`.", option="spool")
    listeners = Listeners(on_landslide, on_block)
    folder = None if spool is None else local_path(spool, "spool")

    def work(held: Mapping[str, Any]) -> MapResult:
        request = opening_request(scene, model, out, held)
        if on is None:
            record = pipeline.map_scene(request, progress=progress, listeners=listeners)
        else:
            record = map_in_shards(request, on, folder, progress=progress, listeners=listeners)
        return result_of(request.out, record)

    return run_stoppable(work, rasters_held(options), cancel, deadline)
