"""Warnings ignored in threads that overlap, and the filters of the host afterwards."""

from __future__ import annotations

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from landslip.runtime.system.ignored_warnings import filters_exchanged, warnings_ignored


def test_a_category_is_ignored_in_the_block_alone():
    with warnings_ignored(UserWarning):
        warnings.warn("not said", UserWarning, stacklevel=1)
        with pytest.raises(DeprecationWarning, match="said"):
            warnings.warn("said", DeprecationWarning, stacklevel=1)
    with pytest.raises(UserWarning, match="said"):  # warnings are errors in tests
        warnings.warn("said", UserWarning, stacklevel=1)


def test_threads_that_overlap_leave_the_filters_as_they_were():
    """The one that enters first leaves first."""
    filters, before = warnings.filters, list(warnings.filters)
    inside, left = threading.Barrier(2, timeout=30), threading.Event()

    def first():
        with warnings_ignored(UserWarning):
            inside.wait()
        left.set()

    def second():
        with warnings_ignored(UserWarning):
            inside.wait()
            assert left.wait(30)
            warnings.warn("not said", UserWarning, stacklevel=1)

    threads = [threading.Thread(target=work) for work in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert warnings.filters is filters
    assert list(warnings.filters) == before


def test_filters_that_the_host_exchanges_meanwhile_are_left_alone():
    before = list(warnings.filters)
    with warnings.catch_warnings():
        block = warnings_ignored(UserWarning)
        block.__enter__()
    block.__exit__(None, None, None)
    assert list(warnings.filters) == before
    with warnings_ignored(UserWarning), warnings.catch_warnings():
        warnings.resetwarnings()
    assert list(warnings.filters) == before


def test_a_filter_is_added_and_removed_between_the_exchanges_of_other_threads():
    """Added to the filters of an exchange it would be gone with them; a library is in one until it is told to go on."""
    inside, done, ignored = threading.Event(), threading.Event(), threading.Event()

    def library():
        with filters_exchanged(), warnings.catch_warnings():
            inside.set()
            assert not ignored.wait(0.2)  # who wants to ignore something waits
        done.set()

    def reader():
        assert inside.wait(30)
        with warnings_ignored(UserWarning):
            ignored.set()
            assert done.wait(30)
            warnings.warn("not said", UserWarning, stacklevel=1)

    before = list(warnings.filters)
    with ThreadPoolExecutor(2) as pool:
        for work in [pool.submit(library), pool.submit(reader)]:
            work.result(60)
    assert list(warnings.filters) == before
