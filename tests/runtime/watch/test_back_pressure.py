"""Jobs wait for room, and fail where there can never be enough."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.engines import SPEC
from helpers.rasters import scene_on_grid
from landslip import InputError
from landslip.runtime.engines import FakeEngine
from landslip.runtime.mapping.dry_run import dry_run
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.system.memory_room import MemoryRoom
from landslip.runtime.watch.back_pressure import (
    BackPressure,
    RoomLeft,
    RoomNeeded,
    check_can_ever_fit,
    room_at,
    shortfall,
)
from landslip.runtime.watch.room_needed import room_needed

GB = 10**9
SMALL = RoomNeeded(disk=10**6, memory=10**6, process=10**8)
PLENTY = RoomLeft(100 * GB, 1000 * GB, MemoryRoom(8 * GB, 16 * GB))

sizes = st.integers(0, 10**13)
rooms = st.builds(
    lambda free, more, memory, more_memory: RoomLeft(free, free + more, MemoryRoom(memory, memory + more_memory)),
    sizes, sizes, sizes, sizes,
)  # fmt: skip
needs = st.builds(RoomNeeded, sizes, sizes, sizes)


def can_never_fit(needed, room, reserve):
    try:
        check_can_ever_fit(needed, room, reserve, Path("job.toml"))
    except InputError:
        return True
    return False


@given(needs, rooms, sizes)
def test_what_fits_does_not_wait_and_what_does_not_waits_for_what_is_short(needed, room, reserve):
    short = shortfall(needed, room, reserve)
    on_disk, in_memory = needed.disk + reserve <= room.disk_free, needed.memory <= room.memory.free
    assert (short is None) == (on_disk and in_memory)
    if short:
        assert short.reason == ("memory" if on_disk else "disk")


@given(needs, rooms, sizes)
def test_what_can_never_fit_does_not_fit_even_into_all_there_is(needed, room, reserve):
    everything = RoomLeft(room.disk_total, room.disk_total, MemoryRoom(room.memory.total, room.memory.total))
    alone = replace(needed, memory=needed.memory + needed.process)
    assert can_never_fit(needed, room, reserve) == (shortfall(alone, everything, reserve) is not None)


def test_a_system_that_says_nothing_holds_nothing_back():
    silent = RoomLeft(None, None, MemoryRoom(None, None))
    huge = RoomNeeded(10**18, 10**18, 0)
    assert shortfall(huge, silent, GB) is None
    assert not can_never_fit(huge, silent, GB)


def test_what_can_never_fit_is_told_with_figures_and_a_remedy():
    with pytest.raises(InputError) as caught:
        check_can_ever_fit(RoomNeeded(5000 * GB, 0, 0), PLENTY, GB, Path("in/country.toml"))
    assert "5.0 TB on disk" in caught.value.what
    assert "1.0 TB in all" in caught.value.what
    assert caught.value.where == "in/country.toml"
    assert not caught.value.retryable
    with pytest.raises(InputError, match=r"17\.0 GB of memory .* 16\.0 GB in all"):
        check_can_ever_fit(RoomNeeded(0, 15 * GB, 2 * GB), PLENTY, GB, Path("in/wide.toml"))


class Looks:
    """Room that a test changes."""

    def __init__(self, room):
        self.room, self.asked = room, 0

    def pressure(self, reserve=GB):
        return BackPressure(reserve, lambda: self.room)

    def forecast(self, needed):
        def asked():
            self.asked += 1
            return needed

        return asked


def test_a_job_waits_until_there_is_room_and_its_files_are_opened_once():
    looks = Looks(replace(PLENTY, disk_free=GB + 5))
    pressure = looks.pressure()
    forecast = looks.forecast(SMALL)
    reasons = {pressure.reason_to_wait("a", forecast) for _ in range(50)}
    assert [reason.reason for reason in reasons] == ["disk"]
    looks.room = PLENTY
    assert pressure.reason_to_wait("a", forecast) is None
    assert looks.asked == 1


def test_what_a_job_waits_for_stays_the_same_sentence_while_figures_change():
    looks = Looks(replace(PLENTY, memory=MemoryRoom(500, 16 * GB)))
    pressure = looks.pressure()
    before = pressure.reason_to_wait("a", looks.forecast(SMALL))
    looks.room = replace(PLENTY, memory=MemoryRoom(499, 16 * GB))
    assert pressure.reason_to_wait("a", looks.forecast(SMALL)) == before
    assert before.reason == "memory"


def test_while_there_is_room_for_nothing_no_file_is_opened():
    looks = Looks(replace(PLENTY, disk_free=GB - 1))
    assert looks.pressure().reason_to_wait("a", looks.forecast(SMALL)).reason == "disk"
    assert looks.asked == 0


def test_what_can_never_fit_is_claimed_so_that_it_fails():
    looks = Looks(replace(PLENTY, disk_free=2 * GB))
    pressure = looks.pressure()
    assert pressure.reason_to_wait("country", looks.forecast(RoomNeeded(10**16, 0, 0))) is None
    error = pressure.why_never("country", Path("in/country.toml"))
    assert error.where == "in/country.toml"
    assert pressure.reason_to_wait("small", looks.forecast(SMALL)) is None
    assert pressure.why_never("small", Path("in/small.toml")) is None
    assert pressure.why_never("never asked about", Path("x")) is None


def test_what_nobody_can_tell_is_claimed_and_the_map_says_why():
    looks = Looks(replace(PLENTY, disk_free=2 * GB))
    assert looks.pressure().reason_to_wait("broken", looks.forecast(None)) is None


def test_another_job_file_of_a_name_is_asked_about_again():
    looks = Looks(PLENTY)
    pressure = looks.pressure()
    for known_by in (("a", 1.0), ("a", 2.0), ("a", 1.0)):
        pressure.reason_to_wait(known_by, looks.forecast(SMALL))
    assert looks.asked == 2


def test_memory_does_not_grow_with_the_jobs():
    looks = Looks(PLENTY)
    pressure = looks.pressure()
    for number in range(25_000):
        pressure.reason_to_wait(number, looks.forecast(SMALL))
    assert len(pressure._known) <= 10_000


def test_the_forecast_is_that_of_the_dry_run(tmp_path):
    files = scene_on_grid(tmp_path, 300, 400)
    request = MapRequest(tmp_path / "no-model", files, tmp_path / "out")
    needed = room_needed(request, SPEC)
    told = dry_run(request, engine=FakeEngine(SPEC, lanes=2))
    assert needed.disk == told["disk_bytes"]["needed"]
    parts = told["memory_bytes"]
    assert needed.memory == parts["total"] - parts["process"] - (parts["engine"] or 0)
    assert needed.process > 0
    assert not (tmp_path / "out").exists()


def test_a_larger_scene_takes_more(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    small, large = (
        room_needed(MapRequest(Path("m"), scene_on_grid(tmp_path / name, high, 300), Path("out")), SPEC)
        for name, high in (("a", 300), ("b", 900))
    )
    assert large.disk > 2 * small.disk


def test_files_that_cannot_be_opened_are_the_error_that_the_map_would_give(tmp_path):
    files = scene_on_grid(tmp_path, 100, 100)
    (tmp_path / "post.tif").write_bytes((tmp_path / "post.tif").read_bytes()[:200])
    with pytest.raises(InputError):
        room_needed(MapRequest(Path("m"), files, tmp_path / "out"), SPEC)


def test_the_room_of_this_machine(tmp_path):
    room = room_at(tmp_path)
    assert 0 < room.disk_free <= room.disk_total
    assert room_at(tmp_path / "nowhere").disk_free is None
