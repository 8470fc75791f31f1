"""What a service manager hears: real datagram sockets stand for systemd."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest

from landslip.runtime.watch.notify import Notifier

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="sockets of this kind are of Unix")


@contextmanager
def manager(address):
    """A socket that hears what is sent; its messages so far are read by calling what is given."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(address)
        receiver.setblocking(False)

        def heard():
            messages = []
            while True:
                try:
                    messages.append(receiver.recv(4096).decode())
                except BlockingIOError:
                    return messages

        yield heard


def test_a_service_says_that_it_is_ready_what_it_does_and_that_it_stops(tmp_path):
    with manager(str(tmp_path / "notify")) as heard:
        told = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        told.ready()
        told.status("mapping iburi: 3 of 70 tiles")
        told.stopping()
        assert heard() == ["READY=1", "STATUS=mapping iburi: 3 of 70 tiles", "STOPPING=1"]


@pytest.mark.skipif(sys.platform != "linux", reason="abstract names are of Linux")
def test_an_abstract_name_is_understood():
    name = f"landslip-{secrets.token_hex(8)}"
    with manager(f"\0{name}") as heard:
        Notifier({"NOTIFY_SOCKET": f"@{name}"}).ready()
        assert heard() == ["READY=1"]


@pytest.mark.parametrize("hostile", ["a\nREADY=1", "a\x1b[2Jb", "é" * 5000])
def test_a_status_is_one_line_of_one_message_whatever_a_job_is_called(tmp_path, hostile):
    with manager(str(tmp_path / "notify")) as heard:
        Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")}).status(hostile)
        (message,) = heard()
        assert message.startswith("STATUS=")
        assert message.isprintable()
        assert len(message) < 500


@pytest.mark.parametrize("name", ["", "relative", "vsock:2:1", "/nowhere/at/all", "@nobody-listens", "/" + "a" * 300])
def test_nobody_who_listens_is_no_error(name):
    told = Notifier({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "1000000"})
    told.ready()
    told.alive()
    told.stopping()


def test_a_manager_that_does_not_read_holds_nothing_up(tmp_path):
    with manager(str(tmp_path / "notify")) as heard:
        told = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        for number in range(5000):  # far more than the system keeps for a socket
            told.status(f"tile {number}")
        assert heard()[0] == "STATUS=tile 0"


def test_signs_of_life_are_sent_as_often_as_the_watchdog_needs_them_and_no_oftener(tmp_path):
    now = [100.0]
    with manager(str(tmp_path / "notify")) as heard:
        told = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "8000000"}, lambda: now[0])
        assert told.watchdog_seconds == 8.0
        for _ in range(100):
            told.alive()
        assert heard() == ["WATCHDOG=1"]
        now[0] += 1.9
        told.alive()
        assert heard() == []
        now[0] += 0.2
        told.alive()
        assert heard() == ["WATCHDOG=1"]


@pytest.mark.parametrize("usec", ["", "0", "-5", "soon", "1e6", "9" * 400, "²"])
def test_no_watchdog_is_fed_where_none_looks(tmp_path, usec):
    with manager(str(tmp_path / "notify")) as heard:
        told = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": usec})
        told.alive()
        assert told.watchdog_seconds is None
        assert heard() == []


def test_a_watchdog_of_another_process_is_not_ours():
    times = [
        Notifier({"WATCHDOG_USEC": "5000000", "WATCHDOG_PID": str(pid)}).watchdog_seconds
        for pid in (os.getpid(), os.getppid(), 4194304 + 1, "x")
    ]
    assert times == [5.0, None, None, None]


def test_the_variables_of_the_process_are_read(tmp_path):
    code = "from landslip.runtime.watch.notify import Notifier; told = Notifier(); told.ready(); told.alive()"
    with manager(str(tmp_path / "notify")) as heard:
        environment = os.environ | {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1000000"}
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)
        assert heard() == ["READY=1", "WATCHDOG=1"]
