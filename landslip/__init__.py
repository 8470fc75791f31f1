"""landslip maps landslides from satellite images before and after an event.

.. code-block:: python

    import landslip

    result = landslip.map_scene(
        pre="before.tif", post="after.tif", dem=["n45.tif", "n46.tif"], masks="clouds.tif",
        model="model/M_ALL_006.fp32.onnx", out="out",
    )
    print(result.landslide_km2, "of", result.observed_km2, "km2:", result.products["landslides.gpkg"])

What :data:`landslip.__all__` lists is public and stable, and so is :class:`landslip.runtime.engines.FakeEngine`, for
tests: a later version of the same major number takes the same arguments, gives the same fields and raises the same
errors, and may add to them. Everything else in these packages is private, and may change with any version.

Importing this module loads nothing else; each name is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from landslip.export.folder.artifacts import Artifact as Artifact
    from landslip.export.front_door import adopt_model as adopt_model
    from landslip.export.front_door import export_model as export_model
    from landslip.export.front_door import verify as verify
    from landslip.export.judging.trials import TrialOutcome as TrialOutcome
    from landslip.export.proof.verify import VerifyReport as VerifyReport
    from landslip.runtime.access.raster_array import RasterArray as RasterArray
    from landslip.runtime.artifacts.artifact_types import ArtifactRecord as ArtifactRecord
    from landslip.runtime.artifacts.parity import Parity as Parity
    from landslip.runtime.delivery.further_products import make_products as make_products
    from landslip.runtime.engines.opening import EngineOptions as EngineOptions
    from landslip.runtime.engines.protocol import Engine as Engine
    from landslip.runtime.errors import CancelledError as CancelledError
    from landslip.runtime.errors import ConnectionLostError as ConnectionLostError
    from landslip.runtime.errors import DeadlineError as DeadlineError
    from landslip.runtime.errors import EngineError as EngineError
    from landslip.runtime.errors import EngineMemoryError as EngineMemoryError
    from landslip.runtime.errors import FetchError as FetchError
    from landslip.runtime.errors import InputChangedError as InputChangedError
    from landslip.runtime.errors import InputError as InputError
    from landslip.runtime.errors import InputMissingError as InputMissingError
    from landslip.runtime.errors import LandslipError as LandslipError
    from landslip.runtime.errors import ModelError as ModelError
    from landslip.runtime.errors import OutputError as OutputError
    from landslip.runtime.errors import ParityError as ParityError
    from landslip.runtime.errors import ResourceError as ResourceError
    from landslip.runtime.errors import UsageError as UsageError
    from landslip.runtime.inputs.read_options import ReadOptions as ReadOptions
    from landslip.runtime.inputs.scene_files import SceneFiles as SceneFiles
    from landslip.runtime.mapping.forecast_types import Forecast as Forecast
    from landslip.runtime.mapping.map_stream import MapStream as MapStream
    from landslip.runtime.mapping.mapper import Mapper as Mapper
    from landslip.runtime.mapping.mapper import open_mapper as open_mapper
    from landslip.runtime.mapping.single_map import dry_run as dry_run
    from landslip.runtime.products.confidence_block import ConfidenceBlock as ConfidenceBlock
    from landslip.runtime.products.landslide import Landslide as Landslide
    from landslip.runtime.run.map_result import MapResult as MapResult
    from landslip.runtime.run.map_totals import MapTotals as MapTotals
    from landslip.runtime.run.record_types import RunRecord as RunRecord
    from landslip.runtime.scoring.confusion import Scores as Scores
    from landslip.runtime.scoring.score_run import score as score
    from landslip.runtime.scoring.score_types import Score as Score
    from landslip.runtime.shards.map_anywhere import map_scene as map_scene
    from landslip.runtime.system.progress import Progress as Progress

    __version__: str

_ERRORS = (
    "CancelledError", "ConnectionLostError", "DeadlineError", "EngineError", "EngineMemoryError", "FetchError",
    "InputChangedError", "InputError", "InputMissingError", "LandslipError", "ModelError", "OutputError", "ParityError",
    "ResourceError", "UsageError",
)  # fmt: skip

_PLACES = {
    **dict.fromkeys(_ERRORS, "runtime.errors"),
    "Artifact": "export.folder.artifacts",
    "ArtifactRecord": "runtime.artifacts.artifact_types",
    "ConfidenceBlock": "runtime.products.confidence_block",
    "Engine": "runtime.engines.protocol",
    "EngineOptions": "runtime.engines.opening",
    "Forecast": "runtime.mapping.forecast_types",
    "Landslide": "runtime.products.landslide",
    "MapResult": "runtime.run.map_result",
    "MapStream": "runtime.mapping.map_stream",
    "MapTotals": "runtime.run.map_totals",
    "Mapper": "runtime.mapping.mapper",
    "Parity": "runtime.artifacts.parity",
    "Progress": "runtime.system.progress",
    "RasterArray": "runtime.access.raster_array",
    "ReadOptions": "runtime.inputs.read_options",
    "RunRecord": "runtime.run.record_types",
    "SceneFiles": "runtime.inputs.scene_files",
    "Score": "runtime.scoring.score_types",
    "Scores": "runtime.scoring.confusion",
    "TrialOutcome": "export.judging.trials",
    "VerifyReport": "export.proof.verify",
    "adopt_model": "export.front_door",
    "dry_run": "runtime.mapping.single_map",
    "export_model": "export.front_door",
    "make_products": "runtime.delivery.further_products",
    "map_scene": "runtime.shards.map_anywhere",
    "open_mapper": "runtime.mapping.mapper",
    "score": "runtime.scoring.score_run",
    "verify": "export.front_door",
}
"""Module of each name, below this package."""

__all__ = [
    "Artifact",
    "ArtifactRecord",
    "CancelledError",
    "ConfidenceBlock",
    "ConnectionLostError",
    "DeadlineError",
    "Engine",
    "EngineError",
    "EngineMemoryError",
    "EngineOptions",
    "FetchError",
    "Forecast",
    "InputChangedError",
    "InputError",
    "InputMissingError",
    "Landslide",
    "LandslipError",
    "MapResult",
    "MapStream",
    "MapTotals",
    "Mapper",
    "ModelError",
    "OutputError",
    "Parity",
    "ParityError",
    "Progress",
    "RasterArray",
    "ReadOptions",
    "ResourceError",
    "RunRecord",
    "SceneFiles",
    "Score",
    "Scores",
    "TrialOutcome",
    "UsageError",
    "VerifyReport",
    "__version__",
    "adopt_model",
    "dry_run",
    "export_model",
    "make_products",
    "map_scene",
    "open_mapper",
    "score",
    "verify",
]


if not TYPE_CHECKING:  # with it, every name would be known to type checkers

    def __getattr__(name: str) -> object:
        if name == "__version__":
            from landslip.runtime.system.versions import landslip_version  # noqa: PLC0415 - slow, and seldom asked for

            value: object = landslip_version()
        elif name in _PLACES:
            from landslip.runtime.system.library_logs import quiet_libraries  # noqa: PLC0415 - before they are loaded

            quiet_libraries()
            value = getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
