"""From a Keras HDF5 to deployable artifacts, each gated by a parity check."""
