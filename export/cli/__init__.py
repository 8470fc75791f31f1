"""``landslip export``, ``verify``, ``info`` and ``doctor``: parse, call one function, print."""
