"""Rasters in memory under names that GDAL opens in any thread: arrays, and datasets that have no such name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from rasterio.enums import ColorInterp
from rasterio.io import DatasetReader, MemoryFile
from rasterio.vrt import WarpedVRT

from landslip.runtime.access.gdal import RASTER_ERRORS, described, described_values, reason
from landslip.runtime.access.held_raster import HeldKind, HeldRaster
from landslip.runtime.access.location import Location, gdal_name, located
from landslip.runtime.access.raster_array import RasterArray
from landslip.runtime.access.retries import settings
from landslip.runtime.errors import InputError, ResourceError, UsageError
from landslip.runtime.system.ignored_warnings import warnings_ignored
from landslip.runtime.system.memory import free_bytes
from landslip.runtime.system.stopping import check

_AT_ONCE = 16 << 20
"""Bytes of an array that are handed over at once."""
_SHARE = 0.8
"""Share of the free memory that a copy may take."""
_OVERHEAD = 1.1
"""Bytes that GDAL keeps for a byte of a file in its memory, as measured."""
_IN_MEMORY = "/vsimem/"
_OF_PYTHON = ("/vsipythonfilelike", "/vsiriopener")
"""Names of objects of Python's, which are read in one thread."""
_HARMLESS = frozenset({"num_threads", "driver", "sharing"})
"""Options of opening that do not change what is read."""
_COPYING = {"GDAL_TIFF_INTERNAL_MASK": True}
"""GDAL's option that puts a mask into the file, not beside it."""


def held_array(array: RasterArray, label: str, option: str) -> HeldRaster:
    """An array as an uncompressed GeoTIFF in GDAL's memory; later changes of the array do not reach it.

    Args:
        array: values with their place.
        label: how messages call it.
        option: argument it is given as.

    Raises:
        ResourceError: there is no memory for the copy.
    """
    bands, rows, cols = array.shape
    dtype = "uint8" if array.values.dtype == np.bool_ else array.values.dtype.name
    size = array.values.nbytes + (0 if array.valid is None else array.valid.nbytes)

    def write(name: str) -> None:
        profile = {
            "driver": "GTiff", "count": bands, "height": rows, "width": cols, "dtype": dtype, "crs": array.crs,
            "transform": array.transform, "nodata": array.nodata,
        }  # fmt: skip
        with rasterio.open(name, "w", photometric="MINISBLACK", bigtiff="IF_SAFER", **profile) as dataset:
            _write(dataset, array)

    return _in_memory(write, label, "array", option, size)


def held_dataset(dataset: DatasetReader | WarpedVRT, label: str, option: str) -> Location:
    """Location of an open dataset: its own name where that opens the same, else a copy in GDAL's memory.

    Args:
        dataset: stays open, and is read in this call alone.
        label: how messages call it where its name is none of a file.
        option: argument it is given as.

    Raises:
        UsageError: it is closed, or open for writing alone.
        InputError: it cannot be read, or not be copied as it is.
        ResourceError: there is no memory for the copy.
    """
    if dataset.closed:
        raise UsageError(f"`{option}` is a dataset that is closed.", "Give one that is open, or a name.", option=option)
    if dataset.mode == "w":
        raise UsageError(
            f"`{option}` is a dataset that is open for writing alone.",
            "Close it and give the name of its file, or open it in mode w+.",
            option=option,
        )
    name = _name_of(dataset)
    if name is not None:
        return name if not str(name).startswith(_IN_MEMORY) else _named(name, dataset, label)
    held = _in_memory(lambda to: _copy(dataset, to, option), label, "dataset", option, _bytes_of(dataset))
    with settings(held), rasterio.open(held.gdal) as copy:
        if described_values(copy) != described_values(dataset) or copy.crs != dataset.crs:
            held.free()
            raise InputError(
                f"{label}: a GeoTIFF does not hold all that it says of itself, so it cannot be copied.",
                "Save it as a file, and give the name of that.",
                where=label,
                option=option,
            )
    return held


def _name_of(dataset: DatasetReader | WarpedVRT) -> Location | None:
    """Name that opens the same raster in another thread; None where there is none."""
    options = {key.lower() for key, value in (getattr(dataset, "options", None) or {}).items() if value is not None}
    if dataset.mode != "r" or isinstance(dataset, WarpedVRT) or options - _HARMLESS:
        return None
    name = str(dataset.name)
    if not name or name.startswith(_OF_PYTHON):
        return None
    location = located(name)
    try:
        with settings(location), warnings_ignored(Warning), rasterio.open(gdal_name(location)) as again:
            return location if described(again) == described(dataset) else None
    except RASTER_ERRORS:
        return None


def _named(name: Location, dataset: DatasetReader | WarpedVRT, label: str) -> HeldRaster:
    """A raster that lies in GDAL's memory already, such as one of a MemoryFile."""
    return HeldRaster(
        label,
        kind="dataset",
        gdal=str(name),
        shape=(dataset.count, *dataset.shape),
        dtype=dataset.dtypes[0],
        snapshot=False,
        held=dataset,
    )


def _copy(dataset: DatasetReader | WarpedVRT, name: str, option: str) -> None:
    try:
        with warnings_ignored(Warning):
            rasterio.shutil.copy(dataset, name, driver="GTiff", strict=False, bigtiff="IF_SAFER")
    except RASTER_ERRORS as error:
        raise InputError(
            f"`{option}`: the dataset cannot be read ({reason(error)}).",
            "Save or copy it again.",
            where=str(dataset.name),
            option=option,
        ) from error


def _in_memory(write: Callable[[str], None], label: str, kind: HeldKind, option: str, size: int) -> HeldRaster:
    """A GeoTIFF that a function writes into GDAL's memory."""
    free = free_bytes()
    if free is not None and _OVERHEAD * size > _SHARE * free:
        raise ResourceError(
            f"`{option}`: a copy of the {kind} takes {size / 1e6:.0f} MB, and {free / 1e6:.0f} MB of memory are free.",
            "Save it as a file, and give that.",
            option=option,
        )
    memory = MemoryFile(ext=".tif")
    try:
        with rasterio.Env(**dict[str, Any](_COPYING)):
            write(memory.name)
        with rasterio.open(memory.name) as made:
            shape, dtype = (made.count, made.height, made.width), made.dtypes[0]
    except BaseException:
        memory.close()
        raise
    return HeldRaster(label, kind=kind, gdal=memory.name, shape=shape, dtype=dtype, snapshot=True, free=memory.close)


def _write(dataset: Any, array: RasterArray) -> None:
    """Write the pixels of an array, and what it says of itself, to a dataset."""
    bands, rows, cols = array.shape
    if array.colours is not None:
        dataset.colorinterp = [ColorInterp[name] for name in array.colours]
    if array.band_names is not None:
        dataset.descriptions = array.band_names
    for name in ("scales", "offsets", "units"):
        if getattr(array, name) is not None:
            setattr(dataset, name, getattr(array, name))
    if array.tags:
        dataset.update_tags(**array.tags)
    step = max(1, _AT_ONCE // (bands * cols * array.values.itemsize))
    for top in range(0, rows, step):
        check()
        part = array.values[:, top : top + step]
        whole = part.view(np.uint8) if part.dtype == np.bool_ else part.astype(part.dtype.newbyteorder("="), copy=False)
        window = ((top, top + part.shape[1]), (0, cols))
        dataset.write(np.ascontiguousarray(whole), window=window)
        if array.valid is not None:
            dataset.write_mask(np.where(array.valid[top : top + step], np.uint8(255), np.uint8(0)), window=window)


def _bytes_of(dataset: DatasetReader | WarpedVRT) -> int:
    return int(dataset.height * dataset.width * sum(np.dtype(each).itemsize for each in dataset.dtypes))
