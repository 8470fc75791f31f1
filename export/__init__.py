"""Export of a Keras HDF5 file to deployable artifacts, each gated by a parity check."""
