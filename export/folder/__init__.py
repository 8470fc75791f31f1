"""The folder of an export: which files lie in it, their drafts, records and STAC item."""
