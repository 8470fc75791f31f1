"""Opens a Keras file as untrusted input: what it holds is checked before anything is built from it.

This module reads HDF5 files; :mod:`landslip.export.hdf5.archive_file` reads archives (``.keras``). h5py is used in this
room only, and its exceptions end in :mod:`landslip.export.hdf5.h5py_errors`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from landslip.export.hdf5.archive_file import open_unpacked
from landslip.export.hdf5.h5py_errors import h5py_errors_told
from landslip.export.hdf5.probe import probe
from landslip.export.hdf5.recognise import check_keras_file
from landslip.export.hdf5.saved_model import LayerReader, SavedModel, read_array
from landslip.export.hdf5.storage_screen import FETCH_AGAIN, check_links, check_tree
from landslip.export.hdf5.text_attributes import split_texts, text
from landslip.export.hdf5.weight_names import WeightNames, leaf
from landslip.export.topology.layer_screen import SavedGraph
from landslip.export.topology.weight_order import Paths, weight_orders
from landslip.runtime.errors import ModelError, OutputError
from landslip.runtime.untrusted.printable import printable

_OF_WEIGHTS_ALONE = ({"layer_names", "layer_names0"}, {"layers", "_layer_checkpoint_dependencies"})
"""Attributes that Keras 2, and groups that Keras 3 writes at the top of a file of weights alone."""
_OTHERWISE = {"depthwise_kernel": "kernel"}
"""Names that Keras 3 gives to weights of DepthwiseConv2D; SeparableConv2D kept the old ones."""
_CONFIG_BYTES = 8 << 20
_VERSION_BYTES = 100


@dataclass(frozen=True)
class HDF5Model(SavedModel):
    """A model in an HDF5 file, as Keras 2 and 3 save it."""

    _weights: h5py.Group
    _names: dict[str, WeightNames] = field(default_factory=dict)

    def reader(self, graph: SavedGraph) -> LayerReader:
        """Reader that goes by the names of weights, and by their order where those are none of the layers."""
        orders = weight_orders(graph)
        return lambda layer, shapes: self.weights(layer, shapes, orders.get(layer[0])) if shapes else []

    def weights(
        self, layer: tuple[str, ...], shapes: Mapping[str, tuple[int, ...]], order: Paths | None = None
    ) -> list[NDArray[np.float32]]:
        """Read a layer's weights.

        Args:
            layer: name of the layer, behind those of the models it lies in.
            shapes: name of each wanted weight (``kernel``, ``bias`` …) and the shape it has to have.
            order: of a layer in a model: every layer in there that has weights, in the order in which Keras stores
                them; None if it is not known. Names that fit come before it.

        Returns:
            Float32 arrays in the order of ``shapes``.

        Raises:
            ModelError: a weight is missing, has another shape, or holds values that are not finite.
        """
        with h5py_errors_told(self.path):
            stored, name = self._stored(layer, order), "/".join(layer)
            return [self._read(stored, name, weight, shape) for weight, shape in shapes.items()]

    def read_all(self) -> None:
        """Read every weight once, whether a layer needs it or not."""
        with h5py_errors_told(self.path):
            for group in self._weights.values():
                for name in split_texts(group, "weight_names", self.path):
                    item = group.get(name)
                    if isinstance(item, h5py.Dataset):
                        item[()]

    def _stored(self, layer: tuple[str, ...], order: Paths | None) -> dict[str, h5py.Dataset]:
        """The arrays of a layer by the name of the weight; those of a model inside lie with the outermost one."""
        outermost = layer[0]
        # Looked up below the weights only: a name that starts at the root would leave the screened part.
        group = None if outermost.startswith("/") else self._weights.get(outermost)
        if not isinstance(group, h5py.Group):
            raise ModelError(f"{self.path}: holds no weights for layer {'/'.join(layer)!r}. {FETCH_AGAIN}")
        if outermost not in self._names:
            self._names[outermost] = WeightNames(split_texts(group, "weight_names", self.path))
        names = self._of(layer, order) if len(layer) > 1 else self._names[outermost].all
        if len({leaf(entry) for entry in names}) != len(names):
            raise ModelError(f"{self.path}: holds several weights of one name for layer {'/'.join(layer)!r}.")
        found = {leaf(entry): group.get(entry) for entry in names}
        return {name: item for name, item in found.items() if isinstance(item, h5py.Dataset)}

    def _of(self, layer: tuple[str, ...], order: Paths | None) -> list[str]:
        try:
            return self._names[layer[0]].of(layer[1:], order)
        except ValueError as error:
            raise ModelError(f"{self.path}: holds for model {layer[0]!r} {error}. {FETCH_AGAIN}") from error

    def _read(
        self, stored: dict[str, h5py.Dataset], layer: str, name: str, shape: tuple[int, ...]
    ) -> NDArray[np.float32]:
        if name not in stored:
            name = _OTHERWISE.get(name, name)
        if name not in stored:
            raise ModelError(f"{self.path}: layer {layer!r} has no weight {name!r}. {FETCH_AGAIN}")
        return read_array(stored[name], f"{self.path}: weight {name!r} of layer {layer!r}", shape)


@contextmanager
def open_saved_model(path: Path, folder: Path | None = None) -> Iterator[SavedModel]:
    """Open a whole-model Keras file for reading; optimiser state is never touched.

    Args:
        path: HDF5 file written by ``model.save`` of Keras 2 or 3, or archive (``.keras``) of Keras 2.12 and later.
        folder: folder for a private copy of what is in an archive; that of temporary files when not given.

    Raises:
        InputMissingError: there is no such file.
        ModelError: it is neither, no whole Keras model, or holds something a Keras model does not hold.
        OutputError: an archive cannot be unpacked for want of space.
    """
    if check_keras_file(path) == "hdf5":
        probe(path)
        with open_here(path) as saved:
            yield saved
    else:
        with _private(folder) as unpacked:
            probe(path, unpacked)
            with open_unpacked(path, unpacked) as archived:
                yield archived


@contextmanager
def _private(folder: Path | None) -> Iterator[Path]:
    """A folder that goes with everything in it."""
    try:
        made = tempfile.TemporaryDirectory(prefix="keras-", dir=folder, ignore_cleanup_errors=True)
    except OSError as error:
        where = folder or "the folder for temporary files"
        raise OutputError(f"{where} cannot be written ({error.strerror}), so no archive can be unpacked.") from error
    with made as name:
        yield Path(name)


@contextmanager
def open_here(path: Path) -> Iterator[HDF5Model]:
    """Open an HDF5 file without asking first what it does to the HDF5 library."""
    with h5py_errors_told(path):
        file = h5py.File(path, "r")
    with file:
        with h5py_errors_told(path):
            saved = _screened(file, path)
        yield saved


def _screened(file: h5py.File, path: Path) -> HDF5Model:
    check_links(file, path)
    config = _config(file, path)
    weights = file.get("model_weights")
    if not isinstance(weights, h5py.Group):
        raise ModelError(f"{path}: holds no group 'model_weights'. {FETCH_AGAIN}")
    check_tree(weights, path, path.stat().st_size)
    version = text(file, "keras_version", path, _VERSION_BYTES) if "keras_version" in file.attrs else ""
    return HDF5Model(path, printable(version, _VERSION_BYTES) or "unknown", config, weights)


def _config(file: h5py.File, path: Path) -> Any:
    if "model_config" not in file.attrs:
        attributes, groups = _OF_WEIGHTS_ALONE
        only_weights = attributes & set(file.attrs) or groups & set(file)
        raise ModelError(
            f"{path}: holds no 'model_config', so it is not a whole Keras model"
            f"{', but weights alone, which do not say what network they belong to' if only_weights else ''}. "
            "Save the whole model with model.save('NAME.keras'), not model.save_weights()."
        )
    config = text(file, "model_config", path, _CONFIG_BYTES)
    try:
        return json.loads(config)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: its 'model_config' is not valid JSON ({error}). {FETCH_AGAIN}") from error
