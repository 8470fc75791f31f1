"""The example for management layers: the shim, its files, and PVML itself where it is installed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import xmlschema

from helpers.job_orders import explorer, scene_of_order, write_order
from landslip.runtime.cli.main import run
from landslip.runtime.joborder.ipf_config import read_config
from landslip.runtime.joborder.option_values import check_option

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples" / "joborder"
PAGE = EXAMPLES.parents[1] / "how-to" / "job-orders.md"
pytestmark = pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX")


@pytest.fixture
def processor(tmp_path, monkeypatch):
    """A processor installed in a folder of its own, with landslip on the path; and inputs of the scene by type."""
    home, data, commands = (tmp_path / name for name in ("processor", "data", "bin"))
    for folder in (home, data, commands):
        folder.mkdir()
    for path in EXAMPLES.iterdir():
        shutil.copy(path, home)
    inputs = scene_of_order(data)
    config = (home / "landslip-ipf.toml").read_text().replace("M_ALL_006.fp32.onnx", str(data / "model.onnx"))
    (home / "landslip-ipf.toml").write_text(
        config.replace('engine = "onnxruntime"', 'engine = "onnxruntime"\ntile = 64')
    )
    (commands / "landslip").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m landslip "$@"\n')
    (commands / "landslip").chmod(0o755)
    monkeypatch.setenv("PATH", f"{commands}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(EXAMPLES.parents[2]))
    return home, inputs


def test_the_configuration_is_one_and_stands_on_the_page():
    config = read_config(EXAMPLES / "landslip-ipf.toml")
    for name in (*config.parameters.values(), *config.options):
        check_option(name, "")
    page = PAGE.read_text(encoding="utf-8")
    assert (EXAMPLES / "landslip-ipf.toml").read_text() in page
    assert (EXAMPLES / "landslip-task.sh").read_text() in page


def test_types_of_the_task_tables_are_in_the_configuration():
    config = read_config(EXAMPLES / "landslip-ipf.toml")
    for name in ("tasktable-eegs.xml", "tasktable-mmfi.xml"):
        tree = ElementTree.parse(EXAMPLES / name)
        inputs = {each.text for alternative in ("Alternative", "Alternative_Type") for each in
                  tree.findall(f".//{alternative}/File_Type")}  # fmt: skip
        outputs = {each.text for each in [*tree.findall(".//Output/File_Type"), *tree.findall(".//Output/Type")]}
        assert inputs == {"S2_PRE", "S2_POST", "AUX_DEM"}
        assert inputs <= {*config.inputs}
        assert outputs == {"LSC_MAP"} <= {*config.outputs}


@pytest.mark.parametrize(
    ("number", "schema", "made"),
    [
        ("4711", "generic-ipf.xsd",
         ["LSL_OPER_LSC_MAP_20240101T101112_20240101T101512_01.tif", "landslides.gpkg"]),
        ("4712", "earth-explorer.xsd", ["results/LSL_TEST_LSC_MAP_20240101T101112_20240101T101512_01.tif"]),
    ],
)  # fmt: skip
def test_the_orders_fit_their_schema_and_are_carried_out(processor, number, schema, made):
    home, inputs = processor
    order = home / f"JobOrder.{number}.xml"
    xmlschema.XMLSchema(EXAMPLES / schema).validate(order)
    scene = home / "demo" / "scene"
    scene.mkdir(parents=True)
    for kind, name in (("S2_PRE", "pre"), ("S2_POST", "post"), ("AUX_DEM", "dem"), ("AUX_MSK", "clouds")):
        shutil.copy(inputs[kind][0], scene / f"{name}.tif")
    assert run(["joborder", str(order)]) == 0
    assert (home / f"{number}.LIST").read_text().splitlines() == made
    assert all((home / name).exists() for name in made)


@pytest.mark.slow
def test_the_shim_is_called_as_management_layers_call_a_task(processor, tmp_path):
    home, inputs = processor
    working = tmp_path / "workspace"
    working.mkdir()
    order = write_order(working, explorer(inputs, {"LSC_MAP": "LSL_????_LSC_MAP_*"}, folder=str(working)))
    ended = subprocess.run([home / "landslip-task.sh", order], cwd=working, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    (name,) = (working / "4711.LIST").read_text().splitlines()
    assert (working / name).exists()


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("pvml") is None or importlib.util.find_spec("pvml.eegs") is None,
    reason="PVML of S[&]T is not installed; it is not on PyPI",
)
@pytest.mark.parametrize("backend", ["eegs", "mmfi"])
def test_pvml_runs_landslip(processor, backend):
    home, inputs = processor
    table = home / f"tasktable-{backend}.xml"
    table.write_text(table.read_text().replace("/opt/landslip", str(home)))
    job = home / "pvml-job.xml"
    text = job.read_text()
    for kind, name in (("S2_PRE", "pre"), ("S2_POST", "post"), ("AUX_DEM", "dem")):
        text = text.replace(f"/data/{name}.tif", str(inputs[kind][0]))
    job.write_text(text)
    (home / "workspace").mkdir()
    command = [sys.executable, "-m", "pvml", str(home / f"pvml-{backend}.xml"), str(job)]
    ended = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert list((home / "workspace" / "4711").glob("LSL_*_LSC_MAP_*.tif"))
