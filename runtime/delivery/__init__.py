"""The handing on of a finished run: which products are made on demand, in which formats, and how they join it."""
