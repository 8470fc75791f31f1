"""The front door of mapping: one call for a map, or a mapper that keeps its engine open over many scenes."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from landslip.runtime.access.location import local_path
from landslip.runtime.engines.opening import EngineOptions, spec_of
from landslip.runtime.engines.protocol import Engine
from landslip.runtime.engines.shrinking import open_shrinking
from landslip.runtime.errors import InputError, OutputError, UsageError
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping import dry_run as dry
from landslip.runtime.mapping import pipeline
from landslip.runtime.mapping.arguments import EngineArguments, MapArguments, MapSceneArguments, Name
from landslip.runtime.mapping.engine_choice import GivenOptions, choose
from landslip.runtime.mapping.forecast_types import Forecast
from landslip.runtime.mapping.given_scene import SCENE_NAMES, given_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.run.map_result import MapResult
from landslip.runtime.run.product_options import ProductArguments, ProductOptions
from landslip.runtime.run.record_file import as_stored
from landslip.runtime.run.record_types import RunRecord
from landslip.runtime.system.closing import Closing
from landslip.runtime.system.keyword_arguments import check_names
from landslip.runtime.system.progress import Progress

if TYPE_CHECKING:
    from typing_extensions import Unpack

_ENGINE = frozenset(EngineArguments.__annotations__)
_MAP = frozenset(MapArguments.__annotations__)
_PRODUCTS = frozenset(ProductArguments.__annotations__)


def map_scene(
    scene: SceneFiles | Name | None = None,
    *,
    model: Name,
    out: Name,
    progress: Progress | None = None,
    **options: Unpack[MapSceneArguments],
) -> MapResult:
    """Make the landslide map of an event, as ``landslip map`` does: the same bytes of the same inputs.

    Args:
        scene: the event in a file: SCENE.toml, or a STAC Item, ItemCollection, Catalog or Collection; or what was made
            of one. None where options name its files. Those given besides replace what it says; masks are added.
        model: ONNX file made by ``export_model``; or their folder, once ``landslip bench tune`` has found the fastest.
        out: folder for the results; made if needed.
        progress: told how far the map is.
        options: files (``pre``, ``post``, ``dem``, ``masks`` …), how to read them, and how to map them; see
            :mod:`landslip.runtime.mapping.arguments`.

    Returns:
        Where the files lie, and what was done. Nothing is there under a final name before all of it is complete.

    Raises:
        LandslipError: one of its children, with the reason and the remedy; then nothing is left under a final name.
        TypeError: an option is unknown.
    """
    request = _request(scene, model, out, options, "map_scene")
    return _result(request.out, pipeline.map_scene(request, progress=progress))


def dry_run(
    scene: SceneFiles | Name | None = None, *, model: Name, out: Name, **options: Unpack[MapSceneArguments]
) -> Forecast:
    """Open and check everything :func:`map_scene` would, and say what mapping takes; nothing is written.

    Args:
        scene: as for :func:`map_scene`, and so are the others.
        model: the model.
        out: folder for the results.
        options: files, how to read them, and how to map them.

    Raises:
        LandslipError: what would stop the run before its first tile.
        TypeError: an option is unknown.
    """
    return Forecast.of(as_stored(dry.dry_run(_request(scene, model, out, options, "dry_run"))))


def open_mapper(model: Name, **options: Unpack[EngineArguments]) -> Mapper:
    """Open a model once, for many scenes.

    Args:
        model: ONNX file made by ``export_model``; or their folder, once ``landslip bench tune`` has found the fastest.
        options: engine, device, precision, batch, tile and threads; what is left open is chosen as ``landslip map``
            chooses it.

    Raises:
        UsageError: an option is out of range.
        ModelError: the file is not a model landslip can run.
        EngineError: no engine is installed that can run it, or the one asked for cannot run it here.
        TypeError: an option is unknown.
    """
    check_names(options, _ENGINE, "open_mapper")
    return Mapper(*choose(local_path(model, "model"), GivenOptions(**options)))


class Mapper(Closing):
    """A model whose engine stays open over many scenes; made by :func:`open_mapper`, closed by its ``with`` block.

    Several threads may use one mapper: maps are made one after the other, each with all cores or the whole device. The
    engine is opened anew where a preset lays tiles of another size than the scene before, and after it has failed.
    """

    def __init__(self, model: Path, options: EngineOptions) -> None:
        """Open the engine."""
        self.model = model
        """The ONNX file."""
        self._options = options
        self._lock = threading.RLock()
        self._engine: Engine | None = None
        self._opened_for = options
        self._closed = False
        self._lent(model, replace(options, tile=spec_of(model).checked_tile(options.tile)))

    def map(
        self,
        scene: SceneFiles | Name | None = None,
        *,
        out: Name,
        progress: Progress | None = None,
        **options: Unpack[MapArguments],
    ) -> MapResult:
        """Map a scene; the result is that of :func:`map_scene`, byte by byte.

        Args:
            scene: as for :func:`map_scene`, and so are the others.
            out: folder for the results.
            progress: told how far the map is.
            options: files, how to read them, and how to map them.

        Raises:
            UsageError: the mapper is closed, or the arguments are wrong.
            LandslipError: another of its children, with the reason; the mapper can be used again.
            TypeError: an option is unknown.
        """
        check_names(options, _MAP, "map")
        files, how = _apart(scene, options)
        request = MapRequest(model=self.model, files=files, out=local_path(out, "out"), engine=self._options, **how)
        with self._lock:
            if self._closed:
                raise UsageError("The mapper is closed.", "Open another one with open_mapper.")
            try:
                record = pipeline.map_scene(request, opener=self._lent, progress=progress)
            except BaseException as error:
                if not isinstance(error, InputError | OutputError | UsageError):
                    self._free()  # whatever state the engine is in
                raise
        return _result(request.out, record)

    def close(self) -> None:
        """Free the device, as soon as no map is under way; no further map can be made."""
        with self._lock:
            self._closed = True
            self._free()

    def _lent(self, model: Path, options: EngineOptions) -> AbstractContextManager[Engine]:
        """The engine for these options, which stays open when the context is left."""
        if self._engine is None or options != self._opened_for:
            self._free()
            self._engine, self._opened_for = open_shrinking(model, options), options
        return nullcontext(self._engine)

    def _free(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()


def _request(
    scene: SceneFiles | Name | None, model: Name, out: Name, options: Mapping[str, Any], function: str
) -> MapRequest:
    check_names(options, _MAP | _ENGINE, function)
    given = GivenOptions(**{name: value for name, value in options.items() if name in _ENGINE})
    files, how = _apart(scene, options)
    folder = local_path(out, "out")
    path, engine = choose(local_path(model, "model"), given, folder if how.get("resume") else None)
    return MapRequest(model=path, files=files, out=folder, engine=engine, **how)


def _apart(scene: SceneFiles | Name | None, options: Mapping[str, Any]) -> tuple[SceneFiles, dict[str, Any]]:
    """The scene, and how it is to be mapped."""
    of_scene = {name: value for name, value in options.items() if name in SCENE_NAMES}
    rest = {name: value for name, value in options.items() if name in _MAP - SCENE_NAMES - _PRODUCTS}
    products = ProductOptions(**{name: value for name, value in options.items() if name in _PRODUCTS})
    return given_scene(scene, of_scene), rest | {"products": products}


def _result(out: Path, record: Mapping[str, Any]) -> MapResult:
    return MapResult(out, RunRecord.of(as_stored(record)))
