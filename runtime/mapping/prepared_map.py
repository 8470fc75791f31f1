"""Preparation of a map: all it is made with, opened and checked, the same for a run and for its dry run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from landslip.runtime.access.gdal import block_cache
from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.confidence import level_of
from landslip.runtime.engines import Engine
from landslip.runtime.engines.opening import EngineOptions, spec_of
from landslip.runtime.engines.protocol import sharing
from landslip.runtime.engines.shrinking import open_shrinking
from landslip.runtime.errors import ModelError, UsageError
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.inspection.inspect import inspect_scene
from landslip.runtime.mapping.assemble import BLOCK_ROWS
from landslip.runtime.mapping.input_checksums import HashedInputs, InputHashing
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.mapping.run_record import Record, describe_engine, describe_grid, identity_of
from landslip.runtime.mapping.sheet_facts import check_title
from landslip.runtime.scene.scene import Scene, open_scene
from landslip.runtime.system.memory import resident_bytes
from landslip.runtime.system.progress import NoProgress, Progress, waiting
from landslip.runtime.system.versions import landslip_version
from landslip.runtime.tiling.piece_grid import PieceGrid
from landslip.runtime.tiling.plan import Plan, make_plan
from landslip.runtime.tiling.presets import Layout

log = logging.getLogger(__name__)

LEAST_CACHE = 8 << 20
"""Bytes GDAL may always use for blocks."""

MOST_CACHE = 512 << 20
"""Bytes GDAL may use at the most, however oddly the files are cut into blocks."""


EngineOpener = Callable[[Path, EngineOptions], AbstractContextManager[Engine]]
"""Opens a model with options; the engine is closed when the context is left."""


@dataclass(frozen=True)
class PreparedMap:
    """A map that can be begun."""

    request: MapRequest
    """Request for the map."""
    files: SceneFiles
    """The files of the request that the model takes."""
    scene: Scene
    """Scene of the opened files."""
    engine: Engine
    """The model, loaded."""
    layout: Layout
    """Layout of tiles, and how they are handed to the engine."""
    plan: Plan
    """The tiles."""
    bytes_before_engine: int | None
    """Memory of the process before the model was loaded; None where the system does not say."""
    hashing: InputHashing | None = None
    """Checksums of the files, where they are taken."""

    @property
    def level(self) -> int:
        """Percent from which on a pixel counts as landslide."""
        return level_of(self.request.threshold or self.engine.spec.threshold)

    @property
    def shares_features(self) -> bool:
        """True if features are computed once for all tiles that show a place."""
        return self.request.engine.share_features or sharing(self.engine) is not None

    @property
    def batch(self) -> Record:
        """Tiles per call of the engine, as asked for and as taken."""
        return {"asked": self.request.engine.batch, "taken": self.layout.batch}

    def described(self) -> Record:
        """The first entries of a record: with what the map is made, and in which tiles."""
        return {
            "landslip": landslip_version(),
            **describe_engine(self.request.model, self.engine, shares=self.shares_features),
            "protocol": self.request.protocol,
            "tile": self.plan.tiles.tile,
            "overlap": self.layout.overlap if self.request.protocol == "gaussian" else 0.5,
        }

    def inspected(self, inputs: Sequence[Record]) -> Record:
        """Check the scene before its first tile is made; what was found, for the record.

        Args:
            inputs: of the run record, for their checksums; may be empty.

        Raises:
            InputError: what is wrong with it, unless the request insists.
        """
        return inspect_scene(self.scene, self.files, inputs, self.plan, force=self.request.force)

    def facts(self, inputs: HashedInputs) -> Record:
        """The entries of the run record that say what is made, which are known before it is."""
        return {
            **self.described(),
            "threshold": self.level / 100,
            "min_area_m2": self.request.min_area,
            "grid": describe_grid(self.scene.grid),
            "inputs": inputs.records,
        }

    def identity(self, facts: Record, inputs: HashedInputs) -> Record:
        """Facts that decide the map, bit by bit."""
        decisive = None if self.engine.device == "cpu" else self.batch  # it can change the last bits on a GPU
        facts_of_products = self.scene.facts.get("product_masks", ())
        masks = [*self.scene.facts.get("masks", ()), *(each["read_as"] for each in facts_of_products)]
        images = inputs.by_content(self.scene.facts.get("images", {}))
        found = identity_of(facts, self.engine, self.files.reading, inputs.parts, decisive, masks, images)
        classes = [[each.name, each.landslide] for each in self.engine.spec.classes]
        return found | ({"classes": classes} if classes else {})


@contextmanager
def prepared_map(
    request: MapRequest,
    engine: Engine | None = None,
    opener: EngineOpener = open_shrinking,
    progress: Progress | None = None,
    *,
    hashed: bool = False,
) -> Iterator[PreparedMap]:
    """Open everything that a map is made with, and lay its tiles; nothing is written.

    Args:
        request: the map.
        engine: an open engine to use instead of opening ``request.model``; it stays open.
        opener: opens ``request.model`` otherwise.
        progress: told what takes a while.
        hashed: whether checksums of the files are taken, while the model is loaded.

    Raises:
        LandslipError: one of its children, with the reason.
    """
    progress = progress or NoProgress()
    with ExitStack() as stack:
        spec = engine.spec if engine else spec_of(request.model)
        files = request.files.for_model(spec)
        _check_inputs(spec)
        with waiting(progress, "opening and measuring the inputs"):
            scene = stack.enter_context(open_scene(files, spec.resolution, spec))
        check_title(request.title)
        hashing = stack.enter_context(InputHashing(files, scene)) if hashed else None
        layout, before = request.layout(spec, scene.grid), resident_bytes()
        if engine is not None:
            _check_shares(request, engine)
        else:
            with waiting(progress, "loading the model"):
                engine = stack.enter_context(opener(request.model, request.engine_for(layout)))
        # Blocks are needed in order: more cache than a tile row touches would only be held, not used.
        stack.enter_context(block_cache(cache_bytes(scene)))
        plan = make_plan(request.protocol, scene.grid, engine.spec, layout.tile, layout.overlap)
        _check_room(plan, engine)
        yield PreparedMap(request, files, scene, engine, layout, plan, before, hashing)


def _check_shares(request: MapRequest, engine: Engine) -> None:
    """Make sure that an engine that is given shares features where the request wants that.

    Raises:
        UsageError: it does not.
    """
    if request.engine.share_features and sharing(engine) is None:
        raise UsageError(
            f"The engine {engine.name} that is given does not share features between overlapping tiles.",
            "Open it with share_features=True, or map without.",
            option="share_features",
        )


def _check_room(plan: Plan, engine: Engine) -> None:
    """Make sure that tiles are large enough for the features that are shared.

    Raises:
        UsageError: they are not.
    """
    apart = sharing(engine)
    if apart is not None and apart.shared is not None and plan.tiles.rows:
        PieceGrid.of(plan.tiles, apart.shared.reach)


def cache_bytes(scene: Scene) -> int:
    """Bytes for GDAL's block cache while a scene is read: what a block of rows touches of every input."""
    return min(max(LEAST_CACHE, scene.cache_bytes(BLOCK_ROWS)), MOST_CACHE)


def _check_inputs(spec: ModelSpec) -> None:
    """Make sure that a scene can give what the model takes, and say what its users have to know.

    Raises:
        ModelError: it cannot.
    """
    if spec.notice:
        log.warning("The model %s: %s", spec.name, spec.notice)
    for objection in filter(None, (entry.objection for entry in spec.inputs)):
        raise ModelError(f"The model {spec.name} cannot be fed: {objection}.", "Export it again with another `spec`.")
