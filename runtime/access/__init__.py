"""Where a file lies and how it is reached: paths, web addresses, retries, errors of GDAL; no pixels."""
