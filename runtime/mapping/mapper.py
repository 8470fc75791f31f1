"""The front door of mapping: one call for a map, or a mapper that keeps its engine open over many scenes."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from landslip.runtime.access.location import local_path
from landslip.runtime.engines.opening import EngineOptions, spec_of
from landslip.runtime.engines.protocol import Engine
from landslip.runtime.engines.shrinking import open_shrinking
from landslip.runtime.errors import CancelledError, DeadlineError, InputError, OutputError, UsageError
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping import pipeline
from landslip.runtime.mapping.arguments import EngineArguments, MapArguments, Name
from landslip.runtime.mapping.engine_choice import GivenOptions, choose
from landslip.runtime.mapping.fileless import map_without_files
from landslip.runtime.mapping.given_request import (
    ENGINE_OPTIONS,
    MAP_OPTIONS,
    PRODUCT_OPTIONS,
    request_of,
    result_of,
)
from landslip.runtime.mapping.given_scene import rasters_held
from landslip.runtime.mapping.listeners import Listeners
from landslip.runtime.mapping.map_stream import MapStream
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.mapping.turns import Turn
from landslip.runtime.products.confidence_block import ConfidenceBlock
from landslip.runtime.products.landslide import Landslide
from landslip.runtime.run.map_result import MapResult
from landslip.runtime.run.map_totals import MapTotals
from landslip.runtime.system.closing import Closing
from landslip.runtime.system.keyword_arguments import check_names
from landslip.runtime.system.progress import Progress
from landslip.runtime.system.stoppable_work import run_stoppable
from landslip.runtime.system.stopping import Flag, Stop

if TYPE_CHECKING:
    from typing_extensions import Unpack

_OF_FILES = frozenset({"overwrite", "resume", "keep", *PRODUCT_OPTIONS})
"""Options that say something of files."""

_WAITING = {"landslides": 64, "blocks": 2}
"""Items that may wait to be taken from an iterator."""

_NOT_OF_ENGINE = (InputError, OutputError, UsageError, CancelledError, DeadlineError)
"""Errors after which an engine is what it was: no call of it is under way any more when they get here."""


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
    check_names(options, ENGINE_OPTIONS, "open_mapper")
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
        self._turn = Turn()
        self._engine: Engine | None = None
        self._opened_for = options
        self._closed, self._process = False, os.getpid()
        self._streams: weakref.WeakSet[MapStream[Any]] = weakref.WeakSet()
        self._lent(model, replace(options, tile=spec_of(model).checked_tile(options.tile)))

    def map(
        self,
        scene: SceneFiles | Name | None = None,
        *,
        out: Name,
        progress: Progress | None = None,
        cancel: Flag | None = None,
        deadline: float | None = None,
        on_landslide: Callable[[Landslide], None] | None = None,
        on_block: Callable[[ConfidenceBlock], None] | None = None,
        **options: Unpack[MapArguments],
    ) -> MapResult:
        """Map a scene; the result is that of :func:`map_scene`, byte by byte.

        With ``cancel`` or ``deadline`` the map is made in a thread of its own, and this one hears of both within half a
        second, whatever is being done: reading a file, waiting for a server or for another map, computing, writing.
        Where a library is in the middle of a call then, that call goes on behind the scenes: the mapper is busy until
        it has come back, and the next map, :meth:`close` and the end of the process wait for it. Files get their final
        names all together; once that has begun it is finished, and the map is not given up any more.

        Args:
            scene: as for :func:`map_scene`, and so are the others.
            out: folder for the results.
            progress: told how far the map is, batch by batch, and what else it does meanwhile.
            cancel: a ``threading.Event`` that gives the map up once it is set.
            deadline: seconds from now after which the map is given up, the time that it waits for other maps included.
            on_landslide: called with each landslide as soon as it cannot grow any more, in the order of
                ``landslides.gpkg``, on the thread that makes the map, which waits for it. What it raises ends the map.
                Where a run goes on it hears of all landslides again.
            on_block: called with the rows of the map as they are finished, from the top down; likewise.
            options: files, how to read them, and how to map them.

        Raises:
            CancelledError: ``cancel`` was set; the mapper can be used again. What was finished is kept for
                ``resume=True``, unless ``keep=False``.
            DeadlineError: the time is over; likewise.
            UsageError: the mapper is closed, or the arguments are wrong.
            LandslipError: another of its children, with the reason; the mapper can be used again.
            TypeError: an option is unknown.
        """
        check_names(options, MAP_OPTIONS, "map")

        def work(held: Mapping[str, Any]) -> MapResult:
            request = request_of(scene, self.model, self._options, local_path(out, "out"), held)
            return self._mapped(request, progress, listeners)[0]

        listeners = Listeners(on_landslide, on_block)
        self._check_free()
        return run_stoppable(work, rasters_held(options), cancel, deadline)

    def landslides(
        self,
        scene: SceneFiles | Name | None = None,
        *,
        out: Name | None = None,
        progress: Progress | None = None,
        cancel: Flag | None = None,
        deadline: float | None = None,
        **options: Unpack[MapArguments],
    ) -> MapStream[Landslide]:
        """Landslides of a scene, each as soon as it cannot grow any more, while the map is made.

        They are those of ``landslides.gpkg``, in its order and with its attributes. The mapper is busy until all are
        taken, or the iterator is closed.

        Args:
            scene: as for :func:`map_scene`, and so are the others.
            out: folder for the results, which are those of :meth:`map`; None for no file at all.
            progress: told how far the map is.
            cancel: as for :meth:`map`; the iterator gives out what it has, and raises.
            deadline: as for :meth:`map`.
            options: files, how to read them, and how to map them.

        Raises:
            UsageError: the mapper is closed, or an option makes no sense without ``out``.
            LandslipError: the iterator raises what :meth:`map` raises.
            TypeError: an option is unknown.
        """
        return self._stream("landslides", scene, out, progress, Stop(cancel, deadline), options)

    def blocks(
        self,
        scene: SceneFiles | Name | None = None,
        *,
        out: Name | None = None,
        progress: Progress | None = None,
        cancel: Flag | None = None,
        deadline: float | None = None,
        **options: Unpack[MapArguments],
    ) -> MapStream[ConfidenceBlock]:
        """Rows of a map as they are finished, from the top down; all together they are ``confidence.tif``.

        The mapper is busy until all are taken, or the iterator is closed.

        Args:
            scene: as for :func:`map_scene`, and so are the others.
            out: as for :meth:`landslides`, and so are the others.
            progress: told how far the map is.
            cancel: gives the map up.
            deadline: seconds.
            options: files, how to read them, and how to map them.

        Raises:
            LandslipError: as :meth:`landslides` says.
            TypeError: an option is unknown.
        """
        return self._stream("blocks", scene, out, progress, Stop(cancel, deadline), options)

    def close(self) -> None:
        """Give up iterators that are open, and free the device as soon as no map is under way; no further one is made.

        Out of a map of its own, as where it tells a caller of a landslide, the device is freed after that map.
        """
        if self._process != os.getpid():
            return  # the device is the other process's
        self._closed = True
        for stream in tuple(self._streams):
            stream.close()
        if not self._turn.is_mine:
            with self._turn:
                self._free()

    def _stream(
        self,
        kind: Literal["landslides", "blocks"],
        scene: SceneFiles | Name | None,
        out: Name | None,
        progress: Progress | None,
        stop: Stop,
        options: Mapping[str, Any],
    ) -> MapStream[Any]:
        check_names(options, MAP_OPTIONS, kind)
        if out is None and (of_files := sorted(_OF_FILES & options.keys())):
            raise UsageError(
                f"`{of_files[0]}` is about files, and without `out` none are written.",
                "Give `out`, or leave it out.",
                option=of_files[0],
            )
        self._check_free()

        def make(held: Mapping[str, Any], put: Callable[[Any], None]) -> tuple[MapResult | None, MapTotals]:
            listeners = Listeners(put) if kind == "landslides" else Listeners(on_block=put)
            folder = Path() if out is None else local_path(out, "out")
            request = request_of(scene, self.model, self._options, folder, held)
            if out is not None:
                return self._mapped(request, progress, listeners)
            with self._held():
                figures = map_without_files(request, listeners, opener=self._lent, progress=progress)
            return None, MapTotals.of_figures(figures)

        stream: MapStream[Any] = MapStream(make, rasters_held(options), stop, _WAITING[kind])
        self._streams.add(stream)
        return stream

    def _mapped(
        self, request: MapRequest, progress: Progress | None, listeners: Listeners
    ) -> tuple[MapResult, MapTotals]:
        with self._held():
            record = pipeline.map_scene(request, opener=self._lent, progress=progress, listeners=listeners)
        result = result_of(request.out, record)
        return result, MapTotals.of(result.record)

    def _check_free(self) -> None:
        """Make sure that this thread does not wait for itself.

        Raises:
            UsageError: an iterator of the mapper waits for this very thread, or a map of it does, which has called it.
        """
        self._check_open()
        self._turn.check_not_mine()
        if any(stream.keeps(threading.current_thread()) for stream in tuple(self._streams)):
            raise UsageError(
                "An iterator of the mapper is open in this thread, and not all of it is taken.",
                "Take all of it, or close it, before the next map; or open another mapper.",
            )

    def _check_open(self) -> None:
        """Make sure that the mapper can be used.

        Raises:
            UsageError: it is closed, or of another process.
        """
        if self._process != os.getpid():
            raise UsageError(
                "The mapper was opened before the process was forked, and its threads are not here.",
                "Open another one in this process.",
            )
        if self._closed:
            raise UsageError("The mapper is closed.", "Open another one with open_mapper.")

    @contextmanager
    def _held(self) -> Iterator[None]:
        """A block that has the engine for itself; where it fails in a way that may be the engine's, that is freed."""
        with self._turn:
            self._check_open()
            try:
                yield
            except BaseException as error:
                if not isinstance(error, _NOT_OF_ENGINE):
                    self._free()  # whatever state the engine is in
                raise
            finally:
                if self._closed:
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
