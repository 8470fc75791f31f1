"""The network of an ONNX file of another program in two forms: the graph to deploy, and the file as reference."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from landslip.export.adoption.adopted_fit import AdoptedFit, fitted_to, tile_inputs
from landslip.export.adoption.folding import folded, serving
from landslip.export.adoption.foreign_file import ForeignNetwork, read_foreign
from landslip.export.adoption.foreign_operators import check_folded
from landslip.export.adoption.free_batch import mixes_tiles, with_open_batch
from landslip.export.adoption.growth import check_growth
from landslip.export.adoption.layouts import channels_last
from landslip.export.adoption.opsets import modern
from landslip.export.adoption.original import OriginalNetwork
from landslip.export.adoption.raw_face import with_raw_face
from landslip.export.conversion.kept_bands import confidences
from landslip.export.conversion.network import Network
from landslip.export.specification.description import Description
from landslip.export.topology.left_out import LeftOut
from landslip.runtime.artifacts.reference_tiles import TileArrays
from landslip.runtime.artifacts.spec import InputSpec, ModelSpec
from landslip.runtime.errors import ModelError

log = logging.getLogger(__name__)

MADE_BY = "{} itself with ONNX Runtime, node by node, CPU"
"""Name of what computes the reference."""
_ROUNDING = 1e-5
"""Distance outside 0..1, or of a sum from 1, at which a confidence is still taken for rounding."""


@dataclass(frozen=True)
class AdoptedNetwork:
    """A network that was read, and the file it lies in."""

    network: Network
    """The network, ready to be deployed and checked."""
    foreign: ForeignNetwork
    """The file."""


def read_adopted(path: Path, description: Description, *, output: str | int | None = None) -> AdoptedNetwork:
    """Read an ONNX file of another program, and give it landslip's inputs and output.

    Args:
        path: the file.
        description: what feeds the network and what its answer means.
        output: name or position of the output that is served; when not given that of the description, or the first.

    Raises:
        InputMissingError: there is no such file.
        ModelError: it cannot be run, or the description does not fit it.
    """
    log.info("reading %s", path.name)
    foreign = read_foreign(path)
    whole = folded(modern(foreign))
    check_folded(whole, path)
    check_growth(whole, description.spec.tile, path)  # before anything of it runs
    original = OriginalNetwork(foreign)
    fit = fitted_to(original, description, output)
    plain = serving(whole, fit.output)
    rest = tuple(name for name in original.outputs if name != fit.output)
    if rest:
        log.info("the other outputs are left out: %s", ", ".join(rest))
    graph, spec = _deployable(plain, fit, original)
    return AdoptedNetwork(
        Network(
            graph=graph,
            spec=spec,
            confidence=partial(_reference, original, fit),
            float32=partial(_confidence, original, fit, exact=False),
            left_out=LeftOut(layers=len(whole.graph.node) - len(plain.graph.node), outputs=rest),
            made_by=MADE_BY.format(path.name),
        ),
        foreign,
    )


def _deployable(plain: ModelProto, fit: AdoptedFit, original: OriginalNetwork) -> tuple[ModelProto, ModelSpec]:
    """The graph and its description, with an open batch where two tiles at once give what each gives by itself."""
    rng, tile, name = np.random.default_rng(0), fit.spec.tile, original.path.name
    raw = {entry.name: _random(entry, rng, (2, entry.bands, tile, tile)) for entry in fit.spec.inputs}
    graph = with_raw_face(with_open_batch(plain) if original.single else _copy(plain), fit)
    if not mixes_tiles(graph, raw):
        if original.single:
            log.info("%s takes one tile at a time; its batch is opened, and two tiles at once give the same", name)
        return graph, fit.spec
    log.info("%s takes one tile at a time, and that is kept: engines run the tiles of a batch one by one", name)
    spec = replace(fit.spec, single=True)
    return with_raw_face(_copy(plain), replace(fit, spec=spec)), spec


def _copy(model: ModelProto) -> ModelProto:
    copy = ModelProto()
    copy.CopyFrom(model)
    return copy


def _random(entry: InputSpec, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
    lows, highs = (np.reshape(each, (1, -1, 1, 1)) for each in zip(*entry.limits, strict=True))
    return (lows + (highs - lows) * rng.random(shape)).astype(entry.dtype)


def _reference(original: OriginalNetwork, fit: AdoptedFit, batch: TileArrays) -> NDArray[np.float64]:
    """Confidence that the file itself gives to raw tiles: (n, bands, tile, tile)."""
    confidence = _confidence(original, fit, batch)
    low, high = float(confidence.min()), float(confidence.max())
    # Written so that NaN fails.
    if not -_ROUNDING <= low <= high <= 1 + _ROUNDING:
        raise ModelError(
            f"{original.path}: output {fit.output!r} is no confidence from 0 to 1: it gives values from {low:.3g} to "
            f"{high:.3g}.",
            'Describe the activation that is missing (activation = "sigmoid" or "softmax"), or choose another output.',
            where=original.path,
        )
    sums = confidence.sum(axis=1)
    if fit.kept.classes and not np.abs(sums - 1.0).max() <= _ROUNDING:
        raise ModelError(
            f"{original.path}: the {fit.kept.count} bands of output {fit.output!r} are described as classes, and their "
            f"confidences add up to {sums.min():.3g} to {sums.max():.3g} where 1 is expected.",
            'Describe the activation that is missing (activation = "softmax"), or one band as the confidence (band).',
            where=original.path,
        )
    return confidence


def _confidence(
    original: OriginalNetwork, fit: AdoptedFit, batch: TileArrays, *, exact: bool = True
) -> NDArray[np.float64]:
    entries = [entry for each in fit.inputs for entry in each.entries]
    scaled = tile_inputs(fit.inputs, {entry.name: _scaled(batch[entry.name], entry) for entry in entries})
    count = len(next(iter(batch.values())))
    answers = [
        original.ask({name: each[k : k + 1] for name, each in scaled.items()}, fit.output, exact=exact)
        for k in range(count)
    ]
    answer = channels_last(np.concatenate(answers).astype(np.float64), fit.layout)
    return confidences(answer, fit.kept).astype(np.float64)


def _scaled(values: NDArray[Any], entry: InputSpec) -> NDArray[np.float64]:
    divisor, offset = (np.reshape(each, (-1, 1, 1)) for each in (entry.divisors, entry.offsets))
    scaled: NDArray[np.float64] = np.nan_to_num(values.astype(np.float64), nan=0.0) / divisor + offset
    return scaled
