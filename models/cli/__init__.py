"""``landslip demo`` and ``landslip fetch``: parse, call one function, print."""
