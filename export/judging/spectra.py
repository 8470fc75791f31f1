"""Reflectance of ground, band by band: for tiles that are made up in the units of a description.

The numbers are made up, after the shape of curves that are in every textbook of remote sensing: plants are dark where
they use the light, bright from the red edge on, and darker again where water absorbs; soil rises steadily; fresh debris
is brighter soil; water is dark beyond the red. They decide nothing but where a network is asked.
"""

from __future__ import annotations

from typing import NamedTuple


class Spectrum(NamedTuple):
    """Reflectance of each kind of ground in a band, 0..1."""

    forest: float
    """Closed canopy."""
    soil: float
    """Bare or sparsely grown ground."""
    scar: float
    """Fresh debris of a landslide."""
    water: float
    """Water that carries sediment."""


SPECTRA: dict[str, Spectrum] = {
    "coastal": Spectrum(0.02, 0.08, 0.14, 0.06),
    "blue": Spectrum(0.03, 0.10, 0.17, 0.07),
    "green": Spectrum(0.06, 0.14, 0.22, 0.07),
    "red": Spectrum(0.04, 0.20, 0.29, 0.04),
    "nir": Spectrum(0.38, 0.28, 0.33, 0.02),
    "green05": Spectrum(0.05, 0.13, 0.21, 0.07),
    "yellow": Spectrum(0.05, 0.17, 0.25, 0.05),
    "rededge": Spectrum(0.12, 0.22, 0.30, 0.03),
    "rededge071": Spectrum(0.12, 0.22, 0.30, 0.03),
    "rededge075": Spectrum(0.28, 0.25, 0.31, 0.02),
    "rededge078": Spectrum(0.34, 0.26, 0.32, 0.02),
    "nir08": Spectrum(0.39, 0.29, 0.34, 0.02),
    "nir09": Spectrum(0.40, 0.30, 0.35, 0.01),
    "cirrus": Spectrum(0.002, 0.003, 0.004, 0.001),
    "swir16": Spectrum(0.18, 0.35, 0.42, 0.01),
    "swir22": Spectrum(0.09, 0.30, 0.38, 0.01),
    "pan": Spectrum(0.05, 0.15, 0.23, 0.06),
    "lwir": Spectrum(0.02, 0.04, 0.05, 0.02),
    "lwir11": Spectrum(0.02, 0.04, 0.05, 0.02),
    "lwir12": Spectrum(0.02, 0.04, 0.05, 0.02),
}
"""Spectrum of each band that has a name."""

DN_OF_ONE = 10_000.0
"""Number that stands for a reflectance of 1 in files of whole numbers, as most providers have it."""

EIGHT_BITS = 0.4
"""Reflectance that is 255 in a picture."""

_NUMBERED = ("blue", "green", "red", "nir", "swir16", "swir22", "rededge071", "rededge078")
"""Bands that numbers stand for, again from the first after the last."""


def spectrum_of(band: str | int) -> Spectrum:
    """Spectrum of a band by name or number."""
    return SPECTRA[_NUMBERED[(band - 1) % len(_NUMBERED)] if isinstance(band, int) else band]
