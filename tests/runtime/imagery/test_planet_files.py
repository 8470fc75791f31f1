"""Files of PlanetScope whose bands have no names: the name of the file says what they are, as far as that can be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from helpers.images import named
from helpers.planet import Strip, order, write_scene
from helpers.rasters import scene_mixed, write
from landslip.runtime.errors import InputError
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.scene.scene import open_scene

PLAIN = Strip(described=False)


def bands_of(folder, post, **reading):
    files = replace(scene_mixed(folder), pre=None, post=post, reading=ReadOptions(**reading))
    with open_scene(files, 6.0) as scene:
        return scene.facts["images"]["post"]["bands"]


@pytest.mark.parametrize(("kind", "expected"), [("AnalyticMS_SR_8b", [6, 4, 2]), ("AnalyticMS_SR", [3, 2, 1])])
def test_bands_without_names_are_those_of_the_product(tmp_path, kind, expected):
    scene = write_scene(tmp_path, replace(PLAIN, kind=kind))
    assert bands_of(tmp_path, scene.analytic) == expected
    assert bands_of(tmp_path, scene.analytic, bands=(4, 2, 1)) == [4, 2, 1]


def test_names_of_bands_count_before_that_of_the_file(tmp_path):
    path = named(
        write_scene(tmp_path, replace(PLAIN, kind="AnalyticMS")).analytic, descriptions=("red", "green", "blue", "nir")
    )
    assert bands_of(tmp_path, path) == [1, 2, 3]


@pytest.mark.parametrize("given", ["file", "folder"])
def test_a_file_with_fewer_bands_than_its_name_says_is_refused(tmp_path, given):
    (scene,) = order(tmp_path / "order", PLAIN)
    write(
        scene.analytic,
        np.ones((4, 120, 150), np.uint16) * np.arange(150, dtype=np.uint16),
        3.0,
        photometric="MINISBLACK",
    )
    words = {"file": "4 bands .* does not say which are red", "folder": "has 4 bands, and by its name it has 6"}
    with pytest.raises(InputError, match=words[given]):
        bands_of(tmp_path, scene.analytic if given == "file" else tmp_path / "order")
