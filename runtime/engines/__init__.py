"""Inference engines behind one protocol; :func:`open_engine` chooses one and says why.

The rest of the runtime knows engines only by :class:`Engine`. An engine of your own needs the members of the protocol;
:class:`FakeEngine` is the shortest example. Of the names here these two are public, and those that ``landslip.__all__``
lists; the others are private.
"""

from landslip.runtime.engines.backends import BACKENDS, Backend
from landslip.runtime.engines.fake import FakeEngine
from landslip.runtime.engines.opening import ENGINES, EngineOptions, open_engine
from landslip.runtime.engines.protocol import Device, Engine

__all__ = ["BACKENDS", "ENGINES", "Backend", "Device", "Engine", "EngineOptions", "FakeEngine", "open_engine"]
