"""Check that bands of a file can be a picture."""

from __future__ import annotations

import numpy as np

from landslip.runtime.errors import InputError
from landslip.runtime.imagery.file_bands import Bands


def checked(bands: Bands) -> Bands:
    """Bands of one type of real numbers, with a scale that leaves values.

    Raises:
        InputError: they are something else.
    """
    raster = bands.raster
    if max(bands.numbers) > raster.bands:
        raise InputError(
            f"{raster.role}: {raster.path} has {raster.bands} band{'s' * (raster.bands > 1)}, and by its name it has "
            f"{max(bands.numbers)} at the least.",
            "Download it again, or rename it and say which bands are red, green and blue: `bands` 3,2,1.",
            where=raster.path,
        )
    types = {raster.dtypes[number - 1] for number in bands.numbers}
    if len(types) > 1 or bands.type.startswith("complex"):
        raise InputError(
            f"{raster.role}: {raster.path} is {', '.join(sorted(types))}, which is no picture.",
            "Give real numbers of one type, for example with gdal_translate -ot Float32.",
            where=raster.path,
        )
    scales = [raster.scales[number - 1] for number in bands.numbers]
    if not all(np.isfinite(scales)) or 0.0 in scales or not np.isfinite(raster.offsets).all():
        raise InputError(
            f"{raster.role}: {raster.path} says that its values are scaled by {', '.join(map(str, scales))}, which "
            "leaves no values.",
            "Set it right: gdal_edit.py -scale 1 -offset 0 FILE.",
            where=raster.path,
        )
    return bands
