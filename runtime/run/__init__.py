"""A run on disk, and going on with it: folder, journal, finished rows."""
