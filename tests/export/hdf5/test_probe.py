from __future__ import annotations

import sys
import time

import pytest

from helpers.keras_files import write_keras_hdf5
from landslip.export.hdf5.probe import probe
from landslip.runtime.errors import ModelError


@pytest.fixture
def file(tmp_path):
    return write_keras_hdf5(tmp_path / "m.h5")


def test_a_good_file_gets_through(file):
    probe(file)


def test_what_the_child_refuses_is_said_in_its_words(file):
    file.write_bytes(file.read_bytes().replace(b"model_weights", b"model_weighty"))
    with pytest.raises(ModelError, match=r"m\.h5: holds no group 'model_weights'"):
        probe(file)


@pytest.mark.slow
def test_a_file_that_keeps_the_library_busy_for_ever_is_refused(file):
    content = bytearray(file.read_bytes())
    at = content.index(b'{"class_name"') - 8  # the length of the text in the heap, which then ends among zeros
    content[at : at + 8] = (int.from_bytes(content[at : at + 8], "little") + 64).to_bytes(8, "little")
    file.write_bytes(content)
    start = time.monotonic()
    with pytest.raises(ModelError, match=r"the HDF5 library does not come back within 3 seconds .*made to do harm"):
        probe(file, seconds=3.0)
    assert time.monotonic() - start < 30


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("kill -SEGV $$", "the HDF5 library is ended by signal 11 when it reads this file"),
        ("echo first >&2; echo no library >&2; exit 1", r"the HDF5 library fails \(no library\)"),
    ],
)
def test_a_child_that_does_not_live_is_said(file, tmp_path, monkeypatch, script, message):
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(ModelError, match=message):
        probe(file)
