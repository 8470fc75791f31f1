"""Memory that may be used: trees of files stand for those of the kernel, and the real ones are read once."""

from __future__ import annotations

import sys

import pytest

from landslip.runtime.system.memory_room import MemoryRoom, memory_room

GIB = 1 << 30


def machine(root, total=16 * GIB, free=8 * GIB):
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/meminfo").write_text(
        f"MemTotal:       {total >> 10} kB\nMemFree:  1 kB\nMemAvailable:   {free >> 10} kB\nHugePages_Total:       0\n"
    )


def group(root, path, **files):
    folder = root / "sys/fs/cgroup" / path
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)


def test_a_machine_without_limits(tmp_path):
    machine(tmp_path)
    assert memory_room(tmp_path) == MemoryRoom(8 * GIB, 16 * GIB)


def test_the_limit_of_a_service_counts_and_files_that_nobody_uses_are_free(tmp_path):
    machine(tmp_path)
    (tmp_path / "proc/self/cgroup").write_text("0::/system.slice/landslip-watch.service\n")
    group(
        tmp_path, "system.slice/landslip-watch.service",
        memory__max=f"{4 * GIB}\n", memory__current=f"{3 * GIB}\n", memory__stat=f"anon 7\ninactive_file {GIB}\n",
    )  # fmt: skip
    assert memory_room(tmp_path) == MemoryRoom(2 * GIB, 4 * GIB)


def test_the_tightest_of_the_groups_around_it_counts(tmp_path):
    machine(tmp_path)
    (tmp_path / "proc/self/cgroup").write_text("0::/a/b\n")
    group(tmp_path, "a", memory__max=f"{3 * GIB}\n", memory__current=f"{GIB}\n")
    group(tmp_path, "a/b", memory__max="max\n", memory__current=f"{GIB}\n")
    assert memory_room(tmp_path) == MemoryRoom(2 * GIB, 3 * GIB)


def test_a_group_that_is_over_its_limit_gives_nothing(tmp_path):
    machine(tmp_path)
    (tmp_path / "proc/self/cgroup").write_text("0::/\n")
    group(tmp_path, ".", memory__max=f"{GIB}\n", memory__current=f"{2 * GIB}\n")
    assert memory_room(tmp_path).free == 0


def test_the_older_interface(tmp_path):
    machine(tmp_path)
    (tmp_path / "proc/self/cgroup").write_text("9:name=systemd:/\n4:memory:/docker/abc\n0::/\n")
    group(
        tmp_path, "memory/docker/abc", memory__limit_in_bytes=f"{2 * GIB}\n", memory__usage_in_bytes=f"{GIB}\n",
        memory__stat=f"total_inactive_file {GIB >> 1}\n",
    )  # fmt: skip
    # Without a limit it says a number beyond all memory.
    group(tmp_path, "memory", memory__limit_in_bytes="9223372036854771712\n", memory__usage_in_bytes=f"{GIB}\n")
    assert memory_room(tmp_path) == MemoryRoom(3 * GIB // 2, 2 * GIB)


@pytest.mark.parametrize("content", ["", "nonsense\n", "0::\n", "4:memory:/../../..\n", "\xff\n"])
def test_what_is_not_understood_limits_nothing(tmp_path, content):
    machine(tmp_path)
    (tmp_path / "proc/self/cgroup").write_text(content, encoding="latin-1")
    assert memory_room(tmp_path) == MemoryRoom(8 * GIB, 16 * GIB)


def test_a_system_that_says_nothing(tmp_path):
    assert memory_room(tmp_path) == MemoryRoom(None, None)


@pytest.mark.skipif(sys.platform != "linux", reason="told by Linux alone")
def test_this_machine():
    room = memory_room()
    assert room.free
    assert room.total
    assert 0 < room.free <= room.total
