"""A folder of hostile and broken files: what ``landslip export`` says of each, in a process of limited memory."""

from __future__ import annotations

import pickle
import re

import pytest

import helpers.broken_archives
import helpers.broken_graphs  # noqa: F401 - adds to the table
from helpers.broken_files import BROKEN, MARKER
from helpers.keras_files import write_keras_hdf5
from helpers.limited import run_limited
from helpers.together import made_once

LIMIT = 1 << 30
"""Bytes of address space, of which Python and its libraries take about half. TensorFlow alone would need three times
as much, so that what is refused under this limit is refused without it."""


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(shared_folder):
    def make(folder):
        for file in BROKEN:
            file.write(folder / file.name)
        commands = [["export", folder / file.name, "-o", folder / f"out-{file.name}"] for file in BROKEN]
        (folder / "outcomes.pickle").write_bytes(pickle.dumps(run_limited(commands, LIMIT)))

    return made_once(shared_folder / "broken", make)


@pytest.fixture(scope="module")
def outcomes(folder):
    found = pickle.loads((folder / "outcomes.pickle").read_bytes())  # noqa: S301
    return {file.name: outcome for file, outcome in zip(BROKEN, found, strict=True)}


@pytest.mark.parametrize("file", BROKEN, ids=lambda file: file.write.__name__)
def test_it_is_refused_in_a_sentence(file, outcomes, folder):
    outcome = outcomes[file.name]
    assert outcome.code == 3, outcome.output
    last = outcome.output.strip().splitlines()[-1]
    assert last.startswith(f"landslip: {folder / file.name}: ")
    assert re.search(file.phrase, last)
    assert len(last) < 700
    assert "Traceback" not in outcome.output
    assert outcome.loaded == ()
    assert not (folder / f"out-{file.name}").exists()


def test_no_code_was_executed(outcomes, folder):
    assert not (folder / MARKER).exists()


def test_each_file_has_its_own_name():
    assert len({file.name for file in BROKEN}) == len(BROKEN)


@pytest.mark.tensorflow
def test_a_good_file_gets_by_with_a_little_more_than_tensorflow_needs(tmp_path):
    """The limits above are no trick: nothing in an export needs more than the import of TensorFlow, some 3 GB."""
    source = write_keras_hdf5(tmp_path / "good.h5")
    (outcome,) = run_limited([["export", source, "-o", tmp_path / "out"]], 4 << 30)
    assert outcome.code == 0, outcome.output
    assert "tensorflow" in outcome.loaded
    assert (tmp_path / "out" / "good.fp32.onnx").exists()
