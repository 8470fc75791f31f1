"""What lies in the folder of an export: which files, their drafts, records and STAC item."""
