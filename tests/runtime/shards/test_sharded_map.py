"""Maps in shards by executors of this process: the same bytes as from one run, whatever happens in between."""

from __future__ import annotations

import pickle
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import rasterio

from helpers.results import names_of_results
from helpers.shards import TILE, shard_event
from landslip.runtime.errors import CancelledError, InputChangedError, LandslipError, OutputError, UsageError
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.run.product_names import ROWS, made_by
from landslip.runtime.run.record_types import RunRecord
from landslip.runtime.shards import order as orders
from landslip.runtime.shards.cuts import computed_twice, pieces_of
from landslip.runtime.shards.order import ShardOrder, ShardReport
from landslip.runtime.shards.shard_job import read_job, write_job
from landslip.runtime.shards.shard_worker import run_shard
from landslip.runtime.shards.sharded_map import map_in_shards
from landslip.runtime.system.drafts import PARTIAL
from landslip.runtime.system.safe_writing import is_filled
from landslip.runtime.tiling.tile_grid import TileGrid


@pytest.fixture(scope="module")
def event(tmp_path_factory):
    return shard_event(tmp_path_factory.mktemp("event"))


@pytest.fixture
def workers():
    with ThreadPoolExecutor(2) as executor:
        yield executor


class Meddling(ThreadPoolExecutor):
    """Workers whose orders somebody may change, or with whose shards something is done."""

    def __init__(self, before=lambda order: order, after=lambda _: None):
        super().__init__(2)
        self._before, self._after, self._turn = before, after, threading.Lock()
        self.seen = []

    def submit(self, function, order):
        if function is not run_shard:
            return super().submit(function, order)

        def call():
            with self._turn:
                report = function(self._before(order))
                self._after(order)
                self.seen.append((order, report))
                return report

        return super().submit(call)


def ended_with_the_second(out):
    """What is done with an order so that the driver ends once it has kept the rows of the first shard."""

    def wait(order):
        rows = out / PARTIAL / ROWS
        until = time.monotonic() + 60
        while order.first and time.monotonic() < until:
            if is_filled(rows):
                raise MemoryError("the driver is gone")
            time.sleep(0.05)
        return order

    return wait


class GivesUp:
    """Progress that ends its run after some tiles."""

    def __init__(self, tiles):
        self._left = tiles

    def start(self, *_):
        pass

    def advance(self, count):
        self._left -= count
        if self._left < 0:
            raise MemoryError("the driver is gone")

    def finish(self):
        pass


def fail_after_the_last(order):
    """End the driver when all shards are there."""
    if order.first:
        raise MemoryError("the driver is gone")


@pytest.mark.slow
@pytest.mark.parametrize("classes", [False, True])
def test_the_same_bytes_as_one_process(tmp_path, workers, classes):
    event = shard_event(tmp_path / "event", classes=classes)
    out, spool = tmp_path / "out", tmp_path / "spool"
    record = map_in_shards(event.request(out), workers, spool)
    assert event.digests(out) == event.one_process
    one = RunRecord.read(event.folder / "one-process" / "run.json")
    assert record["fingerprint"] == one.fingerprint
    assert record["tiles"]["predicted"] == one.tiles.predicted
    assert record["tiles"]["skipped"] == one.tiles.skipped
    assert record["shards"]["count"] == 2
    assert one.shards is None
    assert RunRecord.read(out / "run.json").shards.on == "ThreadPoolExecutor"
    tiles = TileGrid.even(one.grid.height, one.grid.width, TILE, 0.5)
    twice = computed_twice(tiles, pieces_of(tiles, 2)[1].shard.first) * len(tiles.cols)
    assert record["shards"]["tiles"] == record["tiles"]["predicted"] + twice
    assert not spool.exists()
    assert sorted(path.name for path in out.iterdir()) == names_of_results(out, *made_by(classes=classes))


def test_about_200_bytes_pass_the_scheduler():
    order = ShardOrder("/network/share/spool/0123456789abcdef0123", "0123456789abcdef", 600, 660, 8)
    report = ShardReport(123_456_789, "0" * 64, (1234.567, 1234.567, 1234.567, 1234.567))
    assert len(pickle.dumps(order)) < 250
    assert len(pickle.dumps(report)) < 250


@pytest.mark.slow
def test_places_that_cannot_be_read_are_told_once(tmp_path, workers):
    event = shard_event(tmp_path / "event")
    post = event.files.post
    with rasterio.open(post) as dataset:
        profile, values = dataset.profile, dataset.read()
    blocks = {"tiled": True, "blockxsize": 64, "blockysize": 64, "compress": "deflate"}
    with rasterio.open(post, "w", **(profile | blocks)) as dataset:
        dataset.write(values)
    content = bytearray(post.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 4000] = bytes(4000)
    post.write_bytes(content)
    event = replace(event, files=replace(event.files, reading=replace(event.files.reading, on_error="skip")))
    out = tmp_path / "out"
    record = map_in_shards(event.request(out, force=True), workers, tmp_path / "spool")
    map_scene(event.request(event.folder / "one-process", force=True))
    assert event.digests(out) == event.one_process
    one = RunRecord.read(event.folder / "one-process" / "run.json")
    assert one.damaged
    assert RunRecord.read(out / "run.json").damaged == one.damaged
    assert record["not_observed_km2"]["damaged"] == one.not_observed_km2["damaged"]


@pytest.mark.slow
def test_a_run_begun_in_shards_goes_on_in_one_process_and_the_other_way_round(tmp_path, event, workers):
    with Meddling(before=ended_with_the_second(tmp_path / "a")) as ending, pytest.raises(MemoryError):
        map_in_shards(event.request(tmp_path / "a"), ending, tmp_path / "spool")
    record = map_scene(event.request(tmp_path / "a", resume=True))
    assert record["resumed_after_row"] > 0
    assert event.digests(tmp_path / "a") == event.one_process
    with pytest.raises(MemoryError):
        map_scene(event.request(tmp_path / "b"), progress=GivesUp(50))
    record = map_in_shards(event.request(tmp_path / "b", resume=True), workers, tmp_path / "spool")
    assert record["resumed_after_row"] > 0
    assert event.digests(tmp_path / "b") == event.one_process


@pytest.mark.slow
def test_finished_shards_are_taken_over_and_damaged_ones_are_computed_again(tmp_path, event, workers, caplog):
    spool = tmp_path / "spool"
    with Meddling(after=fail_after_the_last) as ending, pytest.raises(MemoryError):
        map_in_shards(event.request(tmp_path / "out"), ending, spool)
    rows = sorted(spool.glob("*/rows-*"))
    assert len(rows) == 2
    kept = rows[1].read_bytes()
    shutil.copytree(spool, tmp_path / "damaged")
    shutil.copytree(tmp_path / "out", tmp_path / "again")
    record = map_in_shards(event.request(tmp_path / "out", resume=True), workers, spool)
    assert record["shards"]["count"] == 0
    assert record["shards"]["taken_over"] >= 1  # the rows of the first one may be in the driver's own file by then
    assert event.digests(tmp_path / "out") == event.one_process
    for content in (kept[:-1], kept[:5000] + b"\xff\xfe" + kept[5002:], b""):
        (damaged,) = (tmp_path / "damaged").glob(f"*/{rows[1].name}")
        damaged.write_bytes(content)
        shutil.copytree(tmp_path / "again", tmp_path / "out-of-damaged")
        shutil.copytree(tmp_path / "damaged", tmp_path / "spool-of-damaged")
        caplog.clear()
        record = map_in_shards(
            event.request(tmp_path / "out-of-damaged", resume=True), workers, tmp_path / "spool-of-damaged"
        )
        assert record["shards"]["count"] == 1
        assert "It is computed again" in caplog.text
        assert event.digests(tmp_path / "out-of-damaged") == event.one_process
        assert not list((tmp_path / "spool-of-damaged").iterdir())
        for name in ("out-of-damaged", "spool-of-damaged"):
            shutil.rmtree(tmp_path / name)


@pytest.mark.slow
def test_a_repeated_shard_writes_the_same_bytes(tmp_path, event):
    contents = []

    def read(order):
        path = orders.rows_path(tmp_path / "spool" / order.folder.split("/")[-1], order.first, order.stop)
        contents.append((order.first, path.read_bytes()))
        if len(contents) < 4:
            run_shard(order)
            contents.append((order.first, path.read_bytes()))

    with Meddling(after=read) as workers:
        map_in_shards(event.request(tmp_path / "out"), workers, tmp_path / "spool")
    assert len(contents) == 4
    for (first, content), (again, repeated) in zip(contents[::2], contents[1::2], strict=True):
        assert (first, content) == (again, repeated)


@pytest.mark.slow
def test_a_file_that_is_damaged_on_its_way_is_computed_again(tmp_path, event, caplog):
    def damage(order, times=[]):  # noqa: B006 - remembers
        times.append(order)
        if len(times) == 1:
            path = orders.rows_path(tmp_path / "spool" / order.folder.split("/")[-1], order.first, order.stop)
            path.write_bytes(path.read_bytes()[:-100])

    with Meddling(after=damage) as workers:
        map_in_shards(event.request(tmp_path / "out"), workers, tmp_path / "spool")
        assert len(workers.seen) == 3
    assert "are computed again" in caplog.text
    assert event.digests(tmp_path / "out") == event.one_process


@pytest.mark.slow
def test_an_input_that_changes_between_shards_ends_the_map(tmp_path):
    event = shard_event(tmp_path / "event")

    def change(order):
        if order.first == 0:
            with rasterio.open(event.files.post, "r+") as dataset:
                dataset.write(np.zeros((3, 9, 9), np.uint8), window=((0, 9), (0, 9)))

    with Meddling(after=change) as workers, pytest.raises(InputChangedError) as caught:
        map_in_shards(event.request(tmp_path / "out"), workers, tmp_path / "spool")
    assert caught.value.where == str(event.files.post)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "found"),
    [("version", "9.9"), ("precision", "fp16"), ("device", "cuda"), ("name", "openvino"), ("landslip", "0.0.1")],
)
def test_a_mix_of_engines_is_refused(tmp_path, event, changed, found):
    def other(order):
        folder = Path(order.folder)
        job = read_job(folder, order.job)
        job = msgspec.structs.replace(job, engine=job.engine | {changed: found})
        return replace(order, job=write_job(job, folder))

    with Meddling(before=other) as workers, pytest.raises(UsageError) as caught:
        map_in_shards(event.request(tmp_path / "out"), workers, tmp_path / "spool")
    assert caught.value.option == "on"
    assert found in caught.value.what
    assert caught.value.what.count("landslip ") == 2  # both are named
    assert not (tmp_path / "spool").exists()


@pytest.mark.slow
def test_a_spool_that_workers_do_not_reach_is_said(tmp_path, event):
    elsewhere = Meddling(before=lambda order: replace(order, folder=order.folder.replace("spool", "other-mount")))
    with elsewhere as workers, pytest.raises(OutputError) as caught:
        map_in_shards(event.request(tmp_path / "out"), workers, tmp_path / "spool")
    assert caught.value.option == "spool"
    assert "other-mount" in caught.value.where


@pytest.mark.slow
def test_what_waits_for_a_worker_is_not_begun_once_the_map_is_given_up(tmp_path, event):
    with Meddling(before=ended_with_the_second(tmp_path / "out")) as workers:
        with pytest.raises(MemoryError):
            map_in_shards(event.request(tmp_path / "out"), workers, tmp_path / "spool")
        futures = [workers.submit(lambda _: None, None)]
        assert futures[0].result(timeout=60) is None  # nobody is in its way
    assert len(workers.seen) == 1


@pytest.mark.slow
def test_a_worker_stops_when_its_driver_has_gone(tmp_path, event):
    def leave(order):
        orders.stop_path(Path(order.folder)).touch()
        return order

    with Meddling(before=leave) as workers, pytest.raises(CancelledError, match="nobody waits"):
        map_in_shards(event.request(tmp_path / "out"), workers, tmp_path / "spool")
    assert not (tmp_path / "spool").exists()


@pytest.mark.slow
def test_two_drivers_of_one_map_do_not_share_a_spool(tmp_path, event, workers):
    found = []

    def second(order):
        with suppress(LandslipError):
            try:
                map_in_shards(event.request(tmp_path / "other"), workers, tmp_path / "spool")
            except LandslipError as error:
                found.append(error)
                raise

    with Meddling(after=second) as meddling:
        map_in_shards(event.request(tmp_path / "out"), meddling, tmp_path / "spool")
    assert isinstance(found[0], UsageError)
    assert (found[0].option, found[0].retryable) == ("spool", True)
    assert event.digests(tmp_path / "out") == event.one_process


@pytest.mark.slow
def test_what_others_have_in_the_spool_stays(tmp_path, event, workers):
    spool = tmp_path / "spool"
    (spool / "theirs").mkdir(parents=True)
    map_in_shards(event.request(tmp_path / "out"), workers, spool)
    assert [path.name for path in spool.iterdir()] == ["theirs"]


@pytest.mark.parametrize("on", ["processes", "processes:0", "processes:9999", "dask://host", "tcp://host:1", "gpu"])
def test_names_of_no_workers_are_refused(tmp_path, event, on):
    with pytest.raises(UsageError) as caught:
        map_in_shards(event.request(tmp_path / "out"), on, tmp_path / "spool")
    assert caught.value.option == "on"


def test_workers_elsewhere_need_a_spool(tmp_path, event, workers):
    for on in (workers, "dask://localhost:1"):
        with pytest.raises(UsageError) as caught:
            map_in_shards(event.request(tmp_path / "out"), on)
        assert caught.value.option == "spool"
