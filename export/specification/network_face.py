"""A network from outside, as its file shows it before anything describes it: inputs, outputs, sizes of tiles."""

from __future__ import annotations

from dataclasses import dataclass

from landslip.export.specification.description import Activation


@dataclass(frozen=True)
class InputFace:
    """An input of a network."""

    name: str
    """Name of the input in the file."""
    bands: int | None
    """Number of bands; None where the file does not say it."""
    size: tuple[int | None, int | None]
    """Rows and columns; None for an open one."""


@dataclass(frozen=True)
class OutputFace:
    """An output of a network."""

    name: str
    """Name of the output in the file."""
    bands: int | None
    """Number of bands; None where the file does not say it."""
    ends_in: Activation
    """Function that the network ends in: ``none`` where it is neither of the others."""


@dataclass(frozen=True)
class NetworkFace:
    """A network from outside."""

    file: str
    """Name of its file."""
    command: str
    """Command that makes artifacts of it, without options: ``landslip export`` or ``landslip adopt``."""
    inputs: tuple[InputFace, ...]
    """The inputs, in their order."""
    outputs: tuple[OutputFace, ...]
    """The outputs, in their order; the first is the one that is mapped if nothing else is said."""
    multiple: int | None
    """Number that tile sizes have to be multiples of, as its layers let expect; None where that is not known."""
    only_size: bool
    """True if the size that the file states is the only one; else its layers may take others."""

    @property
    def tile(self) -> int | None:
        """Edge of its tiles, where the file states one size of squares."""
        sizes = {size for entry in self.inputs for size in entry.size}
        return sizes.pop() if len(sizes) == 1 else None
