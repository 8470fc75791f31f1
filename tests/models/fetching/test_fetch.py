"""Downloads over bad connections: what is asked for, what is kept, and when it is given up."""

from __future__ import annotations

import contextlib
import email.utils
import hashlib
import logging
import os
import subprocess
import threading
import time

import pytest

from helpers.downloads import CONTENT, tiny_model
from helpers.http_server import FileServer, answer, send, serving
from landslip.models.fetching import download as module
from landslip.models.fetching.download import Patience
from landslip.models.fetching.download_draft import DownloadDraft
from landslip.models.fetching.fetch_file import fetch_file
from landslip.runtime.errors import FetchError, ModelError, OutputError, UsageError

QUICK = Patience(timeout=0.4, attempts=3, pause=0.01)
ETAG = {"ETag": '"one"'}


def fetch(server, folder, **options):
    return fetch_file(tiny_model(server.url), folder, patience=QUICK, **options)


def partial_in(folder):
    return folder / "net.hdf5.partial"


def assert_complete(folder):
    assert (folder / "net.hdf5").read_bytes() == CONTENT
    assert [path.name for path in folder.iterdir()] == ["net.hdf5"]


def test_a_file_arrives_under_its_name_in_a_folder_made_for_it(tmp_path):
    with serving(CONTENT) as server:
        fetched = fetch(server, tmp_path / "a" / "b")
    assert fetched.path == tmp_path / "a" / "b" / "net.hdf5"
    assert fetched.received == len(CONTENT)
    assert server.ranges == [None]
    assert_complete(tmp_path / "a" / "b")


def test_bytes_are_asked_for_as_they_are(tmp_path):
    with serving(CONTENT) as server:
        fetch(server, tmp_path)
    assert server.requests[0]["Accept-Encoding"] == "identity"
    assert server.requests[0]["User-Agent"].startswith("landslip/")


@pytest.mark.parametrize("cut", [1, 65_536, 100_003, len(CONTENT) - 1])
def test_a_download_cut_short_goes_on_at_that_byte(tmp_path, cut):
    with serving(CONTENT, send(headers=ETAG, cut=cut), send(headers=ETAG)) as server:
        fetched = fetch(server, tmp_path)
    assert server.ranges == [None, f"bytes={cut}-"]
    assert server.requests[1]["If-Range"] == '"one"'
    assert fetched.received == len(CONTENT)
    assert_complete(tmp_path)


def test_every_attempt_that_brings_something_earns_another(tmp_path):
    with serving(CONTENT, *[send(cut=20_000)] * 12, send()) as server:
        fetch(server, tmp_path)
    assert server.ranges == [None, *(f"bytes={20_000 * n}-" for n in range(1, 13))]
    assert_complete(tmp_path)


def test_a_server_that_brings_nothing_new_is_given_up_and_what_came_is_kept(tmp_path):
    always_the_same = send(cut=1000, ranges=False)
    with serving(CONTENT, always_the_same) as server, pytest.raises(FetchError, match="given up after 3") as raised:
        fetch(server, tmp_path)
    assert len(server.requests) == 1 + QUICK.attempts
    assert f"{partial_in(tmp_path)} holds 1000 of {len(CONTENT)} bytes" in raised.value.remedy
    assert (raised.value.where, raised.value.retryable) == (server.url, True)
    assert partial_in(tmp_path).read_bytes() == CONTENT[:1000]
    assert not (tmp_path / "net.hdf5").exists()


def test_the_next_run_goes_on_from_what_an_earlier_one_kept(tmp_path, caplog):
    with serving(CONTENT, send(headers=ETAG, cut=50_000), answer(500)) as server:
        with pytest.raises(FetchError):
            fetch(server, tmp_path)
        server.script = [send(headers=ETAG)]
        with caplog.at_level(logging.INFO, "landslip"):
            fetched = fetch(server, tmp_path)
    assert (server.ranges[-1], server.requests[-1]["If-Range"]) == ("bytes=50000-", '"one"')
    assert fetched.received == len(CONTENT) - 50_000
    assert "going on from it" in caplog.text
    assert_complete(tmp_path)


def test_a_server_that_ignores_ranges_sends_all_of_it_again(tmp_path, caplog):
    with (
        caplog.at_level(logging.INFO, "landslip"),
        serving(CONTENT, send(cut=50_000), send(ranges=False)) as server,
    ):
        fetched = fetch(server, tmp_path)
    assert server.ranges == [None, "bytes=50000-"]
    assert fetched.received == 50_000 + len(CONTENT)
    assert "sends it from byte 0 again" in caplog.text
    assert_complete(tmp_path)


def test_two_versions_of_a_file_are_never_joined(tmp_path):
    with serving(CONTENT[::-1], send(headers=ETAG, cut=50_000), answer(500)) as server:
        with pytest.raises(FetchError):
            fetch(server, tmp_path)
        server.content, server.script = CONTENT, [send(headers={"ETag": '"two"'})]
        fetch(server, tmp_path)
    assert server.ranges[-1] == "bytes=50000-"
    assert_complete(tmp_path)


@pytest.mark.parametrize(
    ("headers", "condition"),
    [
        ({"Last-Modified": "Wed, 21 Oct 2026 07:28:00 GMT"}, "Wed, 21 Oct 2026 07:28:00 GMT"),
        ({"ETag": 'W/"weak"'}, None),
        ({}, None),
    ],
)
def test_only_what_may_stand_in_a_condition_is_sent(tmp_path, headers, condition):
    with serving(CONTENT, send(headers=headers, cut=50_000), send(headers=headers)) as server:
        fetch(server, tmp_path)
    assert server.ranges[1] == "bytes=50000-"
    assert server.requests[1].get("If-Range") == condition
    assert_complete(tmp_path)


def test_another_copy_goes_on_where_the_first_broke_off(tmp_path):
    with serving(CONTENT, send(headers=ETAG, cut=50_000), answer(404)) as first, serving(CONTENT) as second:
        with pytest.raises(FetchError, match="404"):
            fetch(first, tmp_path)
        fetched = fetch(first, tmp_path, url=second.url)
    assert fetched.url == second.url
    assert second.ranges == ["bytes=50000-"]
    assert "If-Range" not in second.requests[0]  # the tag was the first server's
    assert_complete(tmp_path)


def test_bytes_the_server_says_it_does_not_have_are_dropped(tmp_path):
    partial_in(tmp_path).write_bytes(CONTENT[:70_000])
    with serving(CONTENT, answer(416), send()) as server:
        fetch(server, tmp_path)
    assert server.ranges == ["bytes=70000-", None]
    assert_complete(tmp_path)


def test_too_long_a_partial_file_is_begun_anew(tmp_path):
    partial_in(tmp_path).write_bytes(b"x" * (len(CONTENT) + 1))
    with serving(CONTENT) as server:
        fetch(server, tmp_path)
    assert server.ranges == [None]
    assert_complete(tmp_path)


def test_a_partial_file_that_has_all_bytes_needs_no_server(tmp_path):
    partial_in(tmp_path).write_bytes(CONTENT)
    with serving(CONTENT) as server:
        assert fetch(server, tmp_path).received == 0
    assert server.requests == []
    assert_complete(tmp_path)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "[]",
        "not JSON",
        '{"url_sha256": 1}',
        '{"url_sha256": "URL", "validator": 7}',
        "[" * 100_000,
        '{"a":' * 100_000,
    ],
    ids=["empty", "list", "text", "number", "validator", "deep list", "deep table"],
)
def test_a_damaged_note_of_the_version_is_as_none(tmp_path, note):
    with serving(CONTENT) as server:
        partial_in(tmp_path).write_bytes(CONTENT[:1000])
        (tmp_path / "net.hdf5.partial.json").write_text(
            note.replace("URL", hashlib.sha256(server.url.encode()).hexdigest())
        )
        fetch(server, tmp_path)
    assert server.ranges == ["bytes=1000-"]
    assert "If-Range" not in server.requests[0]
    assert_complete(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
def test_a_pipe_in_place_of_the_note_is_not_waited_for(tmp_path):
    partial_in(tmp_path).write_bytes(CONTENT[:1000])
    os.mkfifo(tmp_path / "net.hdf5.partial.json")
    with serving(CONTENT) as server:
        fetch(server, tmp_path)
    assert server.ranges == ["bytes=1000-"]
    assert_complete(tmp_path)


def test_a_server_that_stops_sending_is_left_and_asked_again(tmp_path):
    with serving(CONTENT, send(stall=80_000), send()) as server:
        fetch(server, tmp_path)
    assert server.ranges == [None, "bytes=65536-"]  # what came after the last full chunk is asked for again
    assert_complete(tmp_path)


def test_a_slow_server_is_borne(tmp_path):
    with serving(CONTENT, send(chunk=20_000, pause=0.05)) as server:  # longer in all than the time-out
        fetch(server, tmp_path)
    assert server.ranges == [None]
    assert_complete(tmp_path)


def test_a_server_in_trouble_is_asked_again(tmp_path, caplog):
    with serving(CONTENT, answer(500), answer(503), send()) as server:
        fetch(server, tmp_path)
    assert len(server.requests) == 3
    assert "answers 503 Service Unavailable; trying again" in caplog.text
    assert_complete(tmp_path)


@pytest.mark.parametrize(
    ("asked", "waited"), [("7", 7.0), ("86400", 60.0), ("9" * 5000, 60.0), ("tomorrow", 0.01), ("", 0.01)]
)
def test_a_server_may_ask_for_some_time(tmp_path, monkeypatch, asked, waited):
    pauses = []
    monkeypatch.setattr(module.time, "sleep", pauses.append)
    with serving(CONTENT, answer(429, Retry_After=asked), send()) as server:
        fetch(server, tmp_path)
    assert pauses == [waited]


def test_a_server_may_say_by_a_date_when_to_come_again(tmp_path, monkeypatch):
    pauses = []
    monkeypatch.setattr(module.time, "sleep", pauses.append)
    later = email.utils.formatdate(time.time() + 40, usegmt=True)
    past = "Wed, 21 Oct 2015 07:28:00 GMT"
    with serving(CONTENT, answer(503, Retry_After=later), answer(503, Retry_After=past), send()) as server:
        fetch(server, tmp_path)
    assert 30 < pauses[0] <= 40
    assert pauses[1] == 0.02


def test_pauses_double(tmp_path, monkeypatch):
    pauses = []
    monkeypatch.setattr(module.time, "sleep", pauses.append)
    with serving(CONTENT, answer(500)) as server, pytest.raises(FetchError, match="Nothing was received"):
        fetch(server, tmp_path / "new")
    assert pauses == [0.01, 0.02]
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_plain_no_is_believed_at_once(tmp_path, status):
    with serving(CONTENT, answer(status)) as server, pytest.raises(FetchError, match=f"{status}.*`url`") as caught:
        fetch(server, tmp_path)
    assert len(server.requests) == 1
    assert (caught.value.where, caught.value.option, caught.value.retryable) == (server.url, "url", False)


def test_redirects_are_followed(tmp_path):
    with serving(CONTENT, answer(302, Location="/elsewhere/file"), send()) as server:
        fetch(server, tmp_path)
    assert [request[":path"] for request in server.requests] == ["/models/net.hdf5", "/elsewhere/file"]
    assert_complete(tmp_path)


@pytest.mark.parametrize("location", ["http://[::1/x", "file:///etc/hostname"])
def test_a_server_that_leads_nowhere_is_not_the_mistake_of_the_call(tmp_path, location):
    with serving(CONTENT, answer(302, Location=location)) as server:
        with pytest.raises(FetchError, match="leads to something that is no address") as caught:
            fetch(server, tmp_path)
        assert caught.value.exit_code == 1
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (answer(200, CONTENT, Content_Length="9" * 5000), None),
        (answer(206, b"x", Content_Range=f"bytes {'1' * 5000}-2/3"), "without saying which"),
        (answer(206, b"x", Content_Range=f"bytes 0-2/{'9' * 5000}"), "without saying which"),
    ],
)
def test_numbers_of_thousands_of_digits_are_none(tmp_path, act, words):
    with serving(CONTENT, act) as server:
        if words is None:
            fetch(server, tmp_path)
            assert_complete(tmp_path)
            return
        with pytest.raises(FetchError, match=words):
            fetch(server, tmp_path)


@pytest.mark.parametrize(
    "script",
    [
        (send(headers=ETAG, cut=5000), answer(500), send(headers=ETAG)),
        (send(ranges=False, cut=5000),),
        (answer(404),),
        (answer(200, b"<html>"),),
        (answer(206, b"x"),),
        (answer(302, Location="/models/net.hdf5?token=s3cret"),),
        (answer(302, Location="http://[::1/x"),),
        (answer(200, CONTENT[::-1]),),
    ],
)
def test_user_password_and_query_are_sent_and_nowhere_else(tmp_path, caplog, script):
    with serving(CONTENT, *script) as server, caplog.at_level(logging.DEBUG, "landslip"):
        url = server.url.replace("://", "://alice:s3cret@") + "?token=s3cret#s3cret"
        try:
            said = str(fetch(server, tmp_path, url=url))
        except (FetchError, ModelError) as error:
            said = f"{error} {error.where}"
    assert server.requests[0][":path"] == "/models/net.hdf5?token=s3cret"
    assert server.requests[0]["Authorization"].startswith("Basic ")
    kept = "".join(path.read_text(errors="replace") for path in tmp_path.glob("*.json"))
    assert "s3cret" not in said + caplog.text + kept
    assert "alice" not in said + caplog.text + kept


@pytest.mark.parametrize("url", ["http://user:s3cret@127.0.0.1:1/f?s3cret", "ftp://user:s3cret@host/f?s3cret"])
def test_an_address_that_does_not_work_is_named_without_its_secrets(tmp_path, url):
    with pytest.raises((FetchError, UsageError)) as caught:
        fetch_file(tiny_model("https://host/net.hdf5"), tmp_path / "to", url=url, patience=QUICK)
    assert "s3cret" not in str(caught.value)


def test_redirects_without_an_end_are_not(tmp_path):
    with serving(CONTENT, answer(302, Location="/models/net.hdf5")) as server:
        with pytest.raises(FetchError, match="without an end"):
            fetch(server, tmp_path)
        assert len(server.requests) < 20


@pytest.mark.parametrize("span", ["", "bytes 0-9/ten", "bytes 99-100/300001"])
def test_a_part_that_was_not_asked_for_is_refused(tmp_path, span):
    partial_in(tmp_path).write_bytes(CONTENT[:50])
    with (
        serving(CONTENT, answer(206, b"0123456789", Content_Range=span)) as server,
        pytest.raises(FetchError, match=r"without saying which|from byte 99 on"),
    ):
        fetch(server, tmp_path)
    assert partial_in(tmp_path).read_bytes() == CONTENT[:50]


def test_a_proxy_is_taken_from_the_environment(tmp_path, monkeypatch):
    with serving(CONTENT) as proxy:
        monkeypatch.setenv("http_proxy", proxy.base)
        fetch_file(tiny_model("http://models.example/net.hdf5"), tmp_path, patience=QUICK)
    assert proxy.requests[0][":path"] == "http://models.example/net.hdf5"
    assert_complete(tmp_path)


@pytest.mark.parametrize(
    "url", ["http://landslip.invalid/net.hdf5", "http://127.0.0.1:1/net.hdf5"], ids=["no such host", "refused"]
)
def test_without_a_connection_it_says_how_else_the_file_can_come(tmp_path, url):
    model = tiny_model(url)
    with pytest.raises(FetchError, match="cannot be reached") as raised:
        fetch_file(model, tmp_path / "to", patience=QUICK)
    for hint in (model.url, model.sha256, str(model.size), f"landslip fetch NET --to {tmp_path / 'to'}", "https_proxy"):
        assert hint in raised.value.remedy
    assert (raised.value.where, raised.value.retryable) == (url, True)
    assert not (tmp_path / "to").exists()


def test_a_connection_that_goes_away_for_good_leaves_what_came(tmp_path):
    with serving(CONTENT, send(cut=5000)) as server:
        server.script = [lambda handler: (send(cut=5000)(handler), server.server_close())]
        with pytest.raises(FetchError, match="holds 5000 of"):
            fetch(server, tmp_path)
    assert partial_in(tmp_path).read_bytes() == CONTENT[:5000]


def certificate(folder):
    pem = folder / "server.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", pem, "-out", folder / "certificate.pem"]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    pem.write_text(pem.read_text() + (folder / "certificate.pem").read_text())
    return pem


def test_an_encrypted_connection_is_not_left_for_an_open_one(tmp_path, monkeypatch):
    pem = certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(pem))
    with serving(CONTENT) as plain, serving(CONTENT, answer(302, Location=plain.url), certificate=pem) as server:
        with pytest.raises(FetchError, match="not encrypted"):
            fetch(server, tmp_path / "to")
        assert plain.requests == []
        server.script = [answer(302, Location="/other"), send()]
        fetch(server, tmp_path / "to")
    assert_complete(tmp_path / "to")


def test_a_server_nobody_vouches_for_is_refused(tmp_path, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    with serving(CONTENT, certificate=certificate(tmp_path)) as server:
        with pytest.raises(FetchError, match=r"certificate is not accepted.*REQUESTS_CA_BUNDLE"):
            fetch(server, tmp_path / "to")
        assert server.requests == []


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://host/net.hdf5", "net.hdf5", "http://", "http://[::1"])
def test_what_is_no_web_address_is_a_mistake_of_the_call(tmp_path, url):
    with pytest.raises(UsageError, match="cannot be downloaded from"):
        fetch_file(tiny_model("https://host/net.hdf5"), tmp_path / "to", url=url, patience=QUICK)
    assert not (tmp_path / "to").exists()


def test_too_small_a_disk_is_noticed_before_the_download(tmp_path):
    with serving(CONTENT) as server:
        model = tiny_model(server.url, size=10**18)
        with pytest.raises(OutputError, match=r"MB free, and 1000000000000 MB are missing of net\.hdf5"):
            fetch_file(model, tmp_path, patience=QUICK)
    assert server.requests == []


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        fetch_file(tiny_model("http://127.0.0.1:1/net.hdf5"), tmp_path / "file" / "to", patience=QUICK)


@pytest.mark.parametrize("name", ["net.hdf5.partial", "net.hdf5.partial.json"])
def test_a_planted_link_costs_no_file_of_the_users(tmp_path, name):
    precious, folder = tmp_path / "precious", tmp_path / "shared"
    precious.write_bytes(b"keep me")
    folder.mkdir()
    (folder / name).symlink_to(precious)
    with serving(CONTENT) as server:
        if name.endswith(".json"):
            fetch(server, folder)
            assert_complete(folder)
        else:
            with pytest.raises(OutputError, match="it is a link"):
                fetch(server, folder)
    assert precious.read_bytes() == b"keep me"


def test_two_downloads_of_one_file_do_not_mix(tmp_path):
    with serving(CONTENT, send(stall=65_536), send()) as server:
        first = threading.Thread(target=patient_fetch, args=(server, tmp_path))
        first.start()
        while not (partial_in(tmp_path).exists() and partial_in(tmp_path).stat().st_size == 65_536):
            assert first.is_alive()
        with pytest.raises(OutputError, match="being written by another process") as caught:
            fetch(server, tmp_path)
        assert caught.value.retryable
        server.released.set()
        first.join()
    assert server.ranges == [None, "bytes=65536-"]
    assert_complete(tmp_path)


def patient_fetch(server: FileServer, folder):
    with contextlib.suppress(FetchError):
        fetch_file(tiny_model(server.url), folder, patience=Patience(timeout=20, attempts=3, pause=0.01))


def test_a_lock_does_not_outlive_who_held_it(tmp_path):
    with DownloadDraft(tmp_path / "net.hdf5") as held:
        held.begin(0, "http://host", None)
        held.write(CONTENT[:10])
        with pytest.raises(OutputError):
            DownloadDraft(tmp_path / "net.hdf5")
    with DownloadDraft(tmp_path / "net.hdf5") as next_one:
        assert next_one.size == 10
