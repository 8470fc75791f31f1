"""Options as the command line names them, in messages that name them as Python does.

Below the command line a message has ``resume=True`` for a switch, and the name of any other option in backquotes, with
its value behind it as prose: ```dem_unit` ft``. No other module knows flags.
"""

from __future__ import annotations

import re

FLAGS = {
    **{
        name: f"--{name.replace('_', '-')}"
        for name in (
            "also", "aoi", "band_names", "bands", "batch", "calibrate", "catalog", "config", "crs", "date_field", "dem",
            "dem_nodata", "dem_unit", "density", "device", "engine", "fill_voids", "force", "hillshade", "image",
            "layer", "mask_above", "mask_below", "mask_bits", "mask_values", "min_area", "nodata", "offset", "on",
            "on_error",
            "output", "overlap", "overwrite", "post", "post_date", "pre", "pre_date", "precision", "preset", "project",
            "protocol", "reference", "report", "resolution", "resume", "rgb_range", "scale", "scene", "share_features",
            "slope", "spec", "spool",
            "task", "threads", "threshold", "tile", "title", "to", "tolerance", "truth", "truth_crs", "url", "within",
            "workspace",
        )
    },
    "build=False": "--no-build",
    "limits": "--limit",
    "masks": "--mask",
    "model": "-m",
    "out": "-o",
    "precisions": "--precision",
    "product_mask=False": "--no-product-mask",
    "report_megabytes": "--report-mb",
    "targets": "--target",
}  # fmt: skip
"""The flag of each option by its name in Python."""

_SWITCH = re.compile(r"\b(resume|overwrite|force|share_features)=True\b")
_NAME = re.compile(r"`([a-z_]+(?:=False)?)`")


def with_flags(text: str) -> str:
    """A message with ``--resume`` where it says ``resume=True``, ``--dem`` where it says ```dem```, and so on."""
    return _NAME.sub(lambda found: FLAGS.get(found[1], found[0]), _SWITCH.sub(lambda found: FLAGS[found[1]], text))


def flag_of(option: str) -> str:
    """The flag of an option, as errors name it in ``option``."""
    return FLAGS[option]
