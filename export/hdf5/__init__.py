"""Keras HDF5 files as untrusted input: probed by a child, screened, read within bounds."""
