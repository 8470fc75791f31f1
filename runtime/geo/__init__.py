"""Grids and projections as values, and one grid brought onto another; never an open file."""
