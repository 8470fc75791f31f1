"""The names of the weights that a Keras HDF5 file keeps for a layer, or for a model that is used as one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from landslip.export.topology.weight_order import Paths

_DEEPEST = 16
"""Most folders in front of a weight; files with more are refused before."""


class WeightNames:
    """The names in one group, by the layer they belong to."""

    def __init__(self, names: Sequence[str]) -> None:
        """Sort names.

        Args:
            names: as stored: layers and scopes with slashes between them, and the weight last.
        """
        # A name that starts at the root would leave the screened part of the file.
        self.all = [name for name in names if not name.startswith("/")]
        """Names of the weights that stay in the group."""
        self._by_folder: dict[str, list[str]] = {}
        for name in self.all:
            for folder in _ends(name):
                self._by_folder.setdefault(folder, []).append(name)

    def of(self, layer: tuple[str, ...], order: Paths | None = None) -> list[str]:
        """The names of a layer inside a model: those whose folders end with its own name.

        Where a layer of the model has none that do, they go by order, as they do in Keras.

        Args:
            layer: its name, behind those of the models it lies in inside this one.
            order: every layer that has weights, in the order of their first ones; None if it is not known.

        Raises:
            ValueError: they cannot go by order.
        """
        if order is None or self._named_after(order):
            return self._by_folder.get(layer[-1], [])
        return self._by_order(order)[layer]

    def _named_after(self, order: Paths) -> bool:
        layer_names = {path[-1] for path in order}
        return len(layer_names) == len(order) and layer_names <= self._by_folder.keys()

    def _by_order(self, order: Paths) -> dict[tuple[str, ...], list[str]]:
        found: dict[str, list[str]] = {}
        for name in self.all:
            found.setdefault(name.rpartition("/")[0], []).append(name)
        if len(found) != len(order):
            raise ValueError(f"weights of {len(found)} layers where the model has {len(order)} with weights")
        layer_names = {path[-1] for path in order}
        for folder, path in zip(found, order, strict=True):
            names = _without_suffix(folder.rpartition("/")[2])
            # The name of another layer in this place: they are not in the order of Keras.
            if path[-1] not in names and not layer_names.isdisjoint(names):
                raise ValueError(f"weights of {names[0]!r} where those of {path[-1]!r} belong")
        return dict(zip(order, found.values(), strict=True))


def leaf(name: str) -> str:
    """Name of a weight within its layer."""
    return name.rsplit("/", 1)[-1].removesuffix(":0")


def _without_suffix(scope: str) -> list[str]:
    """Names that a layer can have whose weights are in a scope: the scope's own, and that without a final number."""
    return list(dict.fromkeys([scope, re.sub(r"_\d+$", "", scope)]))


def _ends(name: str) -> list[str]:
    """All that the folders of a name end with: ``b/c`` and ``c`` of ``a/b/c/kernel:0``, and all of them."""
    folders = name.split("/", _DEEPEST + 1)[:-1]
    return ["/".join(folders[start:]) for start in range(len(folders))] if len(folders) <= _DEEPEST else []
