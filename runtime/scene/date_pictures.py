"""Pictures of a scene: what people are shown of each date, from what the network takes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.artifacts.channels import DATES, Date
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.imagery.stretch import Stretch
from landslip.runtime.scene.layers import Layer
from landslip.runtime.scene.network_inputs import Plane


@dataclass(frozen=True)
class DatePicture:
    """Red, green and blue of a date in 8 bits, from arrays that the layers read for the network anyway."""

    date: Date
    """Date it shows."""
    layer: Layer
    """Layer that gives it alone, where nothing else is wanted."""
    planes: tuple[Plane, ...] = ()
    """Red, green and blue, or one band that is shown in grey; empty where the array named after the date is it."""
    stretch: Stretch | None = None
    """Stretch that brings the planes to 8 bits; None for those that are in 8 bits."""

    def of(self, read: Mapping[str, Pixels]) -> NDArray[np.uint8]:
        """The picture (3, rows, cols) from arrays of layers by name, 0 where it is not known."""
        if not self.planes:
            picture: NDArray[np.uint8] = read[self.date].values
            return picture
        values = np.stack([read[plane.array].values[plane.band] for plane in self.planes])
        levels = values if self.stretch is None else self.stretch.apply(values)
        levels[:, ~np.logical_and.reduce([read[plane.array].valid for plane in self.planes])] = 0
        return levels if len(levels) > 1 else np.repeat(levels, 3, axis=0)

    def read(self, window: Window) -> NDArray[np.uint8]:
        """The picture on a window of the map, without what else the network takes."""
        block = self.layer.read(window)
        return self.of({role: Pixels(values, block.valid) for role, values in block.arrays.items()})


def ready_pictures(layers: Sequence[Layer]) -> tuple[DatePicture, ...]:
    """Pictures that layers read as such, in the order of time."""
    return tuple(DatePicture(date, layer) for date in DATES for layer in layers if date in layer.roles)
