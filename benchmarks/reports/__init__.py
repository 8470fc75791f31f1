"""Reports with the context of their figures: written, drawn, read again, compared."""
