"""The lean runtime: streams raster windows through an engine and stitches the tiles into a map."""
