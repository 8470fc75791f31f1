"""A look at a scene before its first tile: what would make the map of no use, and what it will cost."""
