"""Settings that hold for every measurement from files to files; they stand in the reports."""

from __future__ import annotations

from landslip.benchmarks.scenes.grid_scene import DESCRIBED, RESOLUTION

COMMON = {
    "inputs": f"the same files for all: {DESCRIBED}",
    "landslip": "all that a map makes by default: confidence.tif, which is read again, polygons, quicklook, run.json",
    "landslip, the confidence alone": "what the others write: rows of Mapper.blocks in a GeoTIFF; areas and landslides "
    "are counted, and the inputs checked, as in every map",
    "published loop": "whole rasters in memory, one tile at a time, centres pasted; the network scales, not the loop",
    "MONAI": "reads and writes no rasters: rasterio does so around SlidingWindowInferer's function, Gaussian weights",
    "geoai": "predict_geotiff with its spline blend; it takes one file, so all bands are written into one uncompressed "
    "GeoTIFF before, which counts in a row of its own alone",
    "TerraTorch": "tiled_inference with its border, padding and blend, rasterio reading and writing around it",
    "written": "whole percent in 8 bits by all; LZW by the others",
    "tile": 224, "overlap": 0.5,
    "batch": "each has its own default",
    "processes": "for memory each has one of its own; landslip's is set up as those of its commands are: one heap for "
    "all threads, without pandas, geopandas and pyarrow",
    "peak": "maximum resident set size of the whole process, libraries included, without a network",
}  # fmt: skip
"""Settings by name."""


def scene_of(edge: int) -> str:
    """A scene in words."""
    return f"{edge} x {edge} pixels at {RESOLUTION:g} m"
