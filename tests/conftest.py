"""Settings for all tests, and what is made once for all processes that run them side by side."""

from __future__ import annotations

import logging
import os
import signal
import threading

import pytest
from hypothesis import settings

from helpers.together import cores_of_a_worker, workers

# No deadline: the first call of a kernel compiles it. The same examples every time where a machine runs the tests.
settings.register_profile("landslip", deadline=None, print_blob=True, derandomize="CI" in os.environ)
settings.load_profile("landslip")

# Workers share the cores. Read where the libraries are loaded, in the processes that tests start too.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    if "PYTEST_XDIST_WORKER" in os.environ:
        os.environ.setdefault(name, str(cores_of_a_worker()))

# A shell's background jobs inherit that Ctrl-C is ignored, and so would the commands that tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """Of ``-n auto``; the variable that xdist has for it wins."""
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else workers()


@pytest.fixture(scope="session", autouse=True)
def _no_config_of_the_user(tmp_path_factory):
    """What was tuned on this machine neither decides a test nor is changed by one, in processes of their own too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        yield


@pytest.fixture(autouse=True)
def _loggers_as_they_were():
    """The command sets how much is logged for its process, which here is that of other tests too."""
    for name in ("landslip", "rasterio", "pyogrio"):
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory):
    """A folder that all workers of a run share; see :func:`helpers.together.made_once`."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
