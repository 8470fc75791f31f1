"""What is told of a machine, with the files that boards and processors of other kinds have."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from landslip.runtime.system import machine
from landslip.runtime.system.arm_processors import arm_processor
from landslip.runtime.system.control_groups import cpu_limit
from landslip.runtime.system.memory_room import MemoryRoom

ORIN = """processor\t: {core}
BogoMIPS\t: 62.50
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp uscat
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: {part}
CPU revision\t: 1
"""


def cores(*parts):
    return "\n".join(ORIN.format(core=at, part=part) for at, part in enumerate(parts)).splitlines()


@pytest.fixture
def orin(monkeypatch, tmp_path):
    """The files that tell of a Jetson Orin in a power mode that runs eight of its twelve cores."""
    monkeypatch.setattr(machine, "_cpuinfo", lambda: cores(*["0xd42"] * 8))
    for name, text in {
        "model": "NVIDIA Jetson AGX Orin Developer Kit\0",
        "nv_tegra_release": "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64\n# more\n",
        "present": "0-11\n",
        "online": "0-3,8-11\n",
    }.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(machine, "_BOARD", tmp_path / "model")
    monkeypatch.setattr(machine, "_JETSON_LINUX", tmp_path / "nv_tegra_release")
    monkeypatch.setattr(machine, "_CPUS", tmp_path)


def test_a_jetson_tells_its_board_processor_and_release(orin):
    found = machine.describe_environment()
    assert found["board"] == "NVIDIA Jetson AGX Orin Developer Kit"
    assert found["jetson_linux"] == "36.4.3"
    assert found["cpu"] == "ARM Cortex-A78AE"
    assert machine.on_jetson()
    assert machine.instruction_sets() == ["asimd", "asimdhp", "asimddp"]


def test_cores_that_a_power_mode_switches_off_are_counted(orin):
    assert machine.switched_off_cores() == 4


def test_this_machine_is_told_without_files_of_boards(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "_BOARD", tmp_path / "model")
    monkeypatch.setattr(machine, "_JETSON_LINUX", tmp_path / "nv_tegra_release")
    monkeypatch.setattr(machine, "_CPUS", tmp_path)
    found = machine.describe_environment()
    assert not found.keys() & {"board", "jetson_linux"}
    assert not machine.on_jetson()
    assert machine.switched_off_cores() == 0
    assert found["system"].endswith(platform.machine())


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="Linux alone tells of its processor there")
def test_the_processor_of_this_machine_has_a_name():
    assert machine.describe_environment()["cpu"] not in {"", "unknown"}


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (["0xd42"], "ARM Cortex-A78AE"),
        (["0xd83"] * 14, "ARM Neoverse-V3AE"),
        (["0xd05", "0xd05", "0xd0b"], "ARM Cortex-A55 and ARM Cortex-A76"),
        (["0xfff"], "ARM part 0xfff"),
        (["what"], None),
    ],
)
def test_names_of_arm_processors(parts, name):
    assert arm_processor(cores(*parts)) == name


def test_makers_that_are_not_known_are_told_by_number():
    assert arm_processor(["CPU implementer : 0x99", "CPU part : 0x1"]) == "maker 0x99 part 0x1"
    assert arm_processor(["CPU part : 0xd42"]) is None
    assert arm_processor(["model name : AMD EPYC"]) is None


@pytest.fixture
def group(tmp_path):
    """Writes the files that tell of control groups, and gives the folder in which proc and sys lie."""

    def write(own, files):
        told = {f"sys/fs/cgroup/{path}": content for path, content in files.items()}
        for path, content in [("proc/self/cgroup", own), *told.items()]:
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(content)
        return tmp_path

    return write


def test_the_least_processor_time_of_a_group_and_those_around_it_holds(group):
    files = {"outer/cpu.max": "300000 100000\n", "outer/inner/cpu.max": "150000 100000\n", "cpu.max": "max 100000\n"}
    assert cpu_limit(group("0::/outer/inner\n", files)) == 1.5
    assert cpu_limit(group("0::/outer/other\n", {})) == 3.0
    assert cpu_limit(group("0::/\n", {})) is None


def test_processor_time_in_the_first_version_of_control_groups(group):
    files = {
        "cpu/job/cpu.cfs_quota_us": "200000\n",
        "cpu/job/cpu.cfs_period_us": "100000\n",
        "cpu/cpu.cfs_quota_us": "-1\n",
        "cpu/cpu.cfs_period_us": "100000\n",
    }
    assert cpu_limit(group("5:memory:/job\n4:cpu,cpuacct:/job\n0::/\n", files)) == 2.0


@pytest.mark.parametrize("content", ["", "what\n", "-1\n", "1 0\n", "nan\n", "nan nan\n", "0\n", "1 2 3\n", "ä\n"])
def test_files_that_say_nothing_set_no_limit(group, content):
    assert cpu_limit(group("0::/x\nnonsense\n", {"x/cpu.max": content})) is None


def test_a_system_without_control_groups_sets_no_limit(tmp_path):
    assert cpu_limit(tmp_path) is None


def test_limits_are_told_where_they_are_below_the_machine(monkeypatch):
    monkeypatch.setattr(machine, "_memory_gib", lambda: 8.0)
    monkeypatch.setattr(machine, "memory_room", lambda: MemoryRoom(1 << 30, 3 << 30))
    monkeypatch.setattr(machine, "cpu_limit", lambda: 1.5)
    assert machine.limits_here() == {"memory_limit_gib": 3.0, "cpu_limit_cores": 1.5}
    monkeypatch.setattr(machine, "memory_room", lambda: MemoryRoom(1 << 30, 8 << 30))
    monkeypatch.setattr(machine, "cpu_limit", lambda: None)
    assert machine.limits_here() == {}
