"""Log lines of a map name its stage, whoever is told of the progress."""

from __future__ import annotations

from helpers.engines import SPEC, mixture
from helpers.rasters import scene_mixed
from landslip.runtime.engines import EngineOptions, FakeEngine
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.system.log_fields import current_fields


def test_stages_of_a_map(tmp_path):
    seen = []

    def infer(batch):
        seen.append(current_fields().stage)
        return mixture(batch)

    request = MapRequest(tmp_path / "none", scene_mixed(tmp_path), tmp_path / "out", engine=EngineOptions(tile=64))
    map_scene(request, engine=FakeEngine(SPEC, infer))
    assert set(seen) == {"mapping"}
    assert current_fields().stage == ""
