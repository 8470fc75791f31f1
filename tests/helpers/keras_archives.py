"""Small Keras archives (``.keras``) for tests, put together by hand: no TensorFlow, and anything can be made wrong."""

from __future__ import annotations

import importlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from helpers.keras_files import tiny_config, tiny_weights

GROUPS = {
    "layers/conv2d": "first",
    "layers/batch_normalization": "norm",
    "layers/conv2d_1": "prediction",
    "layers/conv2d_2": "conv_out_2",
}
"""Groups of the weights of the tiny network, and the layers they are of."""


def archived_weights(groups: Mapping[str, str] | None = None, *, named: bool = False) -> bytes:
    """``model.weights.h5`` of the tiny network.

    Args:
        groups: names of groups, and the layers whose weights they hold.
        named: keep the names of the layers, as Keras does since 3.6.
    """
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for group, name in (GROUPS if groups is None else groups).items():
            variables = file.create_group(group).create_group("vars")
            for number, values in enumerate(tiny_weights()[name].values()):
                variables[str(number)] = values.astype(np.float32)
            if named:
                variables.attrs["name"] = name
        file.create_group("optimizer").create_group("vars")["0"] = np.int64(3)
    return content.getvalue()


def archived_members(**changed: Any) -> dict[str, bytes]:
    """Files of the archive of the tiny network.

    Args:
        changed: other contents of ``config``, ``metadata`` or ``weights``; None leaves a file out.
    """
    contents: dict[str, Any] = {
        "metadata": {"keras_version": "3.3.3", "date_saved": "2026-11-29@00:00:00"},
        "config": tiny_config(),
        "weights": archived_weights(),
    } | changed
    names = {"metadata": "metadata.json", "config": "config.json", "weights": "model.weights.h5"}
    return {
        names[key]: value if isinstance(value, bytes) else json.dumps(value).encode()
        for key, value in contents.items()
        if value is not None
    }


def write_keras_archive(path: Path, members: Mapping[str, bytes] | None = None, **changed: Any) -> Path:
    """An archive of files, those of the tiny network where none are given."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (archived_members(**changed) if members is None else members).items():
            archive.writestr(name, content)
    return path


@contextmanager
def as_keras_2(version: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have tf_keras save archives as an earlier version did.

    Keras 2.12 to 2.14 went through the checkpoints of a model before its layers, and 2.12 and 2.13 counted a layer at
    each name it has there (``saving_lib.py`` of those versions).
    """
    library = importlib.import_module("tf_keras.src.saving.saving_lib")
    utils = importlib.import_module("tf_keras.src.utils.generic_utils")

    def counted_again(container: Any, weights: Any, assets: Any, inner_path: str, visited_trackables: Any) -> None:
        used: dict[str, int] = {}
        for trackable in container.values() if isinstance(container, dict) else container:
            if library._is_keras_trackable(trackable):
                name = utils.to_snake_case(trackable.__class__.__name__)
                used[name] = used.get(name, -1) + 1
                name = f"{name}_{used[name]}" if used[name] else name
                library._save_state(trackable, weights, assets, f"{inner_path}/{name}", visited_trackables)

    def in_order(trackable: Any) -> Iterator[tuple[str, Any]]:
        for name in dir(trackable):
            if not name.startswith("__") and name not in library.ATTR_SKIPLIST:
                with suppress(Exception):  # as Keras does: some properties cannot be asked for
                    yield name, getattr(trackable, name)

    with monkeypatch.context() as patch:
        patch.setattr(library.keras, "__version__", version)
        if version < "2.15":
            patch.setattr(library, "_walk_trackable", in_order)
            patch.setattr(library, "ATTR_SKIPLIST", library.ATTR_SKIPLIST - {"_layer_checkpoint_dependencies"})
        if version < "2.14":
            patch.setattr(library, "_save_container_state", counted_again)
        yield
