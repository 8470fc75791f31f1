"""Words of the map of classes: tags, and the file beside it where GDAL looks for the names of categories."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from landslip.runtime.artifacts.spec import ClassSpec
from landslip.runtime.confidence import NOT_OBSERVED
from landslip.runtime.products.map_tags import MapOrigin, map_tags
from landslip.runtime.styles.raster_qml import classes_qml
from landslip.runtime.system.drafts import output_errors, write_file


def class_tags(origin: MapOrigin, classes: Sequence[ClassSpec]) -> dict[str, str]:
    """Tags of a map of classes, by name."""
    listed = "; ".join(f"{number} {each.name}{' (landslide)' * each.landslide}" for number, each in enumerate(classes))
    about = (
        f"Class with the largest confidence: {listed}; {NOT_OBSERVED} is not observed, which does not mean that there "
        "is no landslide."
    )
    return map_tags(origin) | {"TIFFTAG_IMAGEDESCRIPTION": about}


def name_tags(classes: Sequence[ClassSpec]) -> dict[str, str]:
    """Tags of the band: the name of each class."""
    return {f"CLASS_{number}": each.name for number, each in enumerate(classes)}


def write_class_style(path: Path, classes: Sequence[ClassSpec]) -> None:
    """Write the style of a map of classes.

    Args:
        path: has the name of the map, and ends in ``.qml``.
        classes: those of the map, in the order of their numbers.

    Raises:
        OutputError: the file cannot be written.
    """
    with output_errors(path):
        write_file(path, classes_qml(classes))


def write_class_names(path: Path, classes: Sequence[ClassSpec]) -> None:
    """Write the names of classes as GDAL keeps those of categories: a GeoTIFF has no place for them.

    Source: https://gdal.org/drivers/raster/gtiff.html#metadata (PAM).

    Args:
        path: has the name of the map, and ``.aux.xml`` behind it.
        classes: those of the map, in the order of their numbers.

    Raises:
        OutputError: the file cannot be written.
    """
    names = "".join(f"      <Category>{escape(each.name)}</Category>\n" for each in classes)
    with output_errors(path):
        write_file(
            path,
            f'<PAMDataset>\n  <PAMRasterBand band="1">\n    <CategoryNames>\n{names}    </CategoryNames>\n'
            "  </PAMRasterBand>\n</PAMDataset>\n",
        )
