"""ModelSpec: what a model expects and what its output means. It travels inside the ONNX file as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from landslip.runtime.artifacts.channels import ImageBand, Relief, leaves
from landslip.runtime.artifacts.input_spec import (
    FED,
    LARGEST,
    MAX_BANDS,
    MAX_TEXT,
    Dtype,
    InputSpec,
    PerBand,
    Role,
    check_texts,
)
from landslip.runtime.confidence import LOWEST_THRESHOLD
from landslip.runtime.errors import ModelError, UsageError
from landslip.runtime.untrusted.json_text import parse_json
from landslip.runtime.untrusted.printable import printable, shown
from landslip.runtime.untrusted.typed_values import typed

__all__ = [
    "FED", "LARGEST", "MAX_BANDS", "MAX_TEXT", "ClassSpec", "Dtype", "InputSpec", "ModelSpec", "PerBand", "Role",
    "published_spec",
]  # fmt: skip

METADATA_KEY = "landslip.spec"
"""Key of the ONNX ``metadata_props`` entry that holds the spec."""

PRECISION_KEY = "landslip.precision"
"""Key of the entry that names what the graph computes in: ``fp32``, ``fp16``, ``int8``."""

TARGET_KEY = "landslip.target"
"""Key of the entry that names the backend the graph is made for: ``onnx`` (any; also when absent), ``openvino``,
``tensorrt``."""


MAX_TILE = 8192
"""Pixels; a larger tile is a typing error."""

MAX_INPUTS = 16
"""Inputs of a network; more is a typing error."""

MAX_CLASSES = 32
"""Classes of a network; more is a typing error."""

FINEST = 0.01
"""Metres of a pixel; a finer map would never be finished."""


@dataclass(frozen=True)
class ClassSpec:
    """A class of a network that tells several apart."""

    name: str
    """Name of the class."""
    landslide: bool
    """True if pixels of it are landslide."""


@dataclass(frozen=True)
class ModelSpec:
    """Everything a runtime has to know about a model besides its weights."""

    name: str
    """Short name, such as ``M_ALL_006``."""
    inputs: tuple[InputSpec, ...]
    """Inputs of the graph in its order."""
    output: str
    """Name of the output that is mapped: float32 (batch, :attr:`output_bands`, tile, tile), 0..1."""
    tile: int
    """Tile edge in pixels the network was trained with."""
    multiple: int
    """Tile edges have to be multiples of this, because of the strides inside the network."""
    resolution: float
    """Ground resolution in metres per pixel the network was trained with."""
    threshold: float
    """Confidence from which on a pixel counts as landslide."""
    meaning: str
    """Meaning of the output."""
    source: str
    """Origin of the weights, for people."""
    fixed: bool = False
    """True if tiles can have no other size than ``tile``: some networks have layers made for one size."""
    single: bool = False
    """True if the graph takes one tile at a time; engines run the tiles of a batch one by one then."""
    notice: str = ""
    """Sentence that everybody who sees a map of it has to know: that it is for demonstration, for example."""
    classes: tuple[ClassSpec, ...] = ()
    """Classes that the bands of the output are the confidences of, for a map of classes; empty where its only band is
    the confidence that there is a landslide. That is the sum over the classes that are."""

    @property
    def output_bands(self) -> int:
        """Number of bands of the output."""
        return len(self.classes) or 1

    @property
    def landslide_bands(self) -> tuple[int, ...]:
        """Bands of the output, from 0, whose sum is the confidence of landslide."""
        return tuple(band for band, each in enumerate(self.classes) if each.landslide) or (0,)

    @property
    def leaves(self) -> frozenset[ImageBand | Relief]:
        """Bands of images and layers of terrain that the inputs are made of."""
        return frozenset(leaf for entry in self.inputs for channel in entry.shows for leaf in leaves(channel))

    def checked_tile(self, tile: int | None) -> int:
        """The edge of a tile: ``tile`` if the model can take it, or the one it was trained with.

        Raises:
            UsageError: the model cannot take it.
        """
        size = self.tile if tile is None else tile
        if self.fixed and size != self.tile:
            raise UsageError(
                f"Tiles of {size} pixels do not fit the model {self.name}: it was made for {self.tile} pixels alone.",
                option="tile",
            )
        if not self.multiple <= size <= MAX_TILE or size % self.multiple:
            raise UsageError(
                f"Tiles of {size} pixels do not fit the model {self.name}: its strides need a multiple of "
                f"{self.multiple} up to {MAX_TILE}, such as {self.tile}.",
                option="tile",
            )
        return size

    def check(self) -> None:
        """Check every range.

        Raises:
            ValueError: one is out of it; the message names it. Types are those of the fields.
        """
        for entry in self.inputs:
            entry.check()
        check_texts(self, "name", "output", "meaning", "source", "notice")
        # It becomes part of the names of files.
        if self.name != Path(self.name).name or self.name.startswith(".") or not self.name or not self.output:
            raise ValueError(f"name {shown(self.name)} or output {shown(self.output)} is no plain name")
        _check_classes(self.classes)
        if not self.inputs or len({entry.name for entry in self.inputs}) != len(self.inputs):
            raise ValueError("input names are missing or repeated")
        if len(self.inputs) > MAX_INPUTS:
            raise ValueError(f"there are {len(self.inputs)} inputs, and {MAX_INPUTS} at the most")
        if not (1 <= self.multiple <= self.tile <= MAX_TILE and self.tile % self.multiple == 0):
            raise ValueError(f"tile {shown(self.tile)} is not a multiple of {shown(self.multiple)} up to {MAX_TILE}")
        if not (FINEST <= self.resolution <= LARGEST and LOWEST_THRESHOLD <= self.threshold < 1):
            raise ValueError(
                f"resolution {shown(self.resolution)} or threshold {shown(self.threshold)} is out of range"
            )

    def to_json(self) -> str:
        """The spec as compact JSON; :meth:`from_json` reads it back."""
        described = asdict(self)
        for key in ("single", "notice", "classes"):
            if not described[key]:
                del described[key]
        for entry in described["inputs"]:
            for key in ("channels", "clip"):
                if not entry[key]:
                    del entry[key]
        return json.dumps(described, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str, where: str) -> ModelSpec:
        """Read a spec.

        Args:
            text: JSON as written by :meth:`to_json`.
            where: file the text was found in, for error messages.

        Raises:
            ModelError: the text is no spec, or one this version does not understand.
        """
        try:
            spec: ModelSpec = typed(parse_json(text.encode()), cls)
            spec.check()
        except (ValueError, RecursionError) as error:
            reason = printable(str(error), MAX_TEXT).removesuffix(".")
            raise ModelError(
                f"{where}: the model description inside the file ({METADATA_KEY}) cannot be used: {reason}.",
                "Export the model again with this version of landslip.",
                where=where,
            ) from error
        return spec


def published_spec(name: str, source: str) -> ModelSpec:
    """The spec of the network of Prakash, Manconi & Loew (2021), doi:10.1038/s41598-021-89015-8.

    Scaling as in the authors' notebook: 8-bit values ``x / 127.5 - 1``, slope in degrees ``x / 45 - 1``; 6 m pixels.

    Args:
        name: name of the weights.
        source: where they come from.
    """
    return ModelSpec(
        name=name,
        inputs=(
            InputSpec("pre", 3, "uint8", "8-bit", 127.5, -1.0),
            InputSpec("post", 3, "uint8", "8-bit", 127.5, -1.0),
            InputSpec("hillshade", 1, "uint8", "8-bit", 127.5, -1.0),
            InputSpec("slope", 1, "float32", "degree", 45.0, -1.0),
        ),
        output="confidence",
        tile=224,
        multiple=32,
        resolution=6.0,
        threshold=0.5,
        meaning="confidence that the slope failed between the two images",
        source=source,
    )


def _check_classes(classes: tuple[ClassSpec, ...]) -> None:
    for each in classes:
        check_texts(each, "name")
    names = {each.name for each in classes}
    if classes and not (2 <= len(classes) <= MAX_CLASSES and len(names) == len(classes) and "" not in names):
        raise ValueError(f"classes are {shown([each.name for each in classes])}; give 2 to {MAX_CLASSES} names")
    if classes and not any(each.landslide for each in classes):
        raise ValueError("none of the classes means landslide")
    if classes and all(each.landslide for each in classes):
        raise ValueError("all of the classes mean landslide, so that their sum is 1 everywhere")
