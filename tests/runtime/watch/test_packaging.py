"""Files for operators: the systemd unit, and the compose file of a container."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import landslip
from landslip.runtime.watch.spool_toml import read_spool_toml

ROOT = Path(__file__).parents[3]
UNIT = ROOT / "packaging/systemd/landslip-watch.service"
COMPOSE = ROOT / "packaging/compose/compose.yaml"

with_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


@pytest.fixture(scope="module")
def unit(tmp_path_factory):
    """The unit, with a command that is there."""
    place = tmp_path_factory.mktemp("unit") / UNIT.name
    command = shutil.which("true")
    assert command
    text = UNIT.read_text()
    assert "ExecStart=/opt/landslip/bin/landslip " in text
    place.write_text(text.replace("ExecStart=/opt/landslip/bin/landslip ", f"ExecStart={command} "))
    return place


def settings():
    """Lines of the unit, by key; the last one where a key comes twice."""
    lines = [line for line in UNIT.read_text().splitlines() if re.match(r"[A-Z]\w+=", line)]
    return dict(line.split("=", 1) for line in lines)


@with_systemd
def test_systemd_accepts_the_unit(unit):
    result = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


@with_systemd
def test_systemd_would_say_what_is_wrong(unit, tmp_path):
    wrong = tmp_path / unit.name
    wrong.write_text(unit.read_text().replace("WatchdogSec=15min", "WatchdogSec=a while"))
    result = subprocess.run(["systemd-analyze", "verify", wrong], capture_output=True, text=True, check=False)
    assert "a while" in result.stderr


@with_systemd
def test_the_unit_is_closed_in_well(unit):
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", unit]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", result.stdout)
    assert found, result.stderr
    assert float(found[1]) <= 2.0


def test_the_unit_starts_again_what_can_be_helped_and_not_what_is_wrong():
    found = settings()
    assert found["Restart"] == "on-failure"
    assert set(found["RestartPreventExitStatus"].split()) == {"2", "3"}
    assert found["Type"] == "notify"
    assert found["NotifyAccess"] == "main"  # landslip watch is that process itself
    assert found["KillMode"] == "mixed"
    assert found["OOMPolicy"] == "continue"


def test_programs_that_the_service_makes_lie_where_only_it_can_write():
    found = settings()
    assert found["CacheDirectoryMode"] == "0700"
    assert f"NUMBA_CACHE_DIR=/var/cache/{found['CacheDirectory']}" in UNIT.read_text()


@pytest.fixture(scope="module")
def service():
    return yaml.safe_load(COMPOSE.read_text())["services"]["watch"]


def test_the_container_is_closed_in(service):
    assert service["read_only"] is True
    assert service["user"].split(":")[0] not in {"", "0", "root"}
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not {"privileged", "network_mode", "pid", "ipc", "ports", "devices"} & set(service)


def test_only_what_has_to_be_written_can_be(service):
    written = {each.rsplit(":", 1)[1] for each in service["volumes"] if not each.endswith(":ro")}
    assert written == {"/spool", "/metrics", "/var/cache/landslip"}


def test_the_image_is_that_of_this_version(service):
    assert service["image"] == f"landslip:${{LANDSLIP_VERSION:-{landslip.__version__}}}"
    dockerfile = (ROOT / "packaging/docker/Dockerfile").read_text()
    assert f"USER {service['user']}" in dockerfile
    assert service["healthcheck"]["test"][1].startswith(re.search(r"ENV PATH=(\S+?):", dockerfile)[1])


def test_the_container_is_healthy_while_the_metrics_are_new(service, tmp_path):
    _, _, *arguments = service["healthcheck"]["test"]
    metrics = tmp_path / "landslip.prom"
    command = [sys.executable, *(text.replace("/metrics/landslip.prom", str(metrics)) for text in arguments)]

    def is_healthy():
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    assert not is_healthy()
    metrics.touch()
    assert is_healthy()
    os.utime(metrics, (1, 1))
    assert not is_healthy()


@pytest.mark.parametrize("folder", ["compose", "systemd"])
def test_the_examples_of_spool_toml_are_understood_and_fit(folder):
    config = read_spool_toml(ROOT / "packaging" / folder / "spool.toml")
    assert config.metrics_path is not None
    text = (COMPOSE if folder == "compose" else UNIT).read_text()
    for path in (config.metrics_path.parent, config.spool_path):
        assert str(path) in text or str(path.parent) in text


def test_the_rules_of_alarms_are_yaml_of_the_form_that_prometheus_reads():
    page = (ROOT / "docs/how-to/watch-service.md").read_text()
    (text,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (group,) = yaml.safe_load(text)["groups"]
    assert set(group) == {"name", "rules"}
    for rule in group["rules"]:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["expr"].count("(") == rule["expr"].count(")")


def test_the_page_tells_how_well_the_unit_is_closed_in(unit):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    page = (ROOT / "docs/how-to/watch-service.md").read_text()
    told = re.search(r"exposure ([\d.]+) of 10", page)
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", unit]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    assert told
    assert (
        f": {told[1]} OK" in found
        or "systemd 252"
        not in subprocess.run(["systemd-analyze", "--version"], capture_output=True, text=True, check=False).stdout
    )
