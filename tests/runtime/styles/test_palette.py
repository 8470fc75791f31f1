"""Colours that products share."""

from __future__ import annotations

from itertools import pairwise

from landslip.runtime.styles.palette import CLASS_COLOURS, CLASS_LABELS, DENSITY, RAMP, hexadecimal


def test_a_colour_is_written_as_the_web_writes_it():
    assert hexadecimal((255, 0, 12)) == "#ff000c"


def test_the_surer_the_darker():
    for colours in (list(CLASS_COLOURS.values()), list(reversed(RAMP)), list(reversed(DENSITY))):
        assert all(sum(darker) < sum(paler) for darker, paler in pairwise(colours))
    assert list(CLASS_COLOURS) == list(CLASS_LABELS)
