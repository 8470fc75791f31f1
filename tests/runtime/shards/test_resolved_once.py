"""Workers open a scene with the figures of the driver, and measure nothing again."""

from __future__ import annotations

import numpy as np

from helpers.engines import SPEC
from helpers.rasters import scene_mixed, write
from landslip.runtime.scene.scene import open_scene
from landslip.runtime.system.figures import figures_noted


def test_limits_of_a_stretch_are_those_that_the_driver_has_measured(tmp_path):
    files = scene_mixed(tmp_path)
    values = np.random.default_rng(1).integers(1, 3000, (3, 300, 300), dtype=np.uint16)
    for path in (files.pre, files.post):
        write(path, values, 10.0)
    notes = {}
    with figures_noted(notes), open_scene(files, SPEC.resolution, SPEC) as scene:
        measured = scene.facts["images"]["post"]["stretch"]
    kinds = {key.split('"')[1] for key in notes}
    assert kinds == {"percentiles", "fill", "elevation"}
    for key, found in notes.items():
        if '"percentiles"' in key:
            notes[key] = [[low, middle, 2 * high] for low, middle, high in found]
    before = dict(notes)
    with figures_noted(notes), open_scene(files, SPEC.resolution, SPEC) as scene:
        taken = scene.facts["images"]["post"]["stretch"]
    assert notes == before
    assert taken["low"] == measured["low"]
    assert taken["high"] == [2 * high for high in measured["high"]]
