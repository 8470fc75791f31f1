"""Pixels of one file on its own grid, and errors of rasterio turned into ours."""
