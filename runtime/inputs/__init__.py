"""Input of a user on an event, before any raster is opened: files, options, SCENE.toml, STAC Items."""
