"""Compiling of loops by numba, and the files that keep their machine code; no loops of any subject."""
