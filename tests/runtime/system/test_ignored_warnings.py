"""Warnings ignored in threads that overlap, and the filters of the host afterwards."""

from __future__ import annotations

import threading
import warnings

import pytest

from landslip.runtime.system.ignored_warnings import warnings_ignored


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
