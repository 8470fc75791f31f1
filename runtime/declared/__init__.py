"""Statements of a file about its own values, by names, tags and units: read here, judged elsewhere."""
