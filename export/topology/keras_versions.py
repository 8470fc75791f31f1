"""Versions of Keras that mean different things by the same words."""

from __future__ import annotations

import logging
import re

from landslip.export.topology.topology import Topology
from landslip.runtime.errors import ModelError

log = logging.getLogger(__name__)

_BEFORE_HALF_PIXELS = re.compile(r"2\.[0-2]\.")


def check_version(topology: Topology, version: str, where: str) -> None:
    """Refuse, or say, what the version that wrote a file computed differently.

    The network is computed as Keras 2 computes it today. Keras 3 changed the slope of ``hard_sigmoid``. Bilinear
    enlargement took its samples from other places before TensorFlow 1.15 (tensorflow/tensorflow#33691); the version in
    a file of that time does not tell on which side of the change it was written.

    Args:
        topology: what is served.
        version: Keras version that wrote the file.
        where: the file, for messages.

    Raises:
        ModelError: the network cannot be computed as it was meant.
    """
    for node in topology.nodes:
        if version.startswith("3.") and node.options.get("activation") == "hard_sigmoid":
            raise ModelError(
                f"{where}: layer {node.name!r} has the activation 'hard_sigmoid', which Keras {version} computes "
                "differently from Keras 2, and landslip computes as Keras 2. Save the model with another activation."
            )
        if _BEFORE_HALF_PIXELS.match(version) and node.options.get("interpolation") == "bilinear":
            log.warning(
                "Layer %s enlarges bilinearly, which TensorFlow before 1.15 did by another rule; Keras %s may have "
                "used either. The graph follows today's rule. Compare a map with one of the original.",
                node.name,
                version,
            )
            return
