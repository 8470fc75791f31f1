"""How the files of a scene are to be read, where the user does not leave that to the files."""

from __future__ import annotations

from dataclasses import dataclass

from rasterio.crs import CRS
from rasterio.errors import CRSError

from landslip.runtime.errors import UsageError


@dataclass(frozen=True)
class Reading:
    """Choices that hold for a whole scene; the defaults take what the files say."""

    crs: str | None = None
    """CRS of the map, such as ``EPSG:32632``; None for that of the images where it has true metres, else UTM."""
    resolution: float | None = None
    """Pixel size of the map in metres; None for what the model was trained with."""

    def __post_init__(self) -> None:
        """Check what would be wrong for any scene."""
        if self.resolution is not None and not 0.01 <= self.resolution <= 1000:
            raise UsageError(f"A resolution of {self.resolution:g} m is out of range: give 0.01 to 1000.")
        if self.crs is not None:
            self._parsed()

    @property
    def map_crs(self) -> CRS | None:
        """CRS of the map, if one was chosen."""
        return None if self.crs is None else self._parsed()

    def _parsed(self) -> CRS:
        given = self.crs or ""
        try:
            # GDAL would fetch an address.
            return CRS.from_user_input("" if "://" in given.split('"', maxsplit=1)[0] else given)
        except (CRSError, ValueError) as error:  # the latter for EPSG:letters
            raise UsageError(f"The CRS {self.crs!r} is unknown. Give one as EPSG:CODE, WKT or PROJ text.") from error
