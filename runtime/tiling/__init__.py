"""Which tiles a map has, how they are weighted, cut and blended; no file and no engine."""
