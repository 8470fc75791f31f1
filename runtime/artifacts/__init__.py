"""Statements of a model file about itself, and how near it has to be to its reference; no engine runs here."""
