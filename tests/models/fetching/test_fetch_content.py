"""Only the published file gets its name, whatever is there and whatever a server sends."""

from __future__ import annotations

import hashlib

import pytest

from helpers.downloads import CONTENT, tiny_model
from helpers.http_server import answer, send, serving, without_length
from landslip.models.fetching.download import Patience
from landslip.models.fetching.fetch_file import fetch_file
from landslip.runtime.errors import InputError, ModelError, UsageError

QUICK = Patience(timeout=0.4, attempts=3, pause=0.01)
PAGE = b"<!DOCTYPE html><html><body>Please log in to the airport's network</body></html>" * 40
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:24b81b52\nsize 250991304\n"


def fetch(server, folder, **options):
    return fetch_file(tiny_model(server.url), folder, patience=QUICK, **options)


def digest(content):
    return hashlib.sha256(content).hexdigest()


def test_other_content_of_the_same_length_gets_no_name(tmp_path):
    other = CONTENT[::-1]
    with serving(other) as server, pytest.raises(ModelError) as raised:
        fetch(server, tmp_path)
    assert digest(other) in str(raised.value)
    assert digest(CONTENT) in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_pieces_that_do_not_fit_together_get_no_name(tmp_path):
    (tmp_path / "net.hdf5.partial").write_bytes(b"not what the server has")
    with serving(CONTENT) as server:
        with pytest.raises(ModelError, match="SHA-256"):
            fetch(server, tmp_path)
        fetch(server, tmp_path)  # what was wrong is gone, so that the next attempt begins anew
    assert server.ranges == ["bytes=23-", None]


@pytest.mark.parametrize("length", [0, 10, len(CONTENT) - 1, len(CONTENT) + 1])
def test_another_length_is_known_before_the_download(tmp_path, length):
    (tmp_path / "net.hdf5.partial").write_bytes(CONTENT[:5000])
    with serving(b"x" * length, send(ranges=False)) as server, pytest.raises(ModelError) as raised:
        fetch(server, tmp_path)
    assert f"it is {length} bytes and not {len(CONTENT)}" in str(raised.value)
    assert (tmp_path / "net.hdf5.partial").read_bytes() == CONTENT[:5000]  # it may be right all the same


def test_another_length_is_known_from_a_part_as_well(tmp_path):
    (tmp_path / "net.hdf5.partial").write_bytes(CONTENT[:5000])
    with serving(CONTENT + b"more") as server, pytest.raises(ModelError, match=f"{len(CONTENT) + 4} bytes and not"):
        fetch(server, tmp_path)
    assert server.ranges == ["bytes=5000-"]


def test_a_server_that_does_not_stop_is_stopped(tmp_path):
    with serving(CONTENT, without_length(CONTENT * 30)) as server, pytest.raises(ModelError, match="more than 300001"):
        fetch(server, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_may_come_without_its_length(tmp_path):
    with serving(CONTENT, without_length(CONTENT)) as server:
        fetch(server, tmp_path)
    assert (tmp_path / "net.hdf5").read_bytes() == CONTENT


@pytest.mark.parametrize("act", [lambda body: answer(200, body), without_length], ids=["length", "no length"])
@pytest.mark.parametrize(("body", "what"), [(PAGE, "a web page"), (POINTER, "a git-lfs pointer")])
def test_pages_and_pointers_are_told_and_cost_nothing(tmp_path, body, what, act):
    (tmp_path / "net.hdf5.partial").write_bytes(CONTENT[:5000])
    with serving(CONTENT, act(body)) as server, pytest.raises(ModelError, match=f"it is {what}"):
        fetch(server, tmp_path)
    assert len(server.requests) == 1
    assert (tmp_path / "net.hdf5.partial").read_bytes() == CONTENT[:5000]


def test_wrong_content_is_an_input_error():
    assert ModelError.exit_code == InputError.exit_code == 3


def test_a_file_that_is_there_is_checked_and_kept(tmp_path):
    (tmp_path / "net.hdf5").write_bytes(CONTENT)
    with serving(CONTENT) as server:
        fetched = fetch(server, tmp_path)
    assert fetched.received == 0
    assert server.requests == []


@pytest.mark.parametrize("there", [b"", CONTENT[:-1], CONTENT[::-1], POINTER])
def test_another_file_of_that_name_is_refused_until_it_may_be_replaced(tmp_path, there):
    path = tmp_path / "net.hdf5"
    path.write_bytes(there)
    with serving(CONTENT) as server:
        with pytest.raises(UsageError, match="is not the published file") as raised:
            fetch(server, tmp_path)
        assert f"{len(there)} bytes and SHA-256 {digest(there)}" in str(raised.value)
        assert path.read_bytes() == there
        assert server.requests == []
        fetch(server, tmp_path, overwrite=True)
    assert path.read_bytes() == CONTENT


def test_a_failed_replacement_leaves_what_was_there(tmp_path):
    (tmp_path / "net.hdf5").write_bytes(b"mine")
    with serving(CONTENT[::-1]) as server, pytest.raises(ModelError):
        fetch(server, tmp_path, overwrite=True)
    assert (tmp_path / "net.hdf5").read_bytes() == b"mine"


def test_a_folder_of_that_name_is_refused(tmp_path):
    (tmp_path / "net.hdf5").mkdir()
    with serving(CONTENT) as server, pytest.raises(UsageError, match="is a folder"):
        fetch(server, tmp_path, overwrite=True)
