"""Scenes that are cheap to make, to measure with."""
