"""Location of files and how they are reached: paths, web addresses, retries, errors of GDAL; no pixels."""
