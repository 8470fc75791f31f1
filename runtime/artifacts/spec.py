"""ModelSpec: what a model expects and what its output means. It travels inside the ONNX file as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from landslip.runtime.confidence import LOWEST_THRESHOLD
from landslip.runtime.errors import ModelError, UsageError
from landslip.runtime.untrusted.json_text import parse_json
from landslip.runtime.untrusted.printable import printable, shown
from landslip.runtime.untrusted.typed_values import typed

Role = Literal["pre", "post", "hillshade", "slope"]
"""Role of a network input, by what it shows: an image before or after the event, shaded relief, or slope."""

Dtype = Literal["uint8", "float32"]

PerBand = float | tuple[float, ...]
"""One number for all bands, or one for each."""

METADATA_KEY = "landslip.spec"
"""Key of the ONNX ``metadata_props`` entry that holds the spec."""

PRECISION_KEY = "landslip.precision"
"""Key of the entry that names what the graph computes in: ``fp32``, ``fp16``, ``int8``."""

TARGET_KEY = "landslip.target"
"""Key of the entry that names the backend the graph is made for: ``onnx`` (any; also when absent), ``openvino``,
``tensorrt``."""


MAX_TILE = 8192
"""Pixels; a larger tile is a typing error."""

MAX_BANDS = 64
"""Bands of an input; more is a typing error."""

LARGEST = 1e9
"""Metres of a pixel, or number to scale with; anything larger is a typing error."""

FINEST = 0.01
"""Metres of a pixel; a finer map would never be finished."""

LARGEST_DIVISOR = 1000.0
"""Largest divisor of 8-bit data: standard deviations and 255 lie well below it, scales of reflectance (10000) above."""

MAX_TEXT = 500
"""Characters of a text."""


@dataclass(frozen=True)
class InputSpec:
    """One input of the deployed graph, shaped (batch, bands, tile, tile), in raw units."""

    name: Role
    """Name of the graph input, and the role of the raster that feeds it."""
    bands: int
    """Number of bands: 3 for RGB, 1 for terrain."""
    dtype: Dtype
    """Element type the graph takes."""
    unit: str
    """Unit of the raw values: ``8-bit`` or ``degree``."""
    divisor: PerBand
    """The graph itself computes ``value / divisor + offset``; callers never scale."""
    offset: PerBand
    """See ``divisor``."""

    @property
    def objection(self) -> str | None:
        """Reason why this input would be fed something else than described, with the remedy; None where it would not.

        Images and hillshade are fed as 8-bit numbers from 0 to 255, three bands of an image and one of hillshade, slope
        in degrees.
        """
        usual = FED[self.name]
        if self.bands != usual.bands:
            return f"{self.name} has {self.bands} bands, and landslip feeds {usual.bands}"
        if self.dtype != usual.dtype or self.unit != usual.unit:
            return (
                f"{self.name} is described in {self.dtype} with the unit {self.unit!r}, and landslip feeds "
                f"{usual.dtype} with the unit {usual.unit!r}: describe the network's scaling of such values by divisor "
                "and offset (a network of reflectances cannot be fed yet)"
            )
        if max(map(abs, self.divisors)) > LARGEST_DIVISOR and self.dtype == "uint8":
            return (
                f"{self.name} is divided by {max(self.divisors, key=abs):g}, as reflectances in whole numbers are, "
                "and landslip feeds 0 to 255: give the divisor for those (255 for a network that takes 0 to 1)"
            )
        return None

    @property
    def divisors(self) -> tuple[float, ...]:
        """The divisor of each band."""
        return _per_band(self.divisor, self.bands)

    @property
    def offsets(self) -> tuple[float, ...]:
        """The offset of each band."""
        return _per_band(self.offset, self.bands)


FED: dict[Role, InputSpec] = {
    "pre": InputSpec("pre", 3, "uint8", "8-bit", 1.0, 0.0),
    "post": InputSpec("post", 3, "uint8", "8-bit", 1.0, 0.0),
    "hillshade": InputSpec("hillshade", 1, "uint8", "8-bit", 1.0, 0.0),
    "slope": InputSpec("slope", 1, "float32", "degree", 1.0, 0.0),
}
"""Input that the runtime feeds for each role."""


@dataclass(frozen=True)
class ModelSpec:
    """Everything a runtime has to know about a model besides its weights."""

    name: str
    """Short name, such as ``M_ALL_006``."""
    inputs: tuple[InputSpec, ...]
    """Inputs of the graph in its order."""
    output: str
    """Name of the output that is mapped: float32 (batch, 1, tile, tile), 0..1."""
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
    notice: str = ""
    """Sentence that everybody who sees a map of it has to know: that it is for demonstration, for example."""

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
            _check_input(entry)
        _check_texts(self, "name", "output", "meaning", "source", "notice")
        # It becomes part of the names of files.
        if self.name != Path(self.name).name or self.name.startswith(".") or not self.name or not self.output:
            raise ValueError(f"name {shown(self.name)} or output {shown(self.output)} is no plain name")
        if not self.inputs or len({entry.name for entry in self.inputs}) != len(self.inputs):
            raise ValueError("input names are missing or repeated")
        if not (1 <= self.multiple <= self.tile <= MAX_TILE and self.tile % self.multiple == 0):
            raise ValueError(f"tile {shown(self.tile)} is not a multiple of {shown(self.multiple)} up to {MAX_TILE}")
        if not (FINEST <= self.resolution <= LARGEST and LOWEST_THRESHOLD <= self.threshold < 1):
            raise ValueError(
                f"resolution {shown(self.resolution)} or threshold {shown(self.threshold)} is out of range"
            )

    def to_json(self) -> str:
        """The spec as compact JSON; :meth:`from_json` reads it back."""
        described = asdict(self)
        if not self.notice:
            del described["notice"]
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


def _per_band(value: PerBand, bands: int) -> tuple[float, ...]:
    return value if isinstance(value, tuple) else (value,) * bands


def _check_texts(holder: Any, *keys: str) -> None:
    for key in keys:
        text = getattr(holder, key)
        if len(text) > MAX_TEXT or not text.isprintable():
            raise ValueError(f"{key} is {shown(text)}, and no text of up to {MAX_TEXT} characters on one line")


def _check_input(entry: InputSpec) -> None:
    _check_texts(entry, "unit")
    if not 1 <= entry.bands <= MAX_BANDS:
        raise ValueError(f"input {entry.name!r} has {shown(entry.bands)} bands")
    if len(entry.divisors) != entry.bands or len(entry.offsets) != entry.bands:
        raise ValueError(f"input {entry.name!r} has {entry.bands} bands and another number of divisors or offsets")
    if not all(abs(number) <= LARGEST for number in (*entry.divisors, *entry.offsets)) or 0 in entry.divisors:
        raise ValueError(f"input {entry.name!r} has divisor {shown(entry.divisor)} and offset {shown(entry.offset)}")
