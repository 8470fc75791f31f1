"""The one ``Core`` of OpenVINO in a process, which is never given up.

OpenVINO's CPU plugin gives the thread that loads it an alternate signal stack, and puts back the one before when it is
freed. With a ``Core`` for each model, and so a plugin for each, models that are closed in the order in which they were
opened leave the thread with a stack that is no longer mapped: the next signal, such as that of Ctrl-C, ends the process
with a segmentation fault. So there is one ``Core``, and everything in landslip that opens OpenVINO takes it from here.

Since models share it, no property is ever set on it: settings are given with each model that is compiled.
"""

from __future__ import annotations

import threading
from typing import Any

from landslip.runtime.engines.without_telemetry import import_openvino

_lock = threading.Lock()
_cores: list[Any] = []


def openvino_core() -> Any:
    """The ``openvino.Core`` of this process; it may be used from several threads at once.

    Raises:
        ImportError: OpenVINO is not installed, or does not load.
    """
    openvino: Any = import_openvino()
    with _lock:
        if not _cores:
            _cores.append(openvino.Core())
        return _cores[0]
