"""Tells what a file holds besides the part that its served output needs: that is never built, and so never judged."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from landslip.export.topology.classes import WARNING
from landslip.export.topology.layer_screen import SavedGraph, SavedLayer
from landslip.runtime.untrusted.printable import printable

_NAMED = 5
"""Most names that a sentence lists."""
_LISTED = 300
"""Characters of a list of names that a sentence repeats at the most."""
_CLASS = 60
"""Characters of the name of a class."""


@dataclass(frozen=True)
class LeftOut:
    """The rest of a file, of which nothing comes to life."""

    layers: int = 0
    """Number of layers that do not feed the served output; models used as layers count as what is in them."""
    outputs: tuple[str, ...] = ()
    """Names of the other outputs."""
    inputs: tuple[str, ...] = ()
    """Names of the inputs that the served output does without."""
    refused: tuple[str, ...] = ()
    """Left-out layers that landslip would refuse to build: name and class of each."""
    code: bool = False
    """True if one of those can carry code."""

    def as_json(self) -> dict[str, Any]:
        """Plain values, for records."""
        return asdict(self)

    def sentences(self) -> Iterator[str]:
        """Sentences on what is left out, for the log; none where the whole file is served."""
        if self.layers:
            rest = [_named(kind, names) for kind, names in (("output", self.outputs), ("input", self.inputs)) if names]
            many = self.layers > 1
            yield (
                f"{self.layers} layer{'s that do' if many else ' that does'} not feed the served output "
                f"{'are' if many else 'is'} left out{', with the ' * bool(rest)}{' and the '.join(rest)}"
            )
        if self.refused:
            yield f"among them, never built and never run, is what landslip would refuse: {_few(self.refused)}" + (
                f". That can carry code. {WARNING}" if self.code else ""
            )


def left_out(graph: SavedGraph, passed: Collection[tuple[str, ...]], served: str, inputs: Sequence[str]) -> LeftOut:
    """The rest of a graph.

    Args:
        graph: all layers of the file.
        passed: paths of the layers on the way to the served output.
        served: name of that output.
        inputs: names of the inputs it needs.
    """
    rest = [(path, layer) for path, layer in _leaves(graph, ()) if path not in passed]
    return LeftOut(
        layers=len(rest),
        outputs=tuple(name for name in graph.outputs if name != served),
        inputs=tuple(name for name in graph.inputs if name not in inputs),
        refused=tuple(f"{'/'.join(path)} ({printable(layer.kind, _CLASS)})" for path, layer in rest if layer.objection),
        code=any((layer.objection or "").endswith(WARNING) for _, layer in rest),
    )


def _leaves(graph: SavedGraph, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], SavedLayer]]:
    """The layers that are no models, with their paths."""
    for name, layer in graph.layers.items():
        if layer.model is None:
            yield (*above, name), layer
        else:
            yield from _leaves(layer.model, (*above, name))


def _named(kind: str, names: Sequence[str]) -> str:
    return f"{kind}{'s' * (len(names) > 1)} {_few(names)}"


def _few(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return printable(", ".join(names[:_NAMED]), _LISTED) + (f" and {more} more" if more > 0 else "")
