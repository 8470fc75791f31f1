"""A run on disk: its folder, names and record, going on with it, and opening it again once it is finished."""
