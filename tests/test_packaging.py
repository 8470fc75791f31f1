"""What lies around the package: workflows, recipes of images, the version that they name."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tomllib

from helpers.pages import ROOT
from landslip.runtime.catalogue.application_package import IMAGE

yaml = pytest.importorskip("yaml", reason="needs the docs extra")

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
RECIPES = sorted((ROOT / "packaging" / "docker").glob("Dockerfile*"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def workflow(name):
    found = yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8"))
    return found | {"on": found.pop(True)}  # YAML 1.1 takes `on` for a truth value


def installed(name):
    """Path of a program: of the environment that runs the tests, or of the system; None where there is none."""
    return shutil.which(name, path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))


def steps(found):
    return [step for job in found["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_are_as_their_schema_has_them(path):
    checker = installed("check-jsonschema")
    if checker is None:
        pytest.skip("check-jsonschema is not installed")
    command = [checker, "--builtin-schema", "vendor.github-workflows", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_pin_what_they_use_and_may_do_little(path):
    found = workflow(path.name)
    assert found["permissions"] == {"contents": "read"}
    for step in steps(found):
        assert ("run" in step) != ("uses" in step)
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@v\d+\.\d+\.\d+", step.get("uses", "a/b@v1.2.3")), step
        for script in re.findall(r"(?:^|python )((?:\.ci|tools)/[\w./]+)", step.get("run", "")):
            assert (ROOT / script).is_file(), script
    for job in found["jobs"].values():
        assert job["timeout-minutes"] <= 120
        assert set(job.get("permissions", {})) <= {"contents", "id-token"}
        needed = job.get("needs", [])
        assert set([needed] if isinstance(needed, str) else needed) <= found["jobs"].keys()


def test_a_wheel_is_run_on_each_system_and_python_before_anything_is_released():
    found = workflow("release.yml")
    jobs = found["jobs"]
    matrix = jobs["run"]["strategy"]["matrix"]
    assert {name.partition("-")[0] for name in matrix["os"]} == {"ubuntu", "macos", "windows"}
    assert {"3.10", "3.11", "3.12", "3.13"} <= set(matrix["python"])
    assert PROJECT["requires-python"] == f">={min(matrix['python'], key=lambda text: int(text.partition('.')[2]))}"
    commands = [step.get("run", "") for step in jobs["run"]["steps"]]
    assert {"landslip doctor", "landslip demo demo-out"} <= set(commands)
    for name in ("draft", "publish"):
        assert {"build", "run", "sbom"} == set(jobs[name]["needs"])
    build = " ".join(step.get("run", "") for step in jobs["build"]["steps"])
    assert "python -m build" in build
    assert "twine check --strict" in build


def test_nothing_is_published_unless_a_person_says_so_and_another_approves():
    found = workflow("release.yml")
    assert found["on"]["workflow_dispatch"]["inputs"]["publish"]["default"] is False
    publishing = [
        name
        for name, job in found["jobs"].items()
        if any("pypi-publish" in step.get("uses", "") for step in job["steps"])
    ]
    assert publishing == ["publish"]
    job = found["jobs"]["publish"]
    assert "workflow_dispatch" in job["if"]
    assert "inputs.publish" in job["if"]
    assert job["environment"] == "pypi"
    assert job["permissions"] == {"id-token": "write"}
    assert "secrets." not in (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    writing = [name for name, each in found["jobs"].items() if each.get("permissions", {}).get("contents") == "write"]
    assert writing == ["draft"]


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.name)
def test_recipes_of_images_follow_the_rules_of_hadolint(path):
    program = installed("hadolint")
    if program is None:
        pytest.skip("hadolint is not installed")
    done = subprocess.run([program, "--no-color", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.name)
def test_recipes_of_images_say_what_they_make(path):
    text = path.read_text(encoding="utf-8")
    assert f"ARG VERSION={PROJECT['version']}\n" in text
    assert IMAGE.replace("{version}", PROJECT["version"]) in text
    assert "\nUSER 10001:10001\n" in text
    assert "ENTRYPOINT [" not in text  # CWL starts its whole command in the image
    assert text.rstrip().endswith('CMD ["landslip", "--help"]')
    for extras in re.findall(r"^ARG EXTRAS=(.*)$", text, re.MULTILINE):
        assert set(extras.split(",")) <= PROJECT["optional-dependencies"].keys()
    assert ("NOT YET RUN ON HARDWARE BY US" in text) == (path.name != "Dockerfile")


def test_what_an_image_is_made_of_is_let_through():
    let = {
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")
    }
    rooms = {path.name for path in (ROOT / "landslip").iterdir() if path.is_symlink()}
    assert let == {"landslip", "pyproject.toml", "constraints.txt", "README.md", "LICENSE", *rooms}
