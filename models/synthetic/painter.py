"""Painter: both images and the cloud mask of a synthetic event, window by window."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from landslip.models.synthetic.air import cloud_threshold, light_and_air
from landslip.models.synthetic.landcover import paint_ground
from landslip.models.synthetic.relief import fill_relief
from landslip.models.synthetic.season import seasons
from landslip.models.synthetic.slide_sweep import SlideSweep
from landslip.models.synthetic.slides import scars_of_row, slides_of_row

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rasterio.windows import Window

    from landslip.models.synthetic.season import Season
    from landslip.models.synthetic.slide_sweep import PlacedSlide

    Image = NDArray[np.uint8]


class Painter:
    """Paints windows of the images; they have to be asked for from north to south."""

    def __init__(
        self, seed: int, size: tuple[float, float], pixel: float, densities: tuple[float, float], cloud_cover: float
    ) -> None:
        """Set the weather up.

        Args:
            seed: of the event.
            size: width and height of the images in metres.
            pixel: pixel size in metres.
            densities: of fresh landslides and of old scars, per square kilometre.
            cloud_cover: share of the second image under clouds; the first has a third of it.
        """
        self._seed, self._pixel = seed, pixel
        self._seasons = seasons(seed)
        covers = (cloud_cover / 3.0, cloud_cover)
        self._thresholds = tuple(
            cloud_threshold(cover, size, season, seed) for cover, season in zip(covers, self._seasons, strict=True)
        )
        self._fresh = SlideSweep(partial(slides_of_row, density=densities[0], seed=seed), size[0], pixel)
        self._scars = SlideSweep(partial(scars_of_row, density=densities[1], seed=seed), size[0], pixel)

    def paint(self, window: Window) -> tuple[Image, Image, Image]:
        """The images before and after, (3, rows, cols), and the cloud mask, (rows, cols)."""
        shape = (window.height, window.width)
        height, valley = np.empty((2, shape[0] + 2, shape[1] + 2))
        fill_relief(height, valley, (window.row_off - 1, window.col_off - 1), self._pixel, 0.0, self._seed)
        bottom = window.row_off + window.height
        scars = self._scars.through(window.row_off, bottom)
        fresh = self._fresh.through(window.row_off, bottom)
        mask = np.zeros(shape, np.uint8)
        before = self._image(0, window, (height, valley), mask, [(scars, 0.55)])
        after = self._image(1, window, (height, valley), mask, [(scars, 0.6), (fresh, 0.0)])
        return before, after, mask

    def _image(
        self,
        date: int,
        window: Window,
        relief: tuple[NDArray[np.float64], NDArray[np.float64]],
        mask: Image,
        layers: list[tuple[list[PlacedSlide], float]],
    ) -> Image:
        """One image; `layers` are landslides with their weathering, from the lowest to the topmost."""
        season: Season = self._seasons[date]
        corner = (window.row_off, window.col_off)
        albedo = np.empty((3, window.height, window.width), np.float32)
        paint_ground(albedo, *relief, corner, self._pixel, season, self._seed)
        for slides, weathering in layers:
            for placed in slides:
                placed.paint(albedo, window, self._pixel, weathering)
        image = np.empty(albedo.shape, np.uint8)
        threshold = self._thresholds[date]
        light_and_air(image, mask, albedo, relief[0], corner, self._pixel, threshold, season, self._seed)
        return image
