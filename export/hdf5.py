"""Opens a Keras HDF5 file as untrusted input: what it holds is checked before anything is built from it.

An HDF5 file can point out of itself (external and soft links, external and virtual datasets), claim more data than it
holds, and form cycles. None of that occurs in a file Keras wrote, so all of it is refused. h5py is used here only, and
its exceptions end here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from landslip.export.recognise import check_keras_file
from landslip.runtime.errors import LandslipError, ModelError

_low_level: Any = h5py  # h5l and h5o are compiled: no type checker sees them
_CONFIG_BYTES = 8 << 20
_OBJECTS = 50_000
_DEPTH = 12
_FETCH_AGAIN = "Fetch the file again, or save the model again as whole-model HDF5."


@dataclass(frozen=True)
class SavedModel:
    """An open, screened file; valid inside :func:`open_saved_model` only."""

    path: Path
    """The file."""
    keras_version: str
    """Keras version that wrote it, or ``unknown``."""
    config: Any
    """The parsed ``model_config``: what JSON allows, and not yet checked."""
    _weights: h5py.Group

    def weights(self, layer: tuple[str, ...], shapes: Mapping[str, tuple[int, ...]]) -> list[NDArray[np.float32]]:
        """Read a layer's weights.

        Args:
            layer: name of the layer, behind those of the models it lies in.
            shapes: name of each wanted weight (``kernel``, ``bias`` …) and the shape it has to have.

        Returns:
            Float32 arrays in the order of ``shapes``.

        Raises:
            ModelError: a weight is missing, has another shape, or holds values that are not finite.
        """
        with _h5py_errors_translated(self.path):
            stored, name = self._stored(layer), "/".join(layer)
            return [self._read(stored, name, weight, shape) for weight, shape in shapes.items()]

    def _stored(self, layer: tuple[str, ...]) -> dict[str, h5py.Dataset]:
        """The arrays of a layer by the name of the weight; those of a model inside lie with the outermost one."""
        outermost, name = layer[0], layer[-1]
        # Looked up below the weights only: a name that starts at the root would leave the screened part.
        group = None if outermost.startswith("/") else self._weights.get(outermost)
        if not isinstance(group, h5py.Group):
            raise ModelError(f"{self.path}: holds no weights for layer {'/'.join(layer)!r}. {_FETCH_AGAIN}")
        names = [entry for entry in _name_list(group, "weight_names") if not entry.startswith("/")]
        if len(layer) > 1:
            names = [entry for entry in names if f"/{entry}".rpartition("/")[0].endswith(f"/{name}")]
        if len({_leaf(entry) for entry in names}) != len(names):
            raise ModelError(f"{self.path}: holds several weights of one name for layer {'/'.join(layer)!r}.")
        found = {_leaf(entry): group.get(entry) for entry in names}
        return {leaf: item for leaf, item in found.items() if isinstance(item, h5py.Dataset)}

    def _read(
        self, stored: dict[str, h5py.Dataset], layer: str, name: str, shape: tuple[int, ...]
    ) -> NDArray[np.float32]:
        if name not in stored:
            raise ModelError(f"{self.path}: layer {layer!r} has no weight {name!r}. {_FETCH_AGAIN}")
        if stored[name].shape != shape:
            raise ModelError(
                f"{self.path}: weight {name!r} of layer {layer!r} has shape {stored[name].shape} where the "
                f"layer needs {shape}. {_FETCH_AGAIN}"
            )
        values: NDArray[np.float32] = stored[name][()].astype(np.float32, copy=False)
        if not np.isfinite(values).all():
            raise ModelError(f"{self.path}: weight {name!r} of layer {layer!r} is not finite. {_FETCH_AGAIN}")
        return values


@contextmanager
def open_saved_model(path: Path) -> Iterator[SavedModel]:
    """Open a whole-model Keras HDF5 file for reading; optimiser state is never touched.

    Args:
        path: file written by ``model.save`` of Keras 2.

    Raises:
        InputMissingError: there is no such file.
        ModelError: it is no HDF5, no whole Keras model, or holds something a Keras model does not hold.
    """
    check_keras_file(path)
    with _h5py_errors_translated(path):
        file = h5py.File(path, "r")
    with file:
        with _h5py_errors_translated(path):
            saved = _screened(file, path)
        yield saved


@contextmanager
def _h5py_errors_translated(path: Path) -> Iterator[None]:
    try:
        yield
    except LandslipError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, UnicodeError, MemoryError) as error:
        raise ModelError(f"{path}: the HDF5 file cannot be read ({error}). {_FETCH_AGAIN}") from error


def _screened(file: h5py.File, path: Path) -> SavedModel:
    _check_links(file, path)
    config = _config(file, path)
    weights = file.get("model_weights")
    if not isinstance(weights, h5py.Group):
        raise ModelError(f"{path}: holds no group 'model_weights'. {_FETCH_AGAIN}")
    _check_tree(weights, path)
    return SavedModel(path, _text(file.attrs.get("keras_version", "unknown")), config, weights)


def _config(file: h5py.File, path: Path) -> Any:
    if "model_config" not in file.attrs:
        weights = {"layer_names", "layer_names0"} & set(file.attrs) or {
            "layers",
            "_layer_checkpoint_dependencies",
        } & set(file)
        raise ModelError(
            f"{path}: holds no 'model_config', so it is not a whole Keras model"
            f"{', but weights alone, which do not say what network they belong to' if weights else ''}. "
            "Save the whole model with model.save('NAME.h5'), not model.save_weights()."
        )
    size = _low_level.h5a.open(file.id, b"model_config").get_storage_size()
    text = "" if size > _CONFIG_BYTES else _text(file.attrs["model_config"])
    if max(size, len(text)) > _CONFIG_BYTES:
        raise ModelError(
            f"{path}: its 'model_config' has {max(size, len(text))} bytes; at most {_CONFIG_BYTES} are read."
        )
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: its 'model_config' is not valid JSON ({error}). {_FETCH_AGAIN}") from error


def _check_tree(weights: h5py.Group, path: Path) -> None:
    """Walk all groups and datasets once, and refuse what points elsewhere, repeats, or claims more than is there."""
    seen: set[int] = set()
    declared = 0
    waiting: list[tuple[h5py.Group, int]] = [(weights, 0)]
    while waiting:
        group, depth = waiting.pop()
        _check_links(group, path)
        for name, item in group.items():
            _check_once(item, seen, depth, f"{path}: {group.name}/{name}")
            if isinstance(item, h5py.Group):
                waiting.append((item, depth + 1))
            else:
                declared += _checked_bytes(item, f"{path}: {group.name}/{name}")
    if declared > path.stat().st_size:
        raise ModelError(f"{path}: its weights claim {declared} bytes, more than the file has. {_FETCH_AGAIN}")


def _check_links(group: Any, path: Path) -> None:
    for name in group:
        if group.id.links.get_info(name.encode()).type != _low_level.h5l.TYPE_HARD:
            raise ModelError(
                f"{path}: {group.name.rstrip('/')}/{name} is a link to somewhere else, which Keras never writes and "
                "landslip does not follow. Do not use this file unless you know who made it."
            )


def _check_once(item: Any, seen: set[int], depth: int, where: str) -> None:
    address = int(_low_level.h5o.get_info(item.id).addr)
    if address in seen:
        raise ModelError(f"{where} occurs twice in the file, which Keras never writes. {_FETCH_AGAIN}")
    if depth > _DEPTH or len(seen) >= _OBJECTS:
        raise ModelError(f"{where}: the file nests or holds more objects than a Keras model does. {_FETCH_AGAIN}")
    seen.add(address)


def _checked_bytes(item: Any, where: str) -> int:
    if not isinstance(item, h5py.Dataset) or item.dtype.kind not in "fiu":
        raise ModelError(f"{where} is not an array of numbers. {_FETCH_AGAIN}")
    if item.external or item.is_virtual:
        raise ModelError(
            f"{where} takes its data from other files, which Keras never writes and landslip does not follow. "
            "Do not use this file unless you know who made it."
        )
    if item.chunks is not None or item.id.get_create_plist().get_nfilters():
        raise ModelError(
            f"{where} is stored in pieces or compressed, which Keras never does. Store it plainly: "
            "h5repack -l CONTI -f NONE OLD NEW."
        )
    size: int = math.prod(item.shape) * item.dtype.itemsize
    if item.id.get_storage_size() != size:
        raise ModelError(
            f"{where} claims {size} bytes and holds {item.id.get_storage_size()}: it is damaged. {_FETCH_AGAIN}"
        )
    return size


def _name_list(group: Any, key: str) -> list[str]:
    if key in group.attrs:
        return [_text(name) for name in group.attrs[key]]
    # Lists above 64 KB are split into key0, key1 ...
    names: list[str] = []
    while (part := f"{key}{len(names)}") in group.attrs:
        names.append(part)
    return [_text(name) for part in names for name in group.attrs[part]]


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _leaf(name: str) -> str:
    return name.rsplit("/", 1)[-1].removesuffix(":0")
