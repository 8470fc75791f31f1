"""What a model file says of itself, and how near it has to be to its reference; no engine runs here."""
