"""Places on the globe and on grids as plain values: pure geometry, never an open file."""
