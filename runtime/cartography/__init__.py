"""Parts of a printed map: scale bar, north, letters, sheet; values and pictures of them; no files."""
