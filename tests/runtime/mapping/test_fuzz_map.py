"""Maps of any scene, against the whole-array reference."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, example, given, settings

from helpers.engines import mixing_engine
from helpers.random_scenes import RESOLUTION, Case, File, Place, cases
from helpers.reference_map import ReferenceMap, reference_map
from landslip.runtime.engines import EngineOptions
from landslip.runtime.errors import InputError
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest

NOTHING = "lies elsewhere|lies outside the images|no area in common|makes a map of"
"""What is said where files do not meet on a single pixel."""


def mapped(case: Case, folder: Path, files) -> tuple[np.ndarray, dict]:
    request = MapRequest(
        folder / "no-model", files, folder / "out", protocol=case.protocol, overlap=case.overlap,
        engine=EngineOptions(tile=case.tile, batch=case.batch), force=True,
    )  # fmt: skip
    record = map_scene(request, engine=mixing_engine())
    with rasterio.open(folder / "out" / "confidence.tif") as dataset:
        return dataset.read(1), record


def assert_equal(percent: np.ndarray, record: dict, expected: ReferenceMap) -> None:
    grid, observed = expected.grid, percent != 255
    assert percent.shape == (grid.height, grid.width)
    assert record["grid"]["transform"] == pytest.approx([grid.resolution, 0, grid.left, 0, -grid.resolution, grid.top])
    assert not (observed & ~expected.observed.perhaps).any()
    assert not (expected.observed.surely & ~observed).any()
    # What hangs by a thousandth of a pixel is rare, or the two lines above would say little.
    assert (expected.observed.perhaps & ~expected.observed.surely).sum() <= 0.1 * percent.size + 9
    compared = observed & expected.observed.perhaps
    difference = np.abs(percent[compared] - np.floor(expected.percent[compared] + 1e-4))
    assert difference.max(initial=0) <= 1
    assert (difference > 0).sum() <= 0.05 * compared.sum() + 5


def whole(kind: str, resolution: float, margin: tuple[int, int, int, int], seed: int, dtype: str = "uint8") -> File:
    return File(Place(kind, resolution, (0.0, 0.0), margin), dtype, "none", seed)


SLANTING = Case(
    height=58, width=536,
    pre=whole("north up", 3.0, (-2, -1, -2, -1), 677), post=whole("other zone", 3.0, (-1, 0, -1, 3), 438),
    terrain=(whole("north up", 3.0, (5, 1, 5, 3), 110, "float32"),), masks=(), aoi="polygons",
    tile=32, overlap=0.0, batch=1, protocol="gaussian",
)  # fmt: skip
"""Sides in degrees that are no straight lines in the zone of the map, and pass centimetres from a pixel's centre."""
STRIP = replace(
    SLANTING, height=1, width=10,
    pre=whole("north up", 3.0, (0, 0, 0, 0), 1), post=whole("other zone", 4.8, (0, 0, 0, -2), 0),
    terrain=(whole("north up", 3.0, (1, 1, 1, 1), 0, "float32"),),
)  # fmt: skip
"""A part of the area is near the map in its own degrees, and not in the zone of the map."""
APART = replace(
    STRIP, width=53,
    pre=whole("north up", 3.0, (3, -1, 1, 3), 284), post=whole("north up", 5.0, (-2, 2, 3, -2), 0),
)  # fmt: skip
"""Images that have nothing in common, and an area."""


@pytest.mark.slow
@example(SLANTING)
@example(STRIP)
@example(APART)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(cases())
def test_any_scene_is_mapped_as_by_the_reference(case):
    folder = Path(tempfile.mkdtemp())
    try:
        files = case.write(folder)
        expected = reference_map(
            files, resolution=RESOLUTION, tile=case.tile, overlap=case.overlap, protocol=case.protocol
        )
        said, made = "", None
        try:
            made = mapped(case, folder, files)
        except InputError as error:
            said = str(error)
        if made is None:
            assert re.search(NOTHING, said)
            assert expected is None or not expected.observed.surely.any()
        else:
            assert expected is not None
            assert_equal(*made, expected)
    finally:
        shutil.rmtree(folder)
