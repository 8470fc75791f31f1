"""Descriptions for catalogues and platforms: the STAC Item of a run, its Catalog, and the application package."""
