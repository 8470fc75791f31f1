"""Array with its place on the ground, which a program gives instead of a file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from affine import Affine
from numpy.typing import ArrayLike, NDArray
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.errors import CRSError

from landslip.runtime.errors import UsageError

DTYPES = (
    "bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64",
)  # fmt: skip
"""Types of values."""
_LARGEST_NODATA = 1 << 53
"""Largest integer that comes through as nodata: on its way it is a float, and from 1e18 on GDAL even reads -9 back."""
_COLOURS = tuple(colour.name for colour in ColorInterp)


@dataclass(frozen=True, eq=False)
class RasterArray:
    """Raster in an array, to be given wherever a file of a scene can be; landslip reads it and never writes to it.

    What a GeoTIFF of the same values says of itself can be said here, and means the same. A map copies the values, once
    and whole, before it begins: from then on the array may be changed.
    """

    values: NDArray[Any]
    """Values (bands, rows, cols), or (rows, cols) of one band; a masked array says in its mask what is unknown."""
    transform: Affine
    """Way from (column, row) of upper left corners of pixels to the CRS; six numbers in this order are taken, too."""
    crs: CRS
    """Coordinate reference system; taken from ``EPSG:32632``, WKT, PROJ text or a number of EPSG's, too."""
    nodata: float | None = None
    """Number that means unknown, in all bands."""
    valid: NDArray[np.bool_] | None = None
    """Mask (rows, cols), nonzero where the pixel is known; None where ``nodata`` or an alpha band says it."""
    band_names: Sequence[str] | None = None
    """Names of the bands, one for each, such as ``B04``: what files call their descriptions."""
    colours: Sequence[str] | None = None
    """Colours of the bands as GDAL names them (``red``, ``green``, ``blue``, ``alpha``, ``undefined`` …)."""
    scales: Sequence[float] | None = None
    """Factor of each band: what a number means is ``number * scale + offset``."""
    offsets: Sequence[float] | None = None
    """Meaning of a 0 in each band."""
    units: Sequence[str] | None = None
    """Unit of each band, such as ``m``; empty where it has none."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags of the raster as GDAL names them, such as ``TIFFTAG_DATETIME``."""

    if TYPE_CHECKING:  # what may be given is more than what the fields hold

        def __init__(
            self,
            values: NDArray[Any],
            transform: Affine | Sequence[float],
            crs: CRS | str | int,
            nodata: float | None = None,
            valid: NDArray[Any] | None = None,
            band_names: Sequence[str] | None = None,
            colours: Sequence[str] | None = None,
            scales: Sequence[float] | None = None,
            offsets: Sequence[float] | None = None,
            units: Sequence[str] | None = None,
            tags: Mapping[str, str] = ...,
        ) -> None: ...

    def __post_init__(self) -> None:
        """Take the fields as programs write them, and check them.

        Raises:
            UsageError: a field is wrong; its ``option`` names the field.
        """
        mask = np.ma.getmaskarray(self.values) if isinstance(self.values, np.ma.MaskedArray) else None
        values = _checked_values(self.values)
        for name, value in (
            ("values", values),
            ("transform", _checked_transform(self.transform)),
            ("crs", _checked_crs(self.crs)),
            ("valid", _checked_valid(self.valid, mask, values)),
            ("nodata", _checked_nodata(self.nodata, values.dtype)),
            ("band_names", _texts("band_names", self.band_names, len(values))),
            ("colours", _checked_colours(self.colours, len(values))),
            ("scales", _numbers("scales", self.scales, len(values))),
            ("offsets", _numbers("offsets", self.offsets, len(values))),
            ("units", _texts("units", self.units, len(values))),
            ("tags", _checked_tags(self.tags)),
        ):
            object.__setattr__(self, name, value)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Bands, rows, columns."""
        bands, rows, cols = self.values.shape
        return bands, rows, cols


def _wrong(name: str, what: str, remedy: str) -> UsageError:
    return UsageError(f"RasterArray: `{name}` {what}.", remedy, option=name)


def _checked_values(given: ArrayLike) -> NDArray[Any]:
    values = np.ma.getdata(np.asanyarray(given)) if hasattr(given, "__array__") else None
    if values is None:
        raise _wrong("values", f"is a {type(given).__name__}, and no array", "Give an array of numpy.")
    if values.dtype.name not in DTYPES:
        raise _wrong("values", f"is of {values.dtype}", f"Convert it to one of {', '.join(DTYPES)}.")
    if values.ndim not in (2, 3) or 0 in values.shape:
        raise _wrong("values", f"has the shape {values.shape}", "Give (bands, rows, cols) or (rows, cols).")
    whole = values if values.ndim == 3 else values[None]
    if len(whole) > max(64, whole.shape[2]) and whole.shape[2] <= 4:
        raise _wrong("values", f"has the shape {values.shape}", "Give bands first: values.transpose(2, 0, 1).")
    return whole


def _checked_transform(given: Any) -> Affine:
    try:
        transform = given if isinstance(given, Affine) else Affine(*(float(number) for number in tuple(given)[:6]))
    except (TypeError, ValueError) as error:
        raise _wrong("transform", f"is {type(given).__name__}", "Give an Affine, or its first six numbers.") from error
    if transform.c == 0.0 == transform.e and transform.b and transform.d:
        raise _wrong("transform", "has its six numbers in GDAL's order", "Give Affine.from_gdal(*numbers).")
    if not all(map(math.isfinite, transform)) or not transform.determinant or transform.is_identity:
        numbers = ", ".join(f"{number:g}" for number in tuple(transform)[:6])
        raise _wrong("transform", f"({numbers}) gives pixels no place", "Give that of the raster: dataset.transform.")
    return transform


def _checked_crs(given: Any) -> CRS:
    try:
        # GDAL would fetch an address.
        odd = given is None or (isinstance(given, str) and "://" in given.split('"', maxsplit=1)[0])
        crs = CRS.from_user_input("" if odd else given)
    except (CRSError, ValueError, TypeError) as error:
        raise _wrong("crs", f"is {str(given)[:80]!r}, which is unknown", "Give EPSG:CODE, WKT or PROJ text.") from error
    if not crs:
        raise _wrong("crs", "is empty", "Give EPSG:CODE, WKT or PROJ text.")
    return crs


def _checked_valid(given: Any, mask: NDArray[np.bool_] | None, values: NDArray[Any]) -> NDArray[np.bool_] | None:
    if given is None and mask is None:
        return None
    if given is not None and mask is not None:
        raise _wrong("valid", "is given beside a masked array, which says the same", "Give one of the two.")
    if mask is not None:
        masks = mask if mask.ndim == 3 else mask[None]
        if (masks != masks[0]).any():
            raise _wrong("values", "has another mask in each band", "Give `nodata`, or one mask for all, valid.")
        known: NDArray[np.bool_] = ~masks[0]
        return known
    found = np.asarray(given)
    if found.shape != values.shape[1:] or found.dtype.kind not in "buif":
        raise _wrong("valid", f"is {found.dtype} of {found.shape}", f"Give a mask of shape {values.shape[1:]}.")
    valid: NDArray[np.bool_] = found != 0
    return valid


def _checked_nodata(given: Any, dtype: np.dtype[Any]) -> float | None:
    if given is None:
        return None
    try:
        number = int(given) if dtype.kind in "iu" and float(given).is_integer() else float(given)
    except (TypeError, ValueError, OverflowError) as error:
        raise _wrong("nodata", f"is {str(given)[:40]!r}", "Give a number.") from error
    fits = dtype.kind == "f" or (dtype.kind == "b" and number in (0, 1))
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        fits = isinstance(number, int) and limits.min <= number <= limits.max
    if not fits:
        raise _wrong("nodata", f"{number:g} is no number of {dtype}", "Leave it out, or give one that values can have.")
    if isinstance(number, int) and abs(number) > _LARGEST_NODATA:
        raise _wrong("nodata", f"{number} is one that GeoTIFFs do not hold exactly", "Say what is known, with valid.")
    return number


def _checked_colours(given: Any, count: int) -> tuple[str, ...] | None:
    names = _texts("colours", given, count)
    odd = next((name for name in names or () if name not in _COLOURS), None)
    if odd is not None:
        raise _wrong("colours", f"has {odd[:40]!r}", f"Name each by one of {', '.join(_COLOURS)}.")
    return names


def _each(name: str, given: Any, count: int) -> tuple[Any, ...] | None:
    if given is None:
        return None
    if isinstance(given, str | bytes) or not hasattr(given, "__iter__"):
        raise _wrong(name, f"is {type(given).__name__}", f"Give a list of {count}, one for each band.")
    found = tuple(given)
    if len(found) != count:
        raise _wrong(name, f"has {len(found)} entries for {count} bands", "Give one for each band.")
    return found


def _texts(name: str, given: Any, count: int) -> tuple[str, ...] | None:
    found = _each(name, given, count)
    if found is not None and not all(isinstance(text, str) for text in found):
        raise _wrong(name, "has an entry that is no text", "Give a text for each band.")
    return found


def _numbers(name: str, given: Any, count: int) -> tuple[float, ...] | None:
    found = _each(name, given, count)
    try:
        numbers = None if found is None else tuple(map(float, found))
    except (TypeError, ValueError) as error:
        raise _wrong(name, "has an entry that is no number", "Give a number for each band.") from error
    if numbers is not None and not all(map(math.isfinite, numbers)):
        raise _wrong(name, "has an entry that is not finite", "Give a number for each band.")
    return numbers


def _checked_tags(given: Any) -> dict[str, str]:
    if not isinstance(given, Mapping) or not all(isinstance(text, str) for pair in given.items() for text in pair):
        raise _wrong("tags", "is no table of texts", 'Give such as {"TIFFTAG_DATETIME": "2018:09:06 01:27:01"}.')
    return dict(given)
