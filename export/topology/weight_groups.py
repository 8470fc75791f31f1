"""Groups in the weights of a Keras archive (``.keras``), by the layer they belong to.

An archive keeps weights by number below the class of the layer, and a number behind the class where the model has
several of it: ``layers/conv2d_1/vars/0``. The names come from ``_save_container_state`` in ``saving_lib.py``, in keras
2.12 to 3.15 and tf_keras.
"""

from __future__ import annotations

import re
from collections import Counter

from landslip.export.topology.layer_screen import SavedGraph, SavedLayer
from landslip.export.topology.weight_order import holds_weights
from landslip.runtime.errors import ModelError

Groups = dict[tuple[str, ...], str]
"""Group of each layer, by the names of the models it lies in and its own."""

_MOST = 20_000
"""Most layers with those of models that are met again; models that hold each other again would multiply them."""
_TWICE = re.compile(r"2\.1[23]\.")
"""Versions that count layers with weights twice: they walk through checkpoints, where such a layer has two names."""
_ONCE = re.compile(r"2\.")
"""Versions that count a layer only where they meet it first."""


def weight_groups(graph: SavedGraph, keras_version: str, where: str) -> Groups:
    """The group of every layer that is no model.

    Args:
        graph: the outermost model.
        keras_version: version of Keras that wrote the file.
        where: the file, for messages.

    Raises:
        ModelError: it is not said which layer a shared one is.
    """
    walk = _GroupWalk(keras_version, where)
    walk.through(graph, (), "layers")
    return {path: group for path, group in walk.groups.items() if path not in walk.models}


class _GroupWalk:
    """One walk through a model, as Keras makes it while it saves."""

    def __init__(self, keras_version: str, where: str) -> None:
        self.groups: Groups = {}
        self.models: set[tuple[str, ...]] = set()
        self._met: dict[tuple[str, str], list[tuple[str, ...]]] = {}
        self._twice = bool(_TWICE.match(keras_version))
        self._once = not self._twice and bool(_ONCE.match(keras_version))
        self._where = where

    def through(self, graph: SavedGraph, outside: tuple[str, ...], container: str) -> None:
        """Name the groups of the layers of a model."""
        counts: Counter[str] = Counter()
        for layer in graph.layers.values():
            if (layer.function or "").startswith("ops."):
                continue  # an operation, which Keras does not count among the layers
            path, first = (*outside, layer.name), self._met_before(layer)
            if first is not None:
                self._take_over(first, path)
            if first is None or not self._once:
                name = _numbered(layer.saved_class, counts)
                if self._twice and holds_weights(layer):
                    _numbered(layer.saved_class, counts)
                if first is None:
                    self._meet(layer, path, f"{container}/{name}")

    def _meet(self, layer: SavedLayer, path: tuple[str, ...], group: str) -> None:
        self.groups[path] = group
        self._met.setdefault((layer.saved_class, layer.name), []).append(path)
        if layer.model is not None:
            self.models.add(path)
            self.through(layer.model, path, f"{group}/layers")

    def _met_before(self, layer: SavedLayer) -> tuple[str, ...] | None:
        met = self._met.get((layer.saved_class, layer.name), []) if layer.shared else []
        if len(met) > 1:
            raise ModelError(
                f"{self._where}: layer {layer.name!r} is shared with one of several layers of that name. Give the "
                "layers names of their own, and save the model again."
            )
        return met[0] if met else None

    def _take_over(self, first: tuple[str, ...], path: tuple[str, ...]) -> None:
        """Give a layer that was met before, and all that lies in it, the same groups at another place."""
        inside = [known for known in self.groups if known[: len(first)] == first]
        if len(self.groups) + len(inside) > _MOST:
            raise ModelError(f"{self._where}: its models hold each other so often that {_MOST} layers do not suffice.")
        for known in inside:
            there = (*path, *known[len(first) :])
            self.groups[there] = self.groups[known]
            if known in self.models:
                self.models.add(there)


def _numbered(saved_class: str, counts: Counter[str]) -> str:
    """Name of the next layer of a class."""
    name = _snake_case(saved_class)
    counts[name] += 1
    return name if counts[name] == 1 else f"{name}_{counts[name] - 1}"


def _snake_case(saved_class: str) -> str:
    """A class name as Keras writes it in small letters: ``p_re_lu`` for ``PReLU``."""
    parted = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", saved_class))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", parted).lower()
