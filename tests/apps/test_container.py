"""The container image: built of this checkout, and run as a user who is not root, without network, on a fixed root."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import rasterio

from helpers.containers import Containers, build, lacking, settings
from helpers.results import names_of_results
from helpers.together import made_once
from landslip.models.demo.embedded import run_demo
from landslip.runtime.catalogue.application_package import IMAGE
from landslip.runtime.cli.main import run
from landslip.runtime.system.versions import landslip_version

pytestmark = [pytest.mark.apps, pytest.mark.slow, pytest.mark.skipif(bool(lacking()), reason=lacking())]


@pytest.fixture(scope="module")
def containers(shared_folder):
    folder = made_once(shared_folder / "image", build)
    return Containers(
        IMAGE.replace("{version}", landslip_version()), os.environ | {"CONTAINERS_CONF": str(settings(folder))}
    )


@pytest.fixture(scope="module")
def cache(containers):
    """A volume for what is compiled, so that it is compiled once."""
    name = f"landslip-test-{os.getpid()}"
    yield f"{name}:/var/cache/landslip"
    subprocess.run(["podman", "volume", "rm", "--force", name], check=False, capture_output=True)


@pytest.fixture
def work(tmp_path):
    """A folder that the user of the image may write."""
    folder = tmp_path / "work"
    folder.mkdir()
    os.chown(folder, 10001, 10001)
    return folder


def test_it_says_what_it_is(containers):
    command = ["podman", "image", "inspect", containers.image]
    (image,) = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    config, labels = image["Config"], image["Labels"]
    assert config["User"] == "10001:10001"
    assert config.get("Entrypoint") is None  # CWL's command is run as it stands
    assert config["Cmd"] == ["landslip", "--help"]
    assert config.get("Healthcheck") in (None, {"Test": ["NONE"]})
    titled = {name.removeprefix("org.opencontainers.image."): value for name, value in labels.items()}
    assert (titled["title"], titled["version"], titled["licenses"]) == ("landslip", landslip_version(), "Apache-2.0")
    assert image["Size"] < 1.3e9


def test_nothing_but_its_cache_and_tmp_can_be_written(containers):
    tried = "for at in / /opt/landslip /work /usr /tmp /var/cache/landslip; do touch $at/x && echo $at; done"
    done = containers.run(["sh", "-c", f"id -u; {tried}"])
    assert done.stdout.split() == ["10001", "/tmp", "/var/cache/landslip"]  # noqa: S108 - of the container
    done = containers.run(["sh", "-c", "ls /src /wheels /etc/pip.conf /run/secrets; command -v pip gcc make"])
    assert done.stdout == ""


def test_the_demo_makes_the_map_that_it_makes_here(containers, cache, work, tmp_path):
    done = containers.run(["landslip", "-q", "demo", "out", "--size-km", "1.5"], "-v", f"{work}:/work", "-v", cache)
    assert done.returncode == 0, done.stderr
    made = work / "out" / "map"
    assert sorted(done.stdout.splitlines()) == sorted(
        ["out/scores.json", *(f"out/map/{name}" for name in names_of_results(made))]
    )
    assert made.stat().st_uid == 10001
    here = run_demo(tmp_path / "here", size_km=1.5).map_folder
    with rasterio.open(made / "confidence.tif") as inside, rasterio.open(here / "confidence.tif") as outside:
        np.testing.assert_array_equal(inside.read(), outside.read())


def test_the_doctor_finds_both_engines(containers, cache):
    found = json.loads(containers.run(["landslip", "doctor", "--json"], "-v", cache).stdout)
    assert {name: each["usable"] for name, each in found["engines"].items() if name != "tensorrt"} == {
        "onnxruntime": True, "openvino": True
    }  # fmt: skip


def test_a_stop_is_heard_by_the_first_process(containers, cache, work):
    name = f"landslip-stop-{os.getpid()}"
    command = [
        "podman", "run", "--rm", "--name", name, "--read-only", "-v", f"{work}:/work", "-v", cache, containers.image,
        "landslip", "demo", "out", "--size-km", "40",
    ]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=containers.environment) as process:
        assert any("mapping: " in line or "generating: " in line for line in process.stderr)
        began = time.monotonic()
        subprocess.run(["podman", "kill", "--signal", "TERM", name], check=True, capture_output=True)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 128 + signal.SIGTERM
        assert time.monotonic() - began < 30  # ten seconds after it, docker stop would kill
    assert "interrupted" in said


def test_cwltool_runs_the_application_package_in_it(containers, staged, mapped, tmp_path):
    """The image that the package names is the one that is built, and the command that it gives runs in it."""
    pytest.importorskip("cwltool", reason="cwltool is not installed (extra apps)")
    (tmp_path / "docker").symlink_to(shutil.which("podman"))  # what cwltool calls with root's rights
    assert run(["package", "-o", str(tmp_path / "landslip.cwl")]) == 0
    done = subprocess.run(
        [
            sys.executable, "-m", "cwltool", "--quiet", "--outdir", tmp_path / "results",
            f"{tmp_path / 'landslip.cwl'}#landslip", "--scene", staged / "staged", "--model", staged / "model.onnx",
            "--min_area", "600",
        ],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env=containers.environment | {"PATH": os.pathsep.join([str(tmp_path), os.environ["PATH"]])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    made = Path(json.loads(done.stdout)["map"]["path"])
    assert {path.name for path in made.iterdir()} == {path.name for path in mapped.iterdir()}
    with rasterio.open(made / "confidence.tif") as inside, rasterio.open(mapped / "confidence.tif") as outside:
        np.testing.assert_array_equal(inside.read(), outside.read())
