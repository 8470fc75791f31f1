"""Small Keras archives (``.keras``) for tests, put together by hand: no TensorFlow, and anything can be made wrong."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

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
        named: keep the names of the layers, as Keras does since 3.7.
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
