"""Style of the map beside it, which QGIS takes by itself."""

from __future__ import annotations

from pathlib import Path

from landslip.runtime.styles.raster_qml import confidence_qml
from landslip.runtime.system.drafts import output_errors, write_file


def write_map_style(path: Path, level: int) -> None:
    """Write the style of a map of confidence.

    Args:
        path: has the name of the map, and ends in ``.qml``.
        level: percent from which on a pixel counts as landslide, 1 to 100.

    Raises:
        OutputError: the file cannot be written.
    """
    with output_errors(path):
        write_file(path, confidence_qml(level))
