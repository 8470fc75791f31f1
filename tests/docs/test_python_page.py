"""The page on Python holds all that is public, and its lines run as they stand."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

import landslip
from helpers.pages import ROOT, blocks, text_of
from helpers.rasters import scene_mixed

PAGE = "docs/reference/python.md"


def test_all_that_is_public_is_on_the_page():
    shown = set(re.findall(r"^::: landslip\.(\w+)$", text_of(PAGE), re.MULTILINE))
    assert shown == set(landslip.__all__) - {"__version__"}


@pytest.mark.slow
def test_its_lines_run(tmp_path):
    (tmp_path / "model").mkdir()
    shutil.copy(ROOT / "models" / "demo_data" / "demo.fp32.onnx", tmp_path / "model" / "M_ALL_006.fp32.onnx")
    files = scene_mixed(tmp_path)
    for path, name in ((files.pre, "before"), (files.post, "after"), (files.dem, "dem"), (files.masks[0], "clouds")):
        path.rename(path.with_name(f"{name}.tif"))
    said = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path).stdout
        for code in blocks(PAGE, "python")
    ]
    assert re.fullmatch(r"\S+ of \S+ km2: out/landslides.gpkg\n", said[0])
    assert re.fullmatch(r"faithful \d+ landslides in \S+ s\nfast \d+ landslides in \S+ s\n", said[1])
    kind, sentence = said[2].splitlines()
    assert kind == "InputMissingError 3 False"
    assert "nowhere.tif does not exist" in sentence
    assert re.fullmatch(r"\d+ of \d+ landslides found; IoU \S+\n", said[3])
