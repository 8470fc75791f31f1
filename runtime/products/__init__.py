"""Files for people, made from finished rows: confidence, polygons, pictures."""
