"""What a user says of an event, before any raster is opened: files, options, SCENE.toml, STAC Items."""
