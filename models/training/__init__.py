"""Training and describing the demo model; needs the export extra."""
