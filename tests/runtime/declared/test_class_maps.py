"""Class maps given as elevation are objected to; low land in whole metres is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from helpers.engines import mixing_engine
from helpers.ground import stated
from helpers.rasters import scene_mixed
from landslip.runtime.engines import EngineOptions
from landslip.runtime.errors import InputError
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest

SHAPE = (100, 120)


def smooth(seed, sigma):
    rows, cols = (np.fft.fftfreq(length)[part] for length, part in zip(SHAPE, ((..., None), (None, ...)), strict=True))
    blur = np.exp(-2 * (np.pi * sigma) ** 2 * (rows**2 + cols**2))
    field = np.fft.ifft2(np.fft.fft2(np.random.default_rng(seed).normal(size=SHAPE)) * blur).real
    return field / field.std()


def land_cover(codes):
    """Patches of classes: each pixel has that of the strongest field."""
    return np.asarray(codes)[np.argmax([smooth(seed, 3) for seed in range(len(codes))], axis=0)]


CLASSES = {
    "0 to 11": (land_cover(range(12)), "uint8", {}),
    "0 to 11 in 16 bits": (land_cover(range(12)), "int16", {}),
    "codes in tens": (land_cover([10, 20, 30, 40, 50, 60, 80, 90]), "uint8", {}),
    "water and land": (np.where(smooth(1, 4) > 0, 255, 0), "uint8", {}),
    "with a colour table": (land_cover(range(3)), "uint8", {"colours": {1: (0, 0, 255)}}),
}

HEIGHTS = {
    "a plain": (smooth(1, 8) * 3 + 6, "uint8"),
    "a noisy plain": (smooth(1, 8) * 2 + np.random.default_rng(1).normal(size=SHAPE) * 2 + 8, "int16"),
    "a plain that falls to the sea": (np.maximum(0, smooth(1, 8) * 4), "int16"),
    "dunes": (np.abs(smooth(2, 2)) * 9, "int16"),
    "a lake": (np.full(SHAPE, 4), "int16"),
    "dykes": (np.where(np.mgrid[:100, :120][1] % 30 == 0, 5, 0) + np.round(smooth(1, 6) * 2 + 6), "uint8"),
    "fractions": (land_cover(range(12)) + 0.5, "float32"),
    "a valley": (smooth(1, 8) * 50 + 120, "uint8"),
}


def mapped(folder, values, dtype, **options):
    dem = stated(folder / "cover.tif", np.round(values, 1).astype(dtype), **options)
    request = MapRequest(
        folder / "none", replace(scene_mixed(folder), dem=dem), folder / "out", engine=EngineOptions(tile=64)
    )
    return map_scene(request, engine=mixing_engine())


@pytest.mark.parametrize("kind", CLASSES)
def test_class_maps_are_objected_to(tmp_path, kind):
    values, dtype, options = CLASSES[kind]
    with pytest.raises(InputError, match=r"elevation model .*cover\.tif looks like a class map: it h.*force=True"):
        mapped(tmp_path, values, dtype, **options)


@pytest.mark.parametrize("kind", HEIGHTS)
def test_low_land_is_mapped(tmp_path, kind):
    assert mapped(tmp_path, *HEIGHTS[kind])["objections_overruled"] == []


def test_a_mask_is_warned_of_and_mapped(tmp_path, caplog):
    """Level ground in whole metres looks alike."""
    mapped(tmp_path, np.where(smooth(1, 4) > 0, 1, 0), "uint8")
    assert "cover.tif holds nothing but 0 and 1, as a mask does." in caplog.text


@pytest.mark.parametrize("kind", ["a plain that falls to the sea", "a lake", "dunes"])
def test_nothing_is_said_of_low_land(tmp_path, caplog, kind):
    mapped(tmp_path, *HEIGHTS[kind])
    assert "as a mask does" not in caplog.text
