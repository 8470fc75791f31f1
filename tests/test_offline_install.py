"""The installation without a connection, by the commands of its page, and the bill of materials of what it gives."""

from __future__ import annotations

import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys

import pytest

from helpers.pages import ROOT, blocks
from helpers.results import names_of_results

PAGE = "docs/how-to/offline-install.md"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="the page's commands are for a shell of Unix"),
]


def run(words, folder, **options):
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PIP_FIND_LINKS")}
    return subprocess.run(words, capture_output=True, text=True, check=False, cwd=folder, env=environment, **options)


def without_network():
    """Words before a command that take its network away, where the system allows that."""
    words = ["unshare", "--net", "--map-root-user"]
    allowed = shutil.which("unshare") and subprocess.run([*words, "true"], capture_output=True, check=False)
    return words if allowed and allowed.returncode == 0 else []


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The Python of an environment that was installed from wheels alone, by the commands of the page."""
    online, offline = list(blocks(PAGE, "sh"))[:2]
    folder = tmp_path_factory.mktemp("offline")
    source = folder / "clone"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "__pycache__", "build", "*.egg-info"))
    python, *words = shlex.split(online)
    assert python == "python3"
    made = run([sys.executable, *words, "--quiet"], source)
    if made.returncode and "CI" not in os.environ and re.search("connection|resolve", made.stderr, re.IGNORECASE):
        pytest.skip("no connection to fetch wheels over")
    assert made.returncode == 0, made.stderr
    (source / "wheels").rename(folder / "wheels")
    shutil.rmtree(source)
    commands = [shlex.split(line) for line in offline.splitlines()]
    assert commands[0] == ["python3", "-m", "venv", ".venv"]
    assert run([sys.executable, *commands[0][1:]], folder).returncode == 0
    assert commands[1] == [".", ".venv/bin/activate"]
    assert commands[2][:3] == ["pip", "install", "--no-index"]
    made = run([*without_network(), folder / ".venv/bin/python", "-m", *commands[2]], folder)
    assert made.returncode == 0, made.stderr
    return folder, commands[3:]


def test_the_folder_of_wheels_is_as_large_as_the_page_says(installed):
    folder, _ = installed
    told = int(re.search(r"some (\d+) MB on Linux", (ROOT / PAGE).read_text(encoding="utf-8"))[1])
    assert sum(path.stat().st_size for path in (folder / "wheels").iterdir()) / 1e6 == pytest.approx(told, rel=0.25)


def test_doctor_and_demo_run_without_a_network(installed):
    folder, (doctor, demo) = installed
    assert (doctor, demo) == (["landslip", "doctor"], ["landslip", "demo", "demo-out"])
    landslip = [*without_network(), folder / ".venv/bin/landslip"]
    found = run([*landslip, *doctor[1:], "--json"], folder)
    assert found.returncode == 0, found.stderr
    assert {"onnxruntime", "openvino"} <= {
        name for name, each in json.loads(found.stdout)["engines"].items() if each["usable"]
    }
    made = run([*landslip, "-q", *demo[1:], "--size-km", "1"], folder)
    assert made.returncode == 0, made.stderr
    lines = [f"demo-out/map/{name}" for name in names_of_results(folder / "demo-out" / "map")]
    assert sorted(made.stdout.splitlines()) == [*lines, "demo-out/scores.json"]


def test_the_bill_of_materials_is_valid_and_has_a_licence_for_everything(installed, tmp_path):
    pytest.importorskip("cyclonedx_py", reason="needs cyclonedx-bom")
    folder, _ = installed
    tool, out = ROOT / "tools" / "sbom.py", tmp_path / "sbom.cdx.json"
    done = run([sys.executable, tool, "--python", folder / ".venv/bin/python", "-o", out], tmp_path)
    assert done.returncode == 0, done.stderr
    bill = json.loads(out.read_text(encoding="utf-8"))
    names = {component["name"].lower() for component in bill["components"]}
    assert {"numpy", "numba", "rasterio", "onnxruntime", "openvino", "protobuf"} <= names
    assert names.isdisjoint({"tensorflow", "torch", "onnx", "pandas", "pytest"})
    assert bill["metadata"]["component"]["name"] == "landslip"
    objections = runpy.run_path(str(tool))["objections"]
    assert list(objections(bill)) == []


@pytest.mark.parametrize(
    ("stated", "fits"),
    [
        ([{"license": {"id": "MIT"}}], True),
        ([{"expression": "(Apache-2.0 OR BSD-2-Clause) AND Zlib"}], True),
        ([{"license": {"name": "License :: OSI Approved :: BSD License"}}], True),
        ([], False),
        ([{"license": {"id": "GPL-3.0-only"}}], False),
        ([{"expression": "MIT AND GPL-2.0-or-later"}], False),
        ([{"license": {"id": "MIT"}}, {"license": {"name": "Proprietary"}}], False),
        ([{"license": {"name": "see its files"}}], False),
    ],
)
def test_a_licence_that_asks_for_more_is_objected_to(stated, fits):
    pytest.importorskip("cyclonedx", reason="needs cyclonedx-bom")
    objections = runpy.run_path(str(ROOT / "tools" / "sbom.py"))["objections"]
    bill = {"components": [{"name": "Thing", "version": "1", "licenses": stated}]}
    assert (list(objections(bill)) == []) == fits
    assert list(objections({"components": []})) != []
