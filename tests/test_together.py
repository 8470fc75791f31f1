"""What processes that run tests side by side share."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from helpers.together import cores_of_a_worker, made_once, workers


def test_a_folder_is_filled_once_however_many_ask_for_it(tmp_path):
    made = []

    def make(folder):
        assert list(folder.iterdir()) == []
        time.sleep(0.05)  # the other one comes to wait
        (folder / "file").write_text("whole")
        made.append(folder)

    with ThreadPoolExecutor(4) as pool:
        folders = list(pool.map(lambda _: made_once(tmp_path / "shared", make), range(4)))
    assert made == [tmp_path / "shared"]
    assert {(folder / "file").read_text() for folder in folders} == {"whole"}


def test_where_it_could_not_be_filled_the_next_one_begins_anew(tmp_path):
    def fail(folder):
        (folder / "half").touch()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        made_once(tmp_path / "shared", fail)
    made_once(tmp_path / "shared", lambda folder: (folder / "whole").touch())
    assert [path.name for path in (tmp_path / "shared").iterdir()] == ["whole"]


def test_workers_share_the_cores_and_the_memory(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(6), raising=False)
    monkeypatch.setattr("os.sysconf", {"SC_PHYS_PAGES": 4 << 20, "SC_PAGE_SIZE": 4096}.get, raising=False)
    assert workers() == 4  # 16 GiB
    monkeypatch.setattr("os.sysconf", {"SC_PHYS_PAGES": 1 << 18, "SC_PAGE_SIZE": 4096}.get, raising=False)
    assert workers() == 1
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", "4")
    assert cores_of_a_worker() == 1
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", "2")
    assert cores_of_a_worker() == 3
