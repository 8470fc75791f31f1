"""Figures that are found once: noted in one run, and taken in the next one."""

from __future__ import annotations

import json

from landslip.runtime.system.figures import figure, figures_noted, file_name


def counted():
    """A long look that counts how often it is done."""
    calls = []

    def find():
        calls.append(1)
        return [len(calls), 0.1 + 0.2]

    return find, calls


def test_what_is_noted_is_not_looked_for_again():
    find, calls = counted()
    notes = {}
    with figures_noted(notes):
        first = [figure(find, "limits", "a.tif"), figure(find, "limits", "b.tif"), figure(find, "limits", "a.tif")]
    assert first == [[1, 0.1 + 0.2], [2, 0.1 + 0.2], [3, 0.1 + 0.2]]  # asked again, it may be of other bands
    with figures_noted(json.loads(json.dumps(notes))):
        again = [figure(find, "limits", "a.tif"), figure(find, "limits", "b.tif"), figure(find, "limits", "a.tif")]
    assert again == first
    assert len(calls) == 3


def test_nothing_is_noted_outside_of_a_block():
    find, calls = counted()
    with figures_noted({}):
        pass
    assert [figure(find, "limits"), figure(find, "limits")] == [[1, 0.1 + 0.2], [2, 0.1 + 0.2]]
    assert len(calls) == 2


def test_names_of_files_are_the_same_wherever_they_lie():
    assert {file_name(path) for path in ("/a/b.tif", "c/b.tif", "b.tif", "C:\\d\\b.tif", "https://e/b.tif")} == {
        "b.tif"
    }
