"""Tiles, what the reference says of them, and the gate that each artifact has to pass."""
