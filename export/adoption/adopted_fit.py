"""Brings a network and its description together: which rasters feed it, which axes are which, which sizes it takes."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.export.adoption.layouts import Layout, channels_last, laid_out, layout_of_output, layouts_of_input
from landslip.export.adoption.original import DeclaredInput, OriginalNetwork
from landslip.export.conversion.kept_bands import KeptBands, kept_bands
from landslip.export.specification.description import Description
from landslip.runtime.artifacts.spec import InputSpec, ModelSpec
from landslip.runtime.errors import ModelError
from landslip.runtime.untrusted.printable import printable

log = logging.getLogger(__name__)

_LISTED = 300
"""Characters of a list of names that a message repeats at the most."""


@dataclass(frozen=True)
class FedInput:
    """Input of a network, and what it is fed with."""

    declared: DeclaredInput
    """The input."""
    entries: tuple[InputSpec, ...]
    """Inputs of the spec that are joined for it, along the channels."""
    layout: Layout = "channels first"
    """Order of its axes."""

    @property
    def channels(self) -> int:
        """Number of its channels."""
        return sum(entry.bands for entry in self.entries)


@dataclass(frozen=True)
class AdoptedFit:
    """A network whose inputs, output and sizes are settled."""

    spec: ModelSpec
    """Description of the deployed graph."""
    inputs: tuple[FedInput, ...]
    """Inputs of the network, in its order."""
    output: str
    """Name of the output that is served."""
    layout: Layout
    """Order of the axes of that output."""
    kept: KeptBands
    """Bands of it that are kept, and the activation that is added."""


def fitted_to(original: OriginalNetwork, description: Description, output: str | int | None) -> AdoptedFit:
    """A network that takes tiles as its description says, which is tried.

    Args:
        original: the network.
        description: what feeds it and what its answer means.
        output: name or position of the output that is served; that of the description when not given.

    Raises:
        ModelError: the description does not fit the network.
    """
    served = _served(original, description.served.output if output is None else output)
    fed = _fed(original, description)
    spec = replace(description.spec, fixed=_is_fixed(fed, description.spec, original))
    inputs, layout, bands = _tried(original, fed, spec.tile, served)
    if not spec.fixed:
        spec = _with_sizes(original, inputs, spec, served)
    kept = kept_bands(bands, description, served, str(original.path))
    return AdoptedFit(spec, inputs, served, layout, kept)


def tile_inputs(inputs: Sequence[FedInput], batch: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Arrays that the network itself takes, from scaled arrays of the inputs of the spec (n, bands, rows, cols)."""
    joined = {each: np.concatenate([batch[entry.name] for entry in each.entries], axis=1) for each in inputs}
    return {each.declared.name: laid_out(_typed(values, each), each.layout) for each, values in joined.items()}


def _typed(values: NDArray[Any], fed: FedInput) -> NDArray[Any]:
    return np.ascontiguousarray(values, dtype=fed.declared.dtype)


def _served(original: OriginalNetwork, wanted: str | int | None) -> str:
    names: tuple[str, ...] = original.outputs
    if wanted is None:
        return names[0]
    if isinstance(wanted, int) and 0 <= wanted < len(names):
        return names[wanted]
    if wanted in names:
        return str(wanted)
    if isinstance(wanted, str) and wanted.isdecimal() and wanted.isascii() and int(wanted) < len(names):
        return names[int(wanted)]
    raise ModelError(
        f"{original.path} has no output {wanted!r}.", f"Its outputs are: {_list(names)}.", where=original.path
    )


def _fed(original: OriginalNetwork, description: Description) -> list[FedInput]:
    names = [entry.name for entry in original.inputs]
    entries: dict[str, list[InputSpec]] = {name: [] for name in names}
    for entry, feed in zip(description.spec.inputs, description.feeds, strict=True):
        name = names[feed] if isinstance(feed, int) and feed < len(names) else feed
        if name not in entries:
            raise ModelError(
                f"{original.path} has no input {feed!r} for {entry.name} to feed.",
                f"Its inputs are: {_list(names)}. Name one of them (feeds).",
                where=original.path,
            )
        entries[str(name)].append(entry)
    fed = [FedInput(declared, tuple(entries[declared.name])) for declared in original.inputs]
    for each in fed:
        _check_fed(each, original)
    return fed


def _check_fed(fed: FedInput, original: OriginalNetwork) -> None:
    declared, given = fed.declared, ", ".join(f"{entry.name}: {entry.bands}" for entry in fed.entries) or "nothing"
    if not fed.entries or not layouts_of_input(declared.dims, fed.channels):
        sizes = " x ".join("open" if size is None else str(size) for size in declared.dims[1:])
        raise ModelError(
            f"{original.path}: its input {declared.name!r} is {sizes}, and the description gives it {fed.channels} "
            f"bands ({given}).",
            "Describe as many bands as it has channels, and name the input that each table is for (feeds).",
            where=original.path,
        )
    plain = all(set(each.divisors) == {1.0} and set(each.offsets) == {0.0} for each in fed.entries)
    if declared.dtype.kind in "iu" and not (plain and all(each.dtype == "uint8" for each in fed.entries)):
        raise ModelError(
            f"{original.path}: its input {declared.name!r} takes whole numbers, and the description gives it "
            "fractions.",
            "Describe it in 8 bits, with divisor 1 and offset 0.",
            where=original.path,
        )


def _is_fixed(fed: Sequence[FedInput], spec: ModelSpec, original: OriginalNetwork) -> bool:
    """Tell whether the file is made for one size of tiles, which has to be that of the description."""
    sizes = {size for each in fed for size in _edges(each)} - {None}
    if sizes - {spec.tile}:
        found = sorted(size for size in sizes if size is not None)
        one = f"tile = {found[0]}" if len(found) == 1 else "rows and columns of one size"
        raise ModelError(
            f"{original.path} is made for images of {' x '.join(map(str, found))} pixels, and the description says "
            f"tiles of {spec.tile}.",
            f"Describe it with {one}, or export it with open rows and columns (dynamic_axes, dynamic_shapes).",
            where=original.path,
        )
    if sizes:
        log.info("%s takes tiles of %d pixels alone, and that is kept", original.path.name, spec.tile)
    return bool(sizes)


def _edges(fed: FedInput) -> Iterator[int | None]:
    """Rows and columns of an input, as far as the order of its axes is certain."""
    _, second, third, last = fed.declared.dims
    layouts = layouts_of_input(fed.declared.dims, fed.channels)
    if "channels first" in layouts:
        yield from (third, last)
    elif layouts:
        yield from (second, third)


def _tried(
    original: OriginalNetwork, fed: list[FedInput], tile: int, served: str
) -> tuple[tuple[FedInput, ...], Layout, int]:
    """Inputs with their layouts, the layout of the output, and the number of its bands: what runs is right."""
    choices = [layouts_of_input(each.declared.dims, each.channels) for each in fed]
    failure: ModelError | None = None
    found: list[tuple[tuple[FedInput, ...], NDArray[Any]]] = []
    for layouts in product(*choices):
        inputs = tuple(replace(each, layout=layout) for each, layout in zip(fed, layouts, strict=True))
        try:
            found.append((inputs, _trial(original, inputs, tile, served)))
        except ModelError as error:
            failure = failure or error
    if not found:
        raise ModelError(
            f"{original.path} does not run with a tile of {tile} pixels: {failure}.",
            "Describe the bands and the size of tiles it was trained with, or export it again.",
            where=original.path,
        )
    if len(found) > 1:
        raise ModelError(
            f"{original.path} runs with channels before rows and behind columns, and does not say which it means.",
            "Export it with the number of channels of its inputs as a number, and other sizes open.",
            where=original.path,
        )
    (inputs, answer) = found[0]
    layout = layout_of_output(answer.shape, tile, inputs[0].layout)
    if layout is None:
        sizes = " x ".join(map(str, answer.shape))
        raise ModelError(
            f"{original.path}: output {served!r} is {sizes} for a tile of {tile} x {tile} pixels; a map needs an "
            "answer for each pixel.",
            "Name another output (output), or enlarge it in the network, and export that again.",
            where=original.path,
        )
    return inputs, layout, channels_last(answer, layout).shape[-1]


def _trial(original: OriginalNetwork, inputs: Sequence[FedInput], tile: int, served: str) -> NDArray[Any]:
    rng = np.random.default_rng(0)
    shapes = {entry.name: (1, entry.bands, tile, tile) for each in inputs for entry in each.entries}
    return original.ask(tile_inputs(inputs, {name: rng.random(shape) for name, shape in shapes.items()}), served)


def _with_sizes(original: OriginalNetwork, inputs: Sequence[FedInput], spec: ModelSpec, served: str) -> ModelSpec:
    """The spec, fixed to its size where no other one runs."""
    for size in (spec.multiple, spec.tile + spec.multiple):
        try:
            shape = _trial(original, inputs, size, served).shape
        except ModelError as error:
            if spec.multiple == spec.tile:
                log.info("%s does not run with tiles of %d pixels: those of %d alone are kept", original.path.name,
                         size, spec.tile)  # fmt: skip
                return replace(spec, fixed=True)
            raise ModelError(
                f"{original.path} does not run with tiles of {size} pixels, and the description allows all multiples "
                f"of {spec.multiple}: {error}.",
                "Describe a larger multiple.",
                where=original.path,
            ) from error
        if layout_of_output(shape, size, "channels first") is None:
            raise ModelError(
                f"{original.path}: output {served!r} is {' x '.join(map(str, shape))} for tiles of {size} pixels, and "
                f"the description allows all multiples of {spec.multiple}.",
                "Describe a larger multiple.",
                where=original.path,
            )
    return spec


def _list(names: Sequence[str]) -> str:
    return printable(", ".join(f"{index} {name}" for index, name in enumerate(names)), _LISTED)
