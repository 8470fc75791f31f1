"""Polygraphy speaks to our log alone, and installs nothing."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from threading import Thread

import pytest

pytest.importorskip("polygraphy")

from polygraphy.logger import G_LOGGER

from landslip.runtime.engines.tensor_rt.polygraphy_log import messages_from_now


def test_every_level_goes_to_our_log_and_nothing_is_printed(caplog, capfd):
    with caplog.at_level(logging.DEBUG, "landslip"):
        for say in ("ultra_verbose", "extra_verbose", "verbose", "info", "start", "finish", "warning", "error"):
            getattr(G_LOGGER, say)(f"{say} of 100%s")
    ours = [record for record in caplog.records if record.name.startswith("landslip")]
    assert [(record.levelname, record.getMessage()) for record in ours] == [
        ("DEBUG", "TensorRT: verbose of 100%s"),
        ("DEBUG", "TensorRT: info of 100%s"),
        ("DEBUG", "TensorRT: start of 100%s"),
        ("DEBUG", "TensorRT: finish of 100%s"),
        ("WARNING", "TensorRT: warning of 100%s"),
        ("ERROR", "TensorRT: error of 100%s"),
    ]
    assert capfd.readouterr() == ("", "")


def test_the_last_error_is_the_reason_with_the_words_of_what_was_raised():
    messages = messages_from_now()
    assert messages.reason() == "no reason given"
    assert messages.reason(RuntimeError("Invalid Engine.\n")) == "Invalid Engine"
    G_LOGGER.error("Error Code 2:\n  no memory.")
    G_LOGGER.warning("something else")
    with pytest.raises(Exception, match="Invalid Engine") as error:
        G_LOGGER.critical("Invalid Engine")
    assert messages.reason() == "Error Code 2: no memory"
    assert messages.reason(error.value) == "Invalid Engine: Error Code 2: no memory"
    assert messages_from_now().reason() == "no reason given"


def test_errors_of_other_threads_are_remembered(capfd):
    messages = messages_from_now()
    thread = Thread(target=lambda: G_LOGGER.error("from C++"))
    thread.start()
    thread.join()
    assert messages.reason() == "from C++"
    assert capfd.readouterr().out == ""


def test_nothing_is_installed_whatever_the_environment_says(tmp_path):
    """In a process of its own: Polygraphy reads its environment when it is imported."""
    code = (
        "from landslip.runtime.engines.tensor_rt import polygraphy_log\n"
        "from polygraphy import mod\n"
        "try: mod.lazy_import('no_such_package').anything\n"
        "except Exception as error: print(type(error).__name__)\n"
    )
    trace = tmp_path / "installed"
    install = tmp_path / "install.py"
    install.write_text(f"open({json.dumps(str(trace))}, 'w').close()")
    environment = os.environ | {
        "POLYGRAPHY_AUTOINSTALL_DEPS": "1",
        "POLYGRAPHY_INSTALL_CMD": f"{sys.executable} {install}",
        "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
    }
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "PolygraphyException\n"
    assert not trace.exists()
