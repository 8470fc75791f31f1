"""A SPEC.toml to fill in: what the file of a network shows is there, and what only people know is ``"?"``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from landslip.export.specification.network_face import InputFace, NetworkFace, OutputFace
from landslip.export.specification.spec_toml import OPEN
from landslip.runtime.artifacts.spec import MAX_BANDS, MAX_CLASSES
from landslip.runtime.untrusted.printable import printable

_COLUMN = 28
"""Column that comments begin in, where lines are short."""
_LONGEST = 200
"""Characters of a name that a file may repeat; others are called by their position."""
_MOST_OUTPUTS = 20
"""Outputs that are named."""
_SHOWN = 40
"""Characters of a name that a comment repeats."""


def spec_toml_text(face: NetworkFace) -> str:
    """The text of a SPEC.toml for a network.

    :func:`landslip.export.specification.spec_toml.read_description` reads it, once each ``"?"`` has its value.
    """
    lines = [*_head(face), "", *_size(face)]
    for number, entry in enumerate(face.inputs):
        lines += ["", *_input(entry, number)]
    return "\n".join([*lines, "", *_output(face)]) + "\n"


def _head(face: NetworkFace) -> Iterator[str]:
    name = printable(face.file, _SHOWN)
    yield f'# What the file {name} does not say of its network. Give a value for each "{OPEN}", and check the others.'
    yield f"# Save this as SPEC.toml, then: {face.command} {name} --spec SPEC.toml -o FOLDER"


def _size(face: NetworkFace) -> Iterator[str]:
    if face.tile is None:
        yield _line("tile", OPEN, "pixels: edge of the tiles the network was trained with")
    else:
        yield _line("tile", face.tile, "pixels: the size in the file")
    if face.tile is None or not face.only_size:
        yield _multiple(face)
    yield _line("resolution", OPEN, "metres per pixel it was trained with")


def _multiple(face: NetworkFace) -> str:
    if face.multiple is None or (face.tile or 0) % face.multiple:
        return "# multiple = 32              tiles are multiples of this; of `tile` where it is left out"
    return _line("multiple", face.multiple, "tiles are multiples of this; estimated from its layers")


def _input(entry: InputFace, number: int) -> Iterator[str]:
    count = "a number of bands that the file leaves open" if entry.bands is None else _counted(entry.bands)
    yield "[[inputs]]"
    yield _line("feeds", _place(entry.name, number), f"the network's input, with {count}")
    if entry.bands == 1:
        yield _line("role", OPEN, '"slope", "hillshade", "dem", "aspect"; or "pre" or "post", the image its band is of')
    else:
        yield _line("role", OPEN, '"pre" or "post", the image that bands are of; leave out where they are of both')
    bands = min(entry.bands or 1, MAX_BANDS)
    yield from _listed("bands", bands, 'in the order of the network: "red", "nir", "post.swir1", "slope", "dem", 4 …')
    yield _line(
        "unit", OPEN, '"rgb8" (0 to 255), "reflectance" (0 to 1), "dn" (numbers of the file); not for terrain alone'
    )
    yield _line("divisor", OPEN, "it gets value / divisor + offset: a number, or a list of one for each band;")
    yield _line(
        "offset", OPEN, "for (value - mean) / std give std, and -mean / std; 1.0 and 0.0 leave values as they are"
    )
    yield "# clip = [0.0, 0.3]        # where values were cut off before that"


def _output(face: NetworkFace) -> Iterator[str]:
    output = _common(face.outputs)
    yield "[[outputs]]"
    if len(face.outputs) > 1:
        yield _line("output", OPEN, "the one to map, by name or position:")
        yield from (f"# {number}: {_told(output)}" for number, output in enumerate(face.outputs[:_MOST_OUTPUTS]))
    else:
        yield _line("output", _place(output.name, 0), _bands(output))
    if output.ends_in == "none":
        yield _line(
            "activation", OPEN, '"sigmoid" or "softmax" where it gives logits, "none" where it gives confidences'
        )
    else:
        yield _line("activation", "none", f"the network ends in a {output.ends_in} itself")
    yield from _meaning(output)


def _common(outputs: Sequence[OutputFace]) -> OutputFace:
    """The output, or what all of them have in common."""
    first, *others = outputs
    return OutputFace(
        first.name,
        first.bands if all(other.bands == first.bands for other in others) else None,
        first.ends_in if all(other.ends_in == first.ends_in for other in others) else "none",
    )


def _told(output: OutputFace) -> str:
    end = "" if output.ends_in == "none" else f", ends in a {output.ends_in}"
    return f"{printable(output.name, _SHOWN)}, {_bands(output)}{end}"


def _bands(output: OutputFace) -> str:
    return "bands that the file does not tell" if output.bands is None else _counted(output.bands)


def _meaning(output: OutputFace) -> Iterator[str]:
    if output.bands is None:
        yield '# classes = ["background", "landslide"]   where it has several bands: their names, and'
        yield '# landslide = "landslide"                 which of them mean landslide'
    elif output.bands > MAX_CLASSES or (output.bands > 1 and output.ends_in == "sigmoid"):
        yield _line("band", OPEN, "the band that means landslide, from 0")
    elif output.bands > 1:
        yield from _listed("classes", output.bands, "names of its bands, in their order")
        yield _line("landslide", OPEN, "which of them means landslide: a name, or a list of names for a map of classes")


def _listed(key: str, count: int, comment: str) -> Iterator[str]:
    if count <= 4:
        yield _line(key, [OPEN] * count, comment)
        return
    yield f"{key} = [".ljust(_COLUMN) + f"# {comment}"
    yield from (f'    "{OPEN}",'.ljust(_COLUMN) + f"# {number + 1}" for number in range(count))
    yield "]"


def _line(key: str, value: str | int | Sequence[str], comment: str) -> str:
    return f"{key} = {json.dumps(value, ensure_ascii=False)}".ljust(_COLUMN - 1) + f" # {comment}"


def _place(name: str, number: int) -> str | int:
    return name if name.isprintable() and 0 < len(name) <= _LONGEST and name != OPEN else number


def _counted(bands: int) -> str:
    return f"{bands} band{'s' * (bands != 1)}"
