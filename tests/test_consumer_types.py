"""A program that uses landslip as its types say passes strict checks of mypy and basedpyright."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

CONSUMER = '''
"""A service that embeds landslip."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
from affine import Affine

import landslip


def received(values: "np.ndarray[tuple[int, ...], np.dtype[np.uint16]]", origin: Affine) -> landslip.RasterArray:
    return landslip.RasterArray(values, origin, "EPSG:32632", nodata=0, band_names=("red", "green", "blue"))


def mapped(mapper: landslip.Mapper, before: Path, after: landslip.RasterArray, out: Path) -> float | None:
    cancel = threading.Event()
    scene = landslip.SceneFiles(pre=before, post=after, dem=["n45.tif", Path("n46.tif")])
    try:
        with mapper.landslides(scene, out=out, cancel=cancel, deadline=600.0, threshold=0.6) as landslides:
            for landslide in landslides:
                place: tuple[float | None, float | None] = landslide.lon, landslide.lat
                print(place, landslide.area_ha)
        if landslides.totals is None:
            return None
        return landslides.totals.landslide_km2
    except landslip.LandslipError as error:
        later: bool = error.retryable
        print(later, error.what, error.remedy, error.where, error.option)
        return None


def main() -> None:
    with landslip.open_mapper("model/M_ALL_006.int8.onnx", engine="auto") as mapper:
        after = received(np.zeros((3, 64, 64), np.uint16), Affine(10, 0, 0, 0, -10, 0))
        mapped(mapper, Path("before.tif"), after, Path("out"))
        result: landslip.MapResult = mapper.map(pre="before.tif", post=after, dem="dem.tif", out="out", resume=True)
        record: landslip.RunRecord = result.record
        print(result.landslide_km2, record.fingerprint, landslip.__version__)


main()
'''

WRONG = """
import landslip

landslip.map_scene(pre=3, model="m.onnx", out="out")
landslip.map_scene(pre="a.tif", model="m.onnx", out="out", protocol="gauss")
landslip.RasterArray(values=None, transform=None)
landslip.SceneFiles(pre=4)
"""


@pytest.fixture(scope="module", params=["mypy", "basedpyright"])
def said(request, tmp_path_factory):
    """Words of a checker on three programs in a folder of their own, which find landslip as an installed package."""
    folder = tmp_path_factory.mktemp("consumer")
    service = (ROOT / "docs" / "examples" / "service.py").read_text(encoding="utf-8")
    for name, code in (("consumer", CONSUMER), ("service", service), ("wrong", WRONG)):
        (folder / f"{name}.py").write_text(code, encoding="utf-8")
    config = {"include": ["."], "extraPaths": [str(ROOT)]}
    (folder / "pyrightconfig.json").write_text(json.dumps(config), encoding="utf-8")
    programs = ["consumer.py", "service.py", "wrong.py"]
    command = {
        "mypy": ["mypy", "--strict", "--follow-imports", "silent", *programs],
        "basedpyright": ["basedpyright", "--level", "error", "--pythonpath", sys.executable],
    }[request.param]
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, cwd=folder, env=environment, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", ["consumer.py", "service.py"])
def test_a_program_that_does_as_the_page_says_passes(said, name):
    assert name not in said, said


@pytest.mark.slow
@pytest.mark.parametrize("line", range(4, 8))
def test_a_wrong_argument_is_found(said, line):
    assert re.search(rf"wrong\.py:{line}\b", said), said
