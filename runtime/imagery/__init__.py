"""Images of an event as 8-bit red, green and blue: bands, stretch, fill, tiles, dates."""
