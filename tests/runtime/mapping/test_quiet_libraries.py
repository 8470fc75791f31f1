"""Logs of a map in a program that listens to everything: landslip's own, and no warning."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from helpers.models import brightness_model
from helpers.rasters import scene_mixed

PROGRAM = """
import json, logging, sys, warnings

records, shown = [], []

class Heard(logging.Handler):
    def emit(self, record):
        records.append((record.name, record.levelname))

logging.basicConfig(level=logging.DEBUG, handlers=[Heard()])
warnings.simplefilter("always")
warnings.showwarning = lambda message, *rest, **others: shown.append(str(message))
import landslip
shown.clear()

model, pre, post, dem, out = sys.argv[1:]
files = {"pre": pre, "post": post, "dem": dem}
further = {"also": "geojson,fgb,kml,shp", "project": True, "density": 500.0, "report": True, "catalog": True}
with landslip.open_mapper(model, tile=64) as mapper:
    mapper.map(**files, out=out, **further)
    assert list(mapper.landslides(**files))
    try:
        mapper.map(**(files | {"pre": "gone.tif"}), out=out + "-b", deadline=600)
    except landslip.InputMissingError:
        pass
import numba, rasterio
assert "numba" in sys.modules
before = len(records)
with rasterio.Env():
    pass  # the host's own call is heard as ever
print(json.dumps([sorted(set(records[:before])), sorted({name for name, _ in records[before:]}), shown,
                  logging.getLogger("rasterio").level, logging.getLogger("numba").level, logging.getLogger().level]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("cached", [True, False], ids=["kernels kept", "kernels compiled"])
def test_a_host_that_logs_everything_hears_of_landslip_alone(cached, tmp_path):
    files, model = scene_mixed(tmp_path), brightness_model(tmp_path / "m.onnx")
    environment = os.environ | ({} if cached else {"NUMBA_CACHE_DIR": str(tmp_path / "cache")})
    arguments = [model, files.pre, files.post, files.dem, tmp_path / "out"]
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)],
        check=True, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    own, of_the_host, shown, *levels = json.loads(ran.stdout)
    assert [name for name, _ in own if not name.startswith("landslip.")] == []
    assert any(level == "DEBUG" for _, level in own)
    assert "rasterio.env" in of_the_host
    assert shown == []
    assert levels == [0, 0, 10]
    assert ran.stderr == ""
