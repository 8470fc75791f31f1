"""A stand-in for the engine that workers have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.errors import EngineError
from landslip.runtime.shards.order import EngineIdentity
from landslip.runtime.system.closing import Closing


class EngineElsewhere(Closing):
    """An :class:`~landslip.runtime.engines.Engine` that says what workers run, and computes nothing itself."""

    lanes = 1

    def __init__(self, identity: EngineIdentity, spec: ModelSpec) -> None:
        """Take what a worker has said.

        Args:
            identity: of the engine.
            spec: of the model.
        """
        self.name, self.version = identity.name, identity.version
        self.device, self.precision = identity.device, identity.precision
        self.spec = spec

    def infer(self, batch: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """See :class:`landslip.runtime.engines.Engine`.

        Raises:
            EngineError: always.
        """
        del batch
        raise EngineError(f"The engine {self.name} runs in other processes, and not in this one.")
