"""The machine, its files, threads, clocks and signals; never a raster or a model."""
