"""The page on Python holds all that is public, and its lines run as they stand."""

from __future__ import annotations

import inspect
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


def untyped(name, call):
    """Arguments and results of a function that its signature gives no type."""
    signature = inspect.signature(call)
    given = [each for each in signature.parameters.values() if each.name not in {"self", "cls"}]
    bare = [f"{name}({each.name})" for each in given if each.annotation is each.empty]
    return bare + ([f"{name} ->"] if signature.return_annotation is signature.empty else [])


def test_all_that_is_public_says_its_types():
    found = []
    for name in set(landslip.__all__) - {"__version__"}:
        public = getattr(landslip, name)
        assert inspect.getdoc(public), f"{name} has no docstring"
        if inspect.isfunction(public):
            found += untyped(name, public)
            continue
        for member, value in vars(public).items():
            call = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
            if not member.startswith("_") and inspect.isfunction(call):
                found += untyped(f"{name}.{member}", call)
                assert inspect.getdoc(call), f"{name}.{member} has no docstring"
    assert not found


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
    first, held, many, late, streams, wrong, scores = said
    assert re.fullmatch(r"\S+ of \S+ km2: out/landslides.gpkg\n", first)
    assert held == "('post', 'array post')\n"
    assert re.fullmatch(r"faithful \d+ landslides in \S+ s\nfast \d+ landslides in \S+ s\n", many)
    assert late == "DeadlineError True\n"
    *_, totals, rows = streams.splitlines()
    assert re.fullmatch(r"\d+ landslides, \S+ km2 observed", totals)
    assert re.fullmatch(r"\d+ rows; out-blocks/confidence.tif", rows)
    kind, sentence = wrong.splitlines()
    assert kind == "InputMissingError 3 False"
    assert "nowhere.tif does not exist" in sentence
    assert re.fullmatch(r"\d+ of \d+ landslides found; IoU \S+\n", scores)
