"""Time that an engine takes by kind of layer, as its own counters tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from landslip.benchmarks.measuring.layer_run import LayerRun
from landslip.benchmarks.measuring.onnxruntime_layers import onnxruntime_layers
from landslip.benchmarks.measuring.openvino_layers import openvino_layers

COUNTERS: Mapping[str, Callable[[Path, str, int], Iterable[LayerRun]]] = {
    "onnxruntime": onnxruntime_layers,
    "openvino": openvino_layers,
}
"""Functions that tell the layers of one tile on one thread, by engine: of a file, in a precision, for a tile's edge."""


@dataclass(frozen=True)
class LayerTime:
    """Layers of one kind."""

    kind: str
    """Kind of the layers."""
    precision: str
    """Number format they compute in, such as ``f32`` or ``I8``; empty where it does not matter."""
    layers: int
    """Number of such layers."""
    share: float
    """Share of the time of a tile."""


def layer_times(engine: str, path: Path, precision: str, tile: int) -> list[LayerTime]:
    """Time that each kind of layer takes of a tile on one thread, the most first.

    Args:
        engine: one of :data:`COUNTERS`.
        path: an ONNX file of landslip's.
        precision: what to compute in, one that the engine has on this CPU.
        tile: edge of the tile in pixels.

    Raises:
        LandslipError: the engine does not run it.
    """
    seconds: dict[tuple[str, str], list[float]] = defaultdict(list)
    for layer in COUNTERS[engine](path, precision, tile):
        seconds[layer.kind, layer.precision].append(layer.seconds)
    total = sum(map(sum, seconds.values()))
    found = [LayerTime(*key, len(each), sum(each) / total) for key, each in seconds.items()]
    return sorted(found, key=lambda entry: -entry.share)
