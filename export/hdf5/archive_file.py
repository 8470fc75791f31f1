"""Opens what was unpacked from a Keras archive (``.keras``): weights lie by number in groups named after layers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from landslip.export.hdf5.h5py_errors import h5py_errors_told
from landslip.export.hdf5.saved_model import LayerReader, SavedModel, read_array
from landslip.export.hdf5.storage_screen import FETCH_AGAIN, check_links, check_tree
from landslip.export.hdf5.text_attributes import text
from landslip.export.hdf5.unpacking import CONFIG, METADATA, WEIGHTS
from landslip.export.topology.layer_screen import SavedGraph
from landslip.export.topology.weight_groups import Groups, weight_groups
from landslip.runtime.errors import ModelError
from landslip.runtime.untrusted.json_text import parse_json
from landslip.runtime.untrusted.printable import printable

_LAYERS = {"layers": "layers", "_layer_checkpoint_dependencies": "layers"}
"""Names of the group of the layers of a model: Keras 2.12 to 2.14 went through checkpoints."""
_VARS = "vars"
"""Name of the group with the weights of a layer."""
_NAME_BYTES = 1000
_VERSION = 100
"""Characters of a version."""
_SHOWN = 200


@dataclass(frozen=True)
class ArchivedModel(SavedModel):
    """A model in an archive, unpacked."""

    _stored: Mapping[str, h5py.Group]
    """Weights of each layer by the name of its group."""

    def reader(self, graph: SavedGraph) -> LayerReader:
        """Reader that goes by the names Keras gives to groups, and compares names of layers where they are kept."""
        groups = weight_groups(graph, self.keras_version, str(self.path))
        with h5py_errors_told(self.path):
            self._check_all_belong(groups)
        return partial(self._weights, groups)

    def read_all(self) -> None:
        """Read every weight of a layer."""
        with h5py_errors_told(self.path):
            for group in self._stored.values():
                self._layer_name(group)
                for item in group.values():
                    if isinstance(item, h5py.Dataset):
                        item[()]

    def _check_all_belong(self, groups: Groups) -> None:
        """Refuse weights that belong to no layer: description and weights are then not of one model."""
        known = set(groups.values())
        for name, group in self._stored.items():
            parts = name.split("/")
            if len(group) and known.isdisjoint("/".join(parts[:end]) for end in range(1, len(parts) + 1)):
                raise ModelError(
                    f"{self.path}: holds weights in {printable(name, _SHOWN)!r}, which belong to none of its layers: "
                    f"{CONFIG} and {WEIGHTS} are not of one model. {FETCH_AGAIN}"
                )

    def _weights(
        self, groups: Groups, layer: tuple[str, ...], shapes: Mapping[str, tuple[int, ...]]
    ) -> list[NDArray[np.float32]]:
        name = "/".join(layer)
        with h5py_errors_told(self.path):
            group = self._stored.get(groups.get(layer, ""))
            items: dict[str, Any] = dict(group) if group is not None else {}
            if group is not None:
                self._check_name(group, layer)
            wanted = {str(number): weight for number, weight in enumerate(shapes)}
            # Normalization counts the samples it was adapted to in a number of its own, which changes nothing.
            spare = [key for key, item in items.items() if key not in wanted and getattr(item, "shape", None) != ()]
            missing = [key for key in wanted if not isinstance(items.get(key), h5py.Dataset)]
            if spare or missing:
                raise ModelError(
                    f"{self.path}: holds {len(items)} weights for layer {name!r}, which has {len(wanted)}"
                    f"{' (' + ', '.join(shapes) + ')' if shapes else ''}. {FETCH_AGAIN}"
                )
            return [
                read_array(items[key], f"{self.path}: weight {weight!r} of layer {name!r}", shapes[weight])
                for key, weight in wanted.items()
            ]

    def _check_name(self, group: h5py.Group, layer: tuple[str, ...]) -> None:
        found = self._layer_name(group)
        if found not in {None, layer[-1]}:
            raise ModelError(
                f"{self.path}: holds weights of layer {printable(str(found), _SHOWN)!r} where those of "
                f"{'/'.join(layer)!r} belong: {CONFIG} and {WEIGHTS} are not of one model. {FETCH_AGAIN}"
            )

    def _layer_name(self, group: h5py.Group) -> str | None:
        """The name of the layer; versions before 3.6 do not keep it."""
        return text(group, "name", self.path, _NAME_BYTES) if "name" in group.attrs else None


@contextmanager
def open_unpacked(path: Path, folder: Path) -> Iterator[ArchivedModel]:
    """Open what :func:`landslip.export.hdf5.unpacking.unpack` wrote.

    Args:
        path: the archive, for messages.
        folder: where its files are.

    Raises:
        ModelError: it is no Keras model, or holds something a Keras model does not hold.
    """
    config, version = _json(path, folder / CONFIG), "unknown"
    if (folder / METADATA).exists():
        metadata = _json(path, folder / METADATA)
        found = metadata.get("keras_version") if isinstance(metadata, dict) else None
        version = printable(found, _VERSION) if isinstance(found, str) and found else version
    with h5py_errors_told(path):
        file = h5py.File(folder / WEIGHTS, "r")
    with file:
        with h5py_errors_told(path):
            stored = _screened(file, path, (folder / WEIGHTS).stat().st_size)
        yield ArchivedModel(path, version, config, stored)


def _json(path: Path, file: Path) -> Any:
    try:
        return parse_json(file.read_bytes())
    except (ValueError, RecursionError) as error:
        reason = printable(str(error), _SHOWN)
        raise ModelError(f"{path}: its {file.name} is not valid JSON ({reason}). {FETCH_AGAIN}") from error


def _screened(file: h5py.File, path: Path, size: int) -> dict[str, h5py.Group]:
    """Groups with the weights of layers, by name. State of the optimiser and the like is never touched."""
    check_links(file, path)
    stored: dict[str, h5py.Group] = {}
    for name in map(str, file):
        if _parts(name)[0] not in _LAYERS:
            continue
        top = file[name]
        if not isinstance(top, h5py.Group):
            raise ModelError(f"{path}: {printable(name, _SHOWN)!r} in {WEIGHTS} is no group. {FETCH_AGAIN}")
        check_tree(top, path, size)
        for key, group in _with_vars(top, _parts(name)):
            if key in stored:
                raise ModelError(f"{path}: holds two groups of weights {printable(key, _SHOWN)!r}. {FETCH_AGAIN}")
            stored[key] = group
    return stored


def _parts(name: str) -> list[str]:
    """A name by its parts; Keras 2 on Windows put backslashes between them."""
    return [_LAYERS.get(part, part) for part in re.split(r"[/\\]", name)]


def _with_vars(top: h5py.Group, outside: list[str]) -> Iterator[tuple[str, h5py.Group]]:
    waiting = [(top, outside)]
    while waiting:
        group, parts = waiting.pop()
        for name, item in group.items():
            if not isinstance(item, h5py.Group):
                continue
            if name == _VARS:
                yield "/".join(parts), item
            else:
                waiting.append((item, [*parts, *_parts(name)]))
