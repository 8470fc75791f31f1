"""A request from arguments, and a result from a record: what the doors for programs share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from landslip.runtime.access.location import local_path
from landslip.runtime.engines.opening import EngineOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping.arguments import EngineArguments, MapArguments, Name
from landslip.runtime.mapping.engine_choice import GivenOptions, choose
from landslip.runtime.mapping.given_scene import SCENE_NAMES, given_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.run.map_result import MapResult
from landslip.runtime.run.product_options import ProductArguments, ProductOptions
from landslip.runtime.run.record_file import as_stored
from landslip.runtime.run.record_types import RunRecord

ENGINE_OPTIONS = frozenset(EngineArguments.__annotations__)
"""Names of arguments on the engine."""

MAP_OPTIONS = frozenset(MapArguments.__annotations__)
"""Names of arguments on the scene, and on how a map is made."""

PRODUCT_OPTIONS = frozenset(ProductArguments.__annotations__)
"""Names of the arguments among them on what is made on demand."""


def opening_request(scene: SceneFiles | Name | None, model: Name, out: Name, options: Mapping[str, Any]) -> MapRequest:
    """Request for a map whose engine is to be opened.

    Raises:
        LandslipError: an argument makes no sense, or names what cannot be used.
    """
    given = GivenOptions(**{name: value for name, value in options.items() if name in ENGINE_OPTIONS})
    folder = local_path(out, "out")
    files, how = _apart(scene, options)
    path, engine = choose(local_path(model, "model"), given, folder if how.get("resume") else None)
    return MapRequest(model=path, files=files, out=folder, engine=engine, **how)


def request_of(
    scene: SceneFiles | Name | None, model: Path, engine: EngineOptions, out: Path, options: Mapping[str, Any]
) -> MapRequest:
    """Request for a map of an engine that is open.

    Raises:
        LandslipError: an argument makes no sense, or names what cannot be used.
    """
    files, how = _apart(scene, options)
    return MapRequest(model=model, files=files, out=out, engine=engine, **how)


def result_of(out: Path, record: Mapping[str, Any]) -> MapResult:
    """Result of a map from its record."""
    return MapResult(out, RunRecord.of(as_stored(record)))


def _apart(scene: SceneFiles | Name | None, options: Mapping[str, Any]) -> tuple[SceneFiles, dict[str, Any]]:
    """The scene, and how it is to be mapped."""
    of_scene = {name: value for name, value in options.items() if name in SCENE_NAMES}
    rest = {name: value for name, value in options.items() if name in MAP_OPTIONS - SCENE_NAMES - PRODUCT_OPTIONS}
    products = ProductOptions(**{name: value for name, value in options.items() if name in PRODUCT_OPTIONS})
    return given_scene(scene, of_scene), rest | {"products": products}
