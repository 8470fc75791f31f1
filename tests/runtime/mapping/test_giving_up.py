"""Maps that their caller gives up, or gives too little time: whatever is being done, the caller goes on at once."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager

import pytest

import landslip
from helpers.models import brightness_model
from helpers.rasters import scene_mixed, scene_on_grid
from helpers.silent_server import silence
from landslip.runtime.system.drafts import PARTIAL

SLACK = 4.0
"""Seconds in which a busy machine may let a thread that has half a second to do come to its turn."""

MAPS = ("confidence.tif", "landslides.gpkg", "quicklook.png")

LONG = 12.0
"""Seconds that a call takes which nobody waits for."""


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """A folder with a model and a scene."""
    return tmp_path_factory.mktemp("given")


@pytest.fixture(scope="module")
def model(given):
    return brightness_model(given / "m.onnx")


@pytest.fixture(scope="module")
def mixed(given):
    return scene_mixed(given)


@pytest.fixture(scope="module")
def plain(model, mixed, given):
    """The same map in tiles of 64 without a flag or a deadline."""
    return landslip.map_scene(mixed, model=model, out=given / "plain", tile=64)


@pytest.fixture(autouse=True)
def _no_thread_stays():
    _THERE_BEFORE.clear()
    _THERE_BEFORE.update(threading.enumerate())
    yield
    wait_for_the_end()


_THERE_BEFORE: set[threading.Thread] = set()
"""Threads that tests before this one, and libraries that they used, have left in the process."""


_OURS = ("landslip", "ThreadPool")


def wait_for_the_end():
    """Wait until no thread of a map is left; none stays for longer than a library has it in hand."""
    end = time.monotonic() + 2 * LONG
    while left := {each for each in threading.enumerate() if each.name.startswith(_OURS)} - _THERE_BEFORE:
        assert time.monotonic() < end, left
        time.sleep(0.02)


class CancelsAt:
    """Progress that sets a flag in the phase, or at the tile, that it is told."""

    def __init__(self, flag, phase=None, tile=None):
        self.flag, self.phase, self.tile, self.tiles, self.phases = flag, phase, tile, 0, []

    def start(self, _what, _total, _unit):
        pass

    def advance(self, count):
        self.tiles += count
        if self.tile is not None and self.tiles >= self.tile:
            self.flag.set()

    def finish(self):
        pass

    @contextmanager
    def waiting(self, what):
        self.phases.append(what)
        if self.phase is not None and what.startswith(self.phase):
            self.flag.set()
        yield


def digests(result):
    return {name: result.record.products[name].sha256 for name in MAPS}


def named(out):
    """Names of the files that have final names in a folder."""
    return sorted(path.name for path in out.iterdir() if path.name != PARTIAL) if out.exists() else []


PHASES = (
    "opening and measuring", "loading the model", "checksums", "checking the scene", "writing confidence.tif",
    "checking the inputs again", "writing landslides.geojson", "writing report.html",
)  # fmt: skip


@pytest.mark.parametrize("phase", PHASES)
def test_a_map_is_given_up_in_every_phase_and_can_be_gone_on_with(phase, model, mixed, plain, tmp_path):
    out, flag, options = tmp_path / "out", threading.Event(), {"also": "geojson", "report": True, "tile": 64}
    progress = CancelsAt(flag, phase)
    with pytest.raises(landslip.CancelledError) as raised:
        landslip.map_scene(mixed, model=model, out=out, progress=progress, cancel=flag, **options)
    assert any(said.startswith(phase) for said in progress.phases)
    assert progress.phases[-1].startswith(phase), "it went on to the next phase"
    assert (raised.value.retryable, raised.value.option) == (True, "cancel")
    wait_for_the_end()
    assert named(out) == []
    assert digests(landslip.map_scene(mixed, model=model, out=out, resume=True, tile=64)) == digests(plain)


def test_rows_that_are_finished_are_kept_when_a_map_is_given_up(model, mixed, plain, tmp_path):
    flag, out = threading.Event(), tmp_path / "out"
    with pytest.raises(landslip.CancelledError):
        landslip.map_scene(mixed, model=model, out=out, tile=64, cancel=flag, progress=CancelsAt(flag, tile=90))
    wait_for_the_end()
    result = landslip.map_scene(mixed, model=model, out=out, tile=64, resume=True)
    assert result.record.resumed_after_row
    assert digests(result) == digests(plain)
    with pytest.raises(landslip.CancelledError):
        landslip.map_scene(
            mixed, model=model, out=tmp_path / "b", tile=64, cancel=flag, keep=False, progress=CancelsAt(flag, tile=90)
        )
    wait_for_the_end()
    assert not (tmp_path / "b").exists()


def test_nothing_is_begun_where_the_flag_is_set_or_the_time_over(model, mixed, tmp_path):
    flag = threading.Event()
    flag.set()
    with landslip.open_mapper(model) as door:
        for make in (door.map, lambda *args, **options: landslip.map_scene(*args, model=model, **options)):
            with pytest.raises(landslip.CancelledError):
                make(mixed, out=tmp_path / "out", cancel=flag)
            with pytest.raises(landslip.DeadlineError):
                make(mixed, out=tmp_path / "out", deadline=-1.0)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("deadline", [float("nan"), "soon"])
def test_a_deadline_is_a_number(deadline, model, mixed, tmp_path):
    with pytest.raises(landslip.UsageError) as raised:
        landslip.map_scene(mixed, model=model, out=tmp_path / "out", deadline=deadline)
    assert raised.value.option == "deadline"


class SlowCall:
    """A call of an engine that takes its time once, and says when it has begun."""

    def __init__(self, engine):
        self.begun, self.ended, self._real = threading.Event(), threading.Event(), engine.infer
        self.seconds = LONG

    def __call__(self, batch):
        self.begun.set()
        time.sleep(self.seconds)
        self.seconds = 0.0
        self.ended.set()
        return self._real(batch)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["cancel", "deadline"])
def test_one_long_call_of_the_engine_keeps_nobody_waiting_but_the_next_map(kind, model, tmp_path, monkeypatch):
    scene, flag = scene_on_grid(tmp_path, 150, 150), threading.Event()
    with landslip.open_mapper(model, engine="onnxruntime", tile=64) as door:
        expected = digests(door.map(scene, out=tmp_path / "plain"))
        slow = SlowCall(door._engine)
        monkeypatch.setattr(door._engine, "infer", slow)
        threading.Thread(target=lambda: (slow.begun.wait(), flag.set())).start()
        began = time.monotonic()
        options = {"cancel": flag} if kind == "cancel" else {"deadline": 1.0}
        with pytest.raises(landslip.CancelledError if kind == "cancel" else landslip.DeadlineError):
            door.map(scene, out=tmp_path / "out", **options)
        assert not slow.ended.is_set()
        assert time.monotonic() - began < 1.0 + SLACK
        result = door.map(scene, out=tmp_path / "out", overwrite=True)
        assert slow.ended.is_set()
        assert digests(result) == expected
    assert len(named(tmp_path / "out")) == len(named(tmp_path / "plain"))


@pytest.mark.slow
def test_a_server_that_is_silent_keeps_nobody_waiting(model, mixed, tmp_path, monkeypatch):
    monkeypatch.setenv("GDAL_HTTP_LOW_SPEED_TIME", "8")
    monkeypatch.setenv("GDAL_HTTP_MAX_RETRY", "0")
    flag = threading.Event()
    with silence() as server:
        threading.Thread(target=lambda: (server.came.wait(), flag.set())).start()
        began = time.monotonic()
        with pytest.raises(landslip.CancelledError):
            landslip.map_scene(
                pre=mixed.pre, post=f"http://{server.host}/post.tif", dem=mixed.dem, model=model,
                out=tmp_path / "out", cancel=flag,
            )  # fmt: skip
        assert server.came.is_set()
        assert time.monotonic() - began < SLACK


def test_who_waits_for_another_map_is_not_kept_either(model, mixed, tmp_path):
    begun, go_on = threading.Event(), threading.Event()

    class Holds(CancelsAt):
        def advance(self, _count):
            begun.set()
            go_on.wait(60)

    with landslip.open_mapper(model, tile=64) as door:
        other = threading.Thread(target=lambda: door.map(mixed, out=tmp_path / "a", progress=Holds(None)))
        other.start()
        begun.wait(60)
        with pytest.raises(landslip.DeadlineError):
            door.map(mixed, out=tmp_path / "b", deadline=0.3)
        go_on.set()
        other.join()
    assert "run.json" in named(tmp_path / "a")
    assert not (tmp_path / "b").exists()


class OncePublished:
    """A flag that is set as soon as a file has its final name."""

    def __init__(self, out):
        self.out, self.seen = out, False

    def is_set(self):
        self.seen |= (self.out / "confidence.tif").exists()
        return self.seen


def test_publishing_that_has_begun_is_finished(model, mixed, tmp_path):
    out = tmp_path / "out"
    result = landslip.map_scene(mixed, model=model, out=out, tile=64, cancel=OncePublished(out))
    assert set(named(out)) == set(result.products)


def test_a_map_with_time_enough_has_the_bytes_of_one_without_a_limit(model, mixed, plain, tmp_path):
    limited = landslip.map_scene(
        mixed, model=model, out=tmp_path / "a", tile=64, cancel=threading.Event(), deadline=3600
    )
    assert digests(limited) == digests(plain)


def test_an_error_of_the_map_comes_out_as_it_is(model, mixed, tmp_path):
    with pytest.raises(landslip.InputMissingError):
        landslip.map_scene(pre="gone.tif", post=mixed.post, dem=mixed.dem, model=model, out=tmp_path, deadline=3600)


def test_a_call_out_of_a_map_of_the_same_mapper_is_refused(model, mixed, tmp_path):
    troubles = []

    class Calls(CancelsAt):
        @contextmanager
        def waiting(self, _what):
            try:
                door.map(mixed, out=tmp_path / "inner")
            except landslip.UsageError as error:
                troubles.append(error)
            yield

    with landslip.open_mapper(model, tile=64) as door:
        door.map(mixed, out=tmp_path / "out", progress=Calls(None))
    assert troubles


@pytest.mark.parametrize("where", ["on_block", "progress"])
@pytest.mark.parametrize("call", ["map", "limited map", "landslides", "blocks"])
def test_a_call_out_of_a_map_is_refused_whatever_thread_it_would_wait_in(where, call, model, mixed, tmp_path):
    troubles = []

    def act(_):
        options = {"out": tmp_path / "inner"} | ({"cancel": threading.Event()} if call == "limited map" else {})
        try:
            getattr(door, call.split()[-1])(mixed, **options)
        except landslip.UsageError as error:
            troubles.append(error)

    class Calls(CancelsAt):
        advance = staticmethod(act)  # on the thread of a stage

    with landslip.open_mapper(model, tile=64) as door:
        how = {"on_block": act} if where == "on_block" else {"progress": Calls(None)}
        door.map(mixed, out=tmp_path / "out", **how)
        assert all("comes out of it" in str(error) for error in troubles)
        assert troubles
    assert not (tmp_path / "inner").exists()


def test_a_mapper_may_be_closed_where_a_map_says_how_far_it_is(model, mixed, plain, tmp_path):
    class Closes(CancelsAt):
        def advance(self, _count):
            door.close()

    door = landslip.open_mapper(model, tile=64)
    assert digests(door.map(mixed, out=tmp_path / "out", progress=Closes(None))) == digests(plain)
    assert door._engine is None
