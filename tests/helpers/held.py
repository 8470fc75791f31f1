"""Rasters of files as programs hold them: arrays with a place, and open datasets of many kinds."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import rasterio
from rasterio.enums import MaskFlags
from rasterio.io import DatasetReader, MemoryFile
from rasterio.vrt import WarpedVRT

from landslip import RasterArray, SceneFiles

KINDS = ("file", "update", "memory file", "written memory file", "virtual", "driver MEM", "gone", "with options")
"""Kinds of open datasets."""


def array_of(path: Path) -> RasterArray:
    """A file as an array that says of itself what the file does."""
    with rasterio.open(path) as dataset:
        masked = any(MaskFlags.per_dataset in flags for flags in dataset.mask_flag_enums)
        return RasterArray(
            dataset.read(),
            dataset.transform,
            dataset.crs,
            nodata=dataset.nodata,
            valid=dataset.read_masks(1) != 0 if masked and dataset.colorinterp[-1].name != "alpha" else None,
            band_names=[name or "" for name in dataset.descriptions],
            colours=[colour.name for colour in dataset.colorinterp],
            scales=dataset.scales,
            offsets=dataset.offsets,
            units=[unit or "" for unit in dataset.units],
            tags=dataset.tags(),
        )


@contextlib.contextmanager
def dataset_of(path: Path, kind: str) -> Iterator[DatasetReader]:
    """A file as an open dataset of one of the :data:`KINDS`."""
    with contextlib.ExitStack() as stack:
        if kind in {"file", "update"}:
            yield stack.enter_context(rasterio.open(path, "r" if kind == "file" else "r+"))
        elif kind == "with options":
            yield stack.enter_context(rasterio.open(path, IGNORE_COG_LAYOUT_BREAK="YES"))
        elif kind == "memory file":
            yield stack.enter_context(stack.enter_context(MemoryFile(path.read_bytes())).open())
        elif kind == "virtual":
            yield stack.enter_context(WarpedVRT(stack.enter_context(rasterio.open(path))))
        elif kind == "gone":
            copy = path.with_name(f"copy of {path.name}")
            copy.write_bytes(path.read_bytes())
            yield stack.enter_context(_without_its_file(copy))
        else:
            with rasterio.open(path) as source:
                profile = {key: value for key, value in source.profile.items() if not key.startswith(("block", "tile"))}
                profile |= {"driver": "MEM" if kind == "driver MEM" else "GTiff"}
                if kind == "driver MEM":
                    made = stack.enter_context(rasterio.open("anything", "w+", **profile))
                else:
                    made = stack.enter_context(stack.enter_context(MemoryFile()).open(**profile))
                made.write(source.read())
                made.colorinterp, made.descriptions = source.colorinterp, source.descriptions
                made.update_tags(**source.tags())
            yield made


def _without_its_file(path: Path) -> DatasetReader:
    dataset = rasterio.open(path)
    path.unlink()
    return dataset


def held_scene(files: SceneFiles) -> dict[str, object]:
    """Arguments of a map that give each file of a scene as an array."""
    roles = {"pre": files.pre, "post": files.post, "dem": files.dem, "hillshade": files.hillshade, "slope": files.slope}
    return {role: array_of(path) for role, path in roles.items() if path is not None}


def changed(array: RasterArray) -> RasterArray:
    """The same with one pixel of another value."""
    values = array.values.copy()
    values[0, 0, 0] += np.ones(1, values.dtype)[0]
    return RasterArray(values, array.transform, array.crs, nodata=array.nodata, colours=array.colours)
