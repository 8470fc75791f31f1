"""Records of tuning, as landslip bench tune writes them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from helpers.exports import SOURCE
from landslip.runtime.engines.tuned import TunedWay, Tuning, machine_here, tuning_folder, versions_here


def choice_for(artifact: Path, **changes) -> TunedWay:
    """A choice for an artifact, as openvino would be one for fp32."""
    sha256 = hashlib.sha256(artifact.read_bytes()).hexdigest()
    return replace(TunedWay(artifact.name, sha256, "openvino", "cpu", "fp32", 2, 1, 10.0), **changes)


def write_tuning(*choices: TunedWay, **changes) -> Path:
    """A record of this machine, with its versions, in the user's config folder."""
    fastest_first = tuple(sorted(choices, key=lambda choice: -choice.tiles_per_second))
    tuning = Tuning("2026-11-20T10:00:00+00:00", "test", SOURCE, machine_here(), versions_here(), fastest_first)
    tuning = replace(tuning, **changes)
    path = tuning_folder() / tuning.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(tuning.to_json())
    return path
