"""How a loop is compiled by numba, and where its machine code is kept; no loops of any subject."""
