"""Files of plain bytes, described so that GDAL reads them as rasters.

Source: https://gdal.org/drivers/raster/vrt.html (VRTRawRasterBand, Overview).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from landslip.runtime.confidence import NOT_OBSERVED
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.styles.palette import Colour


@dataclass(frozen=True)
class RowsBand:
    """A band of a map, in the words of GDAL."""

    description: str
    """Meaning of the values."""
    unit: str = ""
    """Unit of the values; empty where they have none."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Metadata of the band, by name."""
    colours: tuple[Colour, ...] = ()
    """Colours of the values from 0 on; empty where the band has no table of colours."""


def virtual_map(
    name: str, grid: MapGrid, tags: Mapping[str, str], band: RowsBand, overviews: Sequence[str] = ()
) -> str:
    """Description of a map, one byte a pixel, row after row.

    Args:
        name: of the file of bytes, which lies beside the description.
        grid: the map.
        tags: metadata of the map, by name.
        band: what the values mean.
        overviews: names of descriptions of its overviews beside it, the largest first.
    """
    transform = ", ".join(repr(number) for number in grid.transform.to_gdal())
    about = f"""{_metadata(band.tags)}
    <Description>{escape(band.description)}</Description>{_unit(band.unit)}
    <NoDataValue>{NOT_OBSERVED}</NoDataValue>{_table(band.colours)}"""
    georeference = f"""
  <SRS>{escape(grid.crs.to_wkt())}</SRS>
  <GeoTransform>{transform}</GeoTransform>{_metadata(tags)}"""
    return _dataset(name, grid.height, grid.width, georeference, about + "".join(map(_overview, overviews)))


def virtual_overview(name: str, height: int, width: int) -> str:
    """Description of an overview, one byte a pixel, row after row; see :func:`virtual_map`."""
    return _dataset(name, height, width, "", f"\n    <NoDataValue>{NOT_OBSERVED}</NoDataValue>")


def _dataset(name: str, height: int, width: int, georeference: str, about: str) -> str:
    return f"""<VRTDataset rasterXSize="{width}" rasterYSize="{height}">{georeference}
  <VRTRasterBand dataType="Byte" band="1" subClass="VRTRawRasterBand">{about}
    <SourceFilename relativeToVRT="1">{escape(name)}</SourceFilename>
    <ImageOffset>0</ImageOffset><PixelOffset>1</PixelOffset><LineOffset>{width}</LineOffset>
  </VRTRasterBand>
</VRTDataset>
"""


def _overview(name: str) -> str:
    source = f'<SourceFilename relativeToVRT="1">{escape(name)}</SourceFilename><SourceBand>1</SourceBand>'
    return f"\n    <Overview>{source}</Overview>"


def _unit(unit: str) -> str:
    return f"\n    <UnitType>{escape(unit)}</UnitType>" if unit else ""


def _table(colours: tuple[Colour, ...]) -> str:
    entries = "".join(f'<Entry c1="{red}" c2="{green}" c3="{blue}" c4="255"/>' for red, green, blue in colours)
    table = f"\n    <ColorInterp>Palette</ColorInterp><ColorTable>{entries}</ColorTable>"
    return table if colours else ""


def _metadata(tags: Mapping[str, str]) -> str:
    entries = "".join(f"<MDI key={quoteattr(key)}>{escape(value)}</MDI>" for key, value in tags.items())
    return f"\n  <Metadata>{entries}</Metadata>" if entries else ""
