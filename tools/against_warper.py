"""How long landslip's resampling takes, as a share of what GDAL's warper takes for the same pixels.

Both on one thread, without reading files, in turn; the median of the repeats. Usage: python tools/against_warper.py
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.warp import Resampling, reproject
from rasterio.windows import Window, transform

from landslip.benchmarks.measuring.timing import alternate
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.resampler import Lattice, Resampler, Sampling

UTM = CRS.from_epsg(32632)
GRID = MapGrid(UTM, Affine(6.0, 0.0, 600_000.0, 0.0, -6.0, 5_200_000.0), 8000, 10_000)
WINDOW = GRID.rows(4000, 4112)
REPEATS = 9


@dataclass(frozen=True)
class Case:
    """A source grid, and what is in it."""

    name: str
    lattice: Lattice
    bands: int
    dtype: str


def _lattice(crs: CRS, pixel: float, left: float, top: float, size: int) -> Lattice:
    return Lattice(crs, Affine(pixel, 0.0, left, 0.0, -pixel, top), size, size)


CASES = (
    Case("10 m, RGB of 8 bits", _lattice(UTM, 10.0, 599_990.0, 5_200_010.0, 6100), 3, "uint8"),
    Case("30 m, float", _lattice(UTM, 30.0, 599_970.0, 5_200_030.0, 2100), 1, "float32"),
    Case("3 m, RGB of 8 bits", _lattice(UTM, 3.0, 599_990.0, 5_200_010.0, 20_100), 3, "uint8"),
    Case(
        "10 m, RGB of 8 bits, next zone",
        _lattice(CRS.from_epsg(32633), 10.0, 100_000.0, 5_300_000.0, 14_000),
        3,
        "uint8",
    ),
    Case("1 second of arc, float", _lattice(CRS.from_epsg(4326), 1 / 3600, 9.9, 47.5, 4700), 1, "float32"),
)


def main() -> None:
    """Measure all cases and print them."""
    for case in CASES:
        resampler = Resampler(case.lattice, GRID, "bilinear")
        source = resampler.sampling(WINDOW).source
        if source is None:
            raise ValueError(f"the window misses the source: {case.name}")
        shape = (case.bands, int(source.height), int(source.width))
        values = np.random.default_rng(0).integers(0, 255, shape).astype(case.dtype)
        valid = np.ones(shape[1:], dtype=np.bool_)

        def ours(resampler: Resampler = resampler, values: NDArray = values, valid: NDArray = valid) -> float:
            sampling: Sampling = resampler.sampling(WINDOW)
            resampler.resample(sampling, values, valid)
            return 1.0

        def theirs(case: Case = case, source: Window = source, values: NDArray = values) -> float:
            reproject(
                values, np.zeros((case.bands, 112, GRID.width), case.dtype),
                src_transform=transform(source, case.lattice.transform), src_crs=case.lattice.crs,
                dst_transform=transform(WINDOW, GRID.transform), dst_crs=UTM, resampling=Resampling.bilinear,
            )  # fmt: skip
            return 1.0

        timings = alternate({"landslip": ours, "warper": theirs}, REPEATS)
        print(f"{case.name}: {timings['warper'].ratio(timings['landslip']):.2f} of the warper's time")  # noqa: T201


if __name__ == "__main__":
    main()
