"""Keras files, HDF5 and archives, as untrusted input: probed by a child, screened, read within bounds."""
