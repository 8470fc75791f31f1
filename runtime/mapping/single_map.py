"""The front door of dry runs, for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping import dry_run as dry
from landslip.runtime.mapping.arguments import MapSceneArguments, Name
from landslip.runtime.mapping.forecast_types import Forecast
from landslip.runtime.mapping.given_request import ENGINE_OPTIONS, MAP_OPTIONS, opening_request
from landslip.runtime.mapping.given_scene import rasters_held
from landslip.runtime.run.record_file import as_stored
from landslip.runtime.system.keyword_arguments import check_names

if TYPE_CHECKING:
    from typing_extensions import Unpack


def dry_run(
    scene: SceneFiles | Name | None = None, *, model: Name, out: Name, **options: Unpack[MapSceneArguments]
) -> Forecast:
    """Open and check everything :func:`landslip.map_scene` would, and say what mapping takes; nothing is written.

    Args:
        scene: as for :func:`landslip.map_scene`, and so are the others.
        model: the model.
        out: folder for the results.
        options: files, how to read them, and how to map them.

    Raises:
        LandslipError: what would stop the run before its first tile.
        TypeError: an option is unknown.
    """
    check_names(options, MAP_OPTIONS | ENGINE_OPTIONS, "dry_run")
    with rasters_held(options) as held:
        return Forecast.of(as_stored(dry.dry_run(opening_request(scene, model, out, held))))
