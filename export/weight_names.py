"""The names of the weights that a Keras HDF5 file keeps for a layer, or for a model that is used as one."""

from __future__ import annotations

from collections.abc import Sequence

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
        """Those that stay in the group."""
        self._by_folder: dict[str, list[str]] = {}
        for name in self.all:
            for folder in _ends(name):
                self._by_folder.setdefault(folder, []).append(name)

    def of(self, layer: str) -> list[str]:
        """The names of a layer inside a model: those whose folders end with its own name."""
        return self._by_folder.get(layer, [])


def leaf(name: str) -> str:
    """What a weight is called in its layer."""
    return name.rsplit("/", 1)[-1].removesuffix(":0")


def _ends(name: str) -> list[str]:
    """All that the folders of a name end with: ``b/c`` and ``c`` of ``a/b/c/kernel:0``, and all of them."""
    folders = name.split("/", _DEEPEST + 1)[:-1]
    return ["/".join(folders[start:]) for start in range(len(folders))] if len(folders) <= _DEEPEST else []
