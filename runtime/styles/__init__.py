"""Looks of maps: colours and words that all products share, and texts by which QGIS shows them so; no files."""
