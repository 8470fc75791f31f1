"""The demo: a synthetic event mapped with the embedded model, and scored against its truth."""
