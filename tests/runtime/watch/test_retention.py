"""Retention: what is old, many or in the way goes as a whole, and nothing else ever."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landslip.runtime.run.hidden_folder import HiddenFolder
from landslip.runtime.system.drafts import PARTIAL
from landslip.runtime.watch import retention
from landslip.runtime.watch.ended_jobs import results
from landslip.runtime.watch.result_removal import remove_left, remove_result
from landslip.runtime.watch.retention import Retention
from landslip.runtime.watch.spool_folders import open_spool
from landslip.runtime.watch.spool_toml import RetentionRule

DAY = 86400.0
PRODUCTS = ("confidence.tif", "confidence.qml", "landslides.gpkg", "quicklook.png", "run.json")


@pytest.fixture
def spool(tmp_path):
    return open_spool(tmp_path / "spool")


def put_result(spool, name, *extra):
    """A result as a watcher leaves it."""
    folder = spool.out / name
    folder.mkdir()
    for product in (*PRODUCTS, *extra):
        (folder / product).write_text(product)
    marker = spool.out / f"{name}.done"
    marker.write_text(json.dumps({"job": f"{name}.toml", "folder": name, "products": {key: {} for key in PRODUCTS}}))
    return folder


def put_done(spool, name):
    (spool.done / name).write_text('pre = "a.tif"')


def put_failed(spool, name, file=None):
    file = file or f"{name}.toml"
    (spool.failed / file).write_text("pre = 3")
    (spool.failed / f"{name}.error.json").write_text(json.dumps({"job": file, "file": file, "error": {"what": "no"}}))


def swept(spool, rule, days=0.0):
    """Sweep as it would be some days from now."""
    Retention(spool, rule, lambda: time.time() + days * DAY).sweep()


def names(folder):
    return sorted(os.listdir(folder))  # noqa: PTH208


def test_without_a_rule_nothing_is_removed(spool):
    put_result(spool, "a")
    put_done(spool, "a.toml")
    put_failed(spool, "b")
    swept(spool, RetentionRule(), days=100_000)
    assert names(spool.out) == ["a", "a.done"]
    assert names(spool.done) == ["a.toml"]
    assert names(spool.failed) == ["b.error.json", "b.toml"]


def test_each_folder_has_a_rule_of_its_own(spool):
    put_result(spool, "a")
    put_done(spool, "a.toml")
    put_failed(spool, "b")
    swept(spool, RetentionRule(done_days=7, failed_days=30, out_days=90), days=8)
    assert (names(spool.done), len(names(spool.failed)), len(names(spool.out))) == ([], 2, 2)
    swept(spool, RetentionRule(done_days=7, failed_days=30, out_days=90), days=31)
    assert (names(spool.failed), len(names(spool.out))) == ([], 2)
    swept(spool, RetentionRule(done_days=7, failed_days=30, out_days=90), days=89)
    assert len(names(spool.out)) == 2
    swept(spool, RetentionRule(done_days=7, failed_days=30, out_days=90), days=91)
    assert names(spool.out) == []


@pytest.mark.parametrize("count", [0, 1, 3, 5, 9])
def test_the_newest_are_kept(spool, count):
    for number in range(5):
        put_result(spool, f"r{number}")
        put_done(spool, f"d{number}.toml")
        put_failed(spool, f"f{number}")
        time.sleep(0.02)
    swept(spool, RetentionRule(done_count=count, failed_count=count, out_count=count))
    kept = range(max(0, 5 - count), 5)
    assert names(spool.out) == sorted(name for number in kept for name in (f"r{number}", f"r{number}.done"))
    assert names(spool.done) == [f"d{number}.toml" for number in kept]
    assert names(spool.failed) == sorted(
        name for number in kept for name in (f"f{number}.error.json", f"f{number}.toml")
    )


def test_the_oldest_results_make_room_and_no_more_than_needed(spool, monkeypatch):
    for number in range(4):
        put_result(spool, f"r{number}")
        time.sleep(0.02)
    total = shutil.disk_usage(spool.out)

    def usage(path):
        gone = 4 - len(list(results(spool)))
        return total._replace(free=int((8 + gone) * 1e9))

    monkeypatch.setattr(retention.shutil, "disk_usage", usage)
    swept(spool, RetentionRule(out_least_free_gb=10))
    assert names(spool.out) == ["r2", "r2.done", "r3", "r3.done"]


def test_markers_go_with_their_job_files(spool):
    put_done(spool, "a.toml")
    (spool.done / "a.toml.done").touch()
    put_failed(spool, "b")
    (spool.failed / "b.ready").touch()
    swept(spool, RetentionRule(done_days=1, failed_days=1), days=2)
    assert names(spool.done) == names(spool.failed) == []


def test_what_is_not_published_is_kept(spool):
    folder = put_result(spool, "a")
    (spool.out / "a.done").unlink()
    swept(spool, RetentionRule(out_days=1, out_count=0), days=10)
    assert names(folder) == sorted(PRODUCTS)


def test_what_a_job_in_hand_has_the_name_of_is_kept(spool):
    put_result(spool, "a")
    (spool.work / "a").mkdir()
    swept(spool, RetentionRule(out_days=1), days=10)
    assert names(spool.out) == ["a", "a.done"]


def test_what_is_being_written_to_is_kept(spool):
    folder = put_result(spool, "a")
    held = HiddenFolder(folder)
    try:
        swept(spool, RetentionRule(out_days=1), days=10)
        assert names(spool.out) == ["a", "a.done"]
    finally:
        held.clear()
    swept(spool, RetentionRule(out_days=1), days=10)
    assert names(spool.out) == []


def test_an_unfinished_run_is_kept(spool):
    folder = put_result(spool, "a")
    (folder / PARTIAL).mkdir()
    (folder / PARTIAL / "rows.raw").write_text("rows")
    swept(spool, RetentionRule(out_days=1), days=10)
    assert (folder / PARTIAL / "rows.raw").exists()


@pytest.mark.parametrize("foreign", ["notes.txt", "landslides.gpkg-wal", "confidence.tif.aux.xml", ".hidden"])
def test_a_folder_with_anything_else_in_it_is_kept_whole(spool, foreign, caplog):
    caplog.set_level("INFO")
    folder = put_result(spool, "a", foreign)
    sweeping = Retention(spool, RetentionRule(out_days=1), lambda: time.time() + 10 * DAY, every=-1.0)
    for _ in range(3):
        sweeping.sweep()
    assert names(folder) == sorted([*PRODUCTS, foreign])
    assert (spool.out / "a.done").exists()
    assert len([record for record in caplog.records if "is kept" in record.getMessage()]) == 1


def test_a_product_that_somebody_changed_is_kept(spool):
    folder = put_result(spool, "a")
    later = time.time() + 60
    os.utime(folder / "landslides.gpkg", (later, later))
    swept(spool, RetentionRule(out_days=1), days=10)
    assert names(folder) == sorted(PRODUCTS)


def test_files_of_others_are_kept_everywhere(spool):
    (spool.done / "notes.txt").touch()
    (spool.done / ".hidden.toml").touch()
    (spool.done / "folder.toml").mkdir()
    (spool.failed / "lonely.toml").touch()
    (spool.failed / "strange.error.json").write_text("[]")
    (spool.failed / "other.error.json").write_text('{"error": "text", "file": "lonely.toml"}')
    (spool.out / "mine.done").write_text("no JSON")
    (spool.out / "mine").mkdir()
    (spool.out / "other.done").write_text('{"folder": "mine", "products": {}}')
    (spool.out / "file").touch()
    before = {folder: names(folder) for folder in (spool.done, spool.failed, spool.out)}
    rule = RetentionRule(done_count=0, failed_count=0, out_count=0, done_days=0, failed_days=0, out_days=0)
    swept(spool, rule, days=10_000)
    assert {folder: names(folder) for folder in before} == before


@pytest.mark.parametrize("file", ["../in/a.toml", "/etc/passwd", "..", "", ".x.toml", 7, None])
def test_an_error_file_cannot_lead_anywhere_else(spool, file):
    victim = spool.incoming / "a.toml"
    victim.write_text("a job")
    (spool.failed / "x.error.json").write_text(json.dumps({"file": file, "error": {}}))
    swept(spool, RetentionRule(failed_days=0), days=1)
    assert victim.exists()
    assert names(spool.failed) == ["x.error.json"]


def test_links_are_not_followed(spool, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "run.json").write_text("{}")
    (spool.out / "a").symlink_to(outside)
    (spool.out / "a.done").write_text(json.dumps({"folder": "a", "products": {}}))
    (spool.done / "b.toml").symlink_to(outside / "run.json")
    swept(spool, RetentionRule(out_days=0, done_days=0), days=10)
    assert (outside / "run.json").exists()
    assert names(spool.out) == ["a", "a.done"]
    assert names(spool.done) == ["b.toml"]


def test_a_watcher_that_was_killed_within_leaves_what_the_next_one_removes(spool):
    put_result(spool, "a").rename(spool.out / ".landslip-expired-0123abcd-a")
    swept(spool, RetentionRule(out_days=1), days=10)
    assert names(spool.out) == []


def test_what_was_put_in_at_the_last_moment_comes_back(spool):
    put_result(spool, "a").rename(spool.out / ".landslip-expired-0123abcd-a")
    (spool.out / ".landslip-expired-0123abcd-a" / "notes.txt").write_text("mine")
    remove_left(spool.out)
    assert names(spool.out / "a") == ["notes.txt"]


def test_several_watchers_sweep_one_spool(spool):
    for number in range(40):
        put_result(spool, f"r{number}")
        put_done(spool, f"d{number}.toml")
        put_failed(spool, f"f{number}")
    rule, faults = RetentionRule(done_days=1, failed_days=1, out_days=1), []

    def sweep():
        try:
            for _ in range(3):
                swept(spool, rule, days=10)
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=sweep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert names(spool.out) == names(spool.done) == names(spool.failed) == []


def test_half_a_result_is_never_seen(spool):
    for number in range(60):
        put_result(spool, f"r{number}")
    sweeping = threading.Thread(target=lambda: swept(spool, RetentionRule(out_days=1), days=10))
    sweeping.start()
    looks = 0
    while sweeping.is_alive():
        for number in range(60):
            try:
                found = names(spool.out / f"r{number}")
            except FileNotFoundError:
                continue
            looks += 1
            # Who has the folder open may still list it while it goes; under its name it is gone then.
            assert set(PRODUCTS) <= set(found) or not (spool.out / f"r{number}").exists()
    sweeping.join()
    assert looks
    assert names(spool.out) == []


def test_a_job_of_that_name_that_comes_just_then_keeps_its_folder(spool, monkeypatch):
    put_result(spool, "a")
    (ended,) = results(spool)
    (spool.work / "a").mkdir()
    assert not remove_result(spool, ended)
    assert names(spool.out / "a") == sorted(PRODUCTS)


def test_sweeps_are_seldom(spool):
    now = [time.time() + 10 * DAY]
    sweeping = Retention(spool, RetentionRule(out_days=1), lambda: now[0])
    sweeping.queue(0)
    put_result(spool, "a")
    sweeping.queue(0)
    assert names(spool.out) == ["a", "a.done"]
    now[0] += 61
    sweeping.queue(0)
    assert names(spool.out) == []


def test_a_list_removes_nothing_and_says_what_would_go(spool):
    put_result(spool, "a")
    put_result(spool, "b", "notes.txt")
    put_done(spool, "a.toml")
    rule = RetentionRule(done_days=1, out_days=1)
    lines = list(Retention(spool, rule, lambda: time.time() + 10 * DAY).listed())
    assert [line.partition(":")[0] for line in lines] == [str(spool.done / "a.toml"), str(spool.out / "a")]
    assert all("older than 1 days" in line for line in lines)
    assert names(spool.out) == ["a", "a.done", "b", "b.done"]


def test_a_folder_that_cannot_be_read_ends_nothing(spool, caplog):
    shutil.rmtree(spool.failed)
    swept(spool, RetentionRule(failed_days=1), days=10)
    assert "cannot be looked for now" in caplog.text


@given(st.lists(st.floats(0, 100), max_size=8), st.none() | st.floats(0, 100), st.none() | st.integers(0, 9))
def test_what_is_kept_is_new_enough_and_few_enough(ages, days, count):
    from landslip.runtime.watch.ended_jobs import Ended

    now = 1e9
    found = [Ended(str(number), (), now - age * DAY) for number, age in enumerate(ages)]
    gone = [each.ended for each in retention._too_old_or_many(found, days, count, now)]
    kept = [each for each in found if each not in gone]
    assert all(days is None or now - each.since <= days * DAY for each in kept)
    assert count is None or len(kept) <= count
    for each in gone:
        too_old = days is not None and now - each.since > days * DAY
        too_many = count is not None and sum(other.since >= each.since for other in found if other != each) >= count
        assert too_old or too_many
    assert [each.since for each in gone] == sorted(each.since for each in gone)
