"""Names of jobs: what is a job file, and what can be the name of a folder."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landslip.runtime.watch.job_names import MOST_BYTES, fault_of_name, is_job_file, job_name


@pytest.mark.parametrize("name", ["x.toml", "x.json", "a b.toml", "x.2.toml", "Überschwemmung.toml", "x.part.toml"])
def test_a_job_file_gives_its_name_to_the_job(name):
    assert is_job_file(name)
    assert fault_of_name(name) is None
    assert job_name(name) == name.rpartition(".")[0]


@pytest.mark.parametrize(
    "name", [".x.toml", "x.toml.part", "x.tmp", "x.toml.tmp", "x.part", "x.tif", "x", "...toml", "x.TOML", "x.toml~"]
)
def test_hidden_and_unfinished_files_and_others_are_no_jobs(name):
    assert not is_job_file(name)


@pytest.mark.parametrize(
    "name",
    [
        "a..toml", " a.toml", "a .toml", "a\n.toml", "a\x1b[0m.toml", "a\\b.toml", "a:b.toml", "x.done.toml",
        "x.ready.json", "x.error.json", "x.toml.json", "é" * 101 + ".toml", "a" * (MOST_BYTES + 1) + ".toml",
        "~bad-1.toml", os.fsdecode(b"\xff.toml"),
    ],
)  # fmt: skip
def test_a_name_that_can_be_no_folder_has_a_fault_and_a_name_in_its_place(name):
    assert fault_of_name(name) is not None
    made = job_name(name)
    assert made.startswith("~bad-")
    assert made.isascii()
    assert made == job_name(name) != job_name("b" + name)


@given(st.binary(min_size=1, max_size=250).filter(lambda name: not {0, 47} & {*name}))
def test_whatever_the_name_the_job_gets_a_folder_of_its_own_in_out(name):
    file = os.fsdecode(name) + ".toml"
    made = job_name(file)
    assert made not in {"", ".", ".."}
    assert "/" not in made
    assert made.isprintable()
    assert not made.startswith(".") or not is_job_file(file)
    assert len(made.encode()) <= MOST_BYTES
