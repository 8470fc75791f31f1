"""Two dates that were rendered in different ways are said, or objected to."""

from __future__ import annotations

import re

import numpy as np
import pytest

from helpers.images import read_all, warnings_in
from helpers.pictures import land, stretched_hard
from helpers.rasters import write
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles

PRE, POST = land(), land(seed=20)


def opened(folder, pre, post, **reading):
    """What is objected to when the dates are opened."""
    files = SceneFiles(
        write(folder / "1.tif", pre, 6.0), write(folder / "2.tif", post, 6.0), reading=ReadOptions(**reading)
    )
    return read_all(files)[0].doubts


def test_one_date_with_a_third_of_the_contrast_is_objected_to(tmp_path, caplog):
    dark = (PRE * 0.4).astype(np.uint8)
    for pre, post in ((dark, stretched_hard(POST, 2)), (stretched_hard(PRE, 2), dark)):
        (doubt,) = opened(tmp_path, pre, post)
        assert re.search(
            r"the pre-event image .*1\.tif has levels of \d+ to \d+ and the post-event image .*2\.tif", doubt
        )
    assert not warnings_in(caplog)
    assert not opened(tmp_path, dark, stretched_hard(POST, 2), rgb_range=(0, 200))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_stretched_date_beside_one_that_is_not_is_said(tmp_path, caplog, dtype):
    later = stretched_hard(POST, 2) if dtype == np.uint8 else POST.astype(dtype) * 30
    assert not opened(tmp_path, PRE, later)
    (warning,) = warnings_in(caplog)
    assert "one of them is stretched by its percentiles" in warning.getMessage()


ALIKE = {
    "8 bits": (PRE, POST),
    "haze": (PRE, (70 + POST * 0.6).astype(np.uint8)),
    "both stretched": (stretched_hard(PRE, 2), stretched_hard(POST, 2)),
    "16 bits": (PRE.astype(np.uint16) * 20, POST.astype(np.uint16) * 37),
    "16 bits and a stretched picture": (PRE.astype(np.uint16) * 20, stretched_hard(POST, 2)),
}


@pytest.mark.parametrize("kind", ALIKE)
def test_dates_that_were_made_alike_are_taken_as_they_are(tmp_path, caplog, kind):
    assert not opened(tmp_path, *ALIKE[kind])
    assert not warnings_in(caplog)
