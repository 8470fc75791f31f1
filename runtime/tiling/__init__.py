"""Tiles of a map, and how they are weighted, cut and blended; no file and no engine."""
