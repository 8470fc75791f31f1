"""Short texts in pictures: capitals, digits and signs of five by seven pixels, so that no fonts are needed."""

from __future__ import annotations

import textwrap
import unicodedata

import numpy as np
from numpy.typing import NDArray

_FIRST, _WIDTH, _HEIGHT = ord(" "), 5, 7
_COLUMNS = bytes.fromhex(
    "0000000000 00005f0000 0007000700 147f147f14 242a7f2a12 2313086462 3649552250 0005030000"  # space to '
    "001c224100 0041221c00 082a1c2a08 08083e0808 0050300000 0808080808 0060600000 2010080402"  # ( to /
    "3e5149453e 00427f4000 4261514946 2141454b31 1814127f10 2745454539 3c4a494930 0171090503"  # 0 to 7
    "3649494936 064949291e 0036360000 0056360000 0814224100 1414141414 0041221408 0201510906"  # 8 to ?
    "324979413e 7e1111117e 7f49494936 3e41414122 7f4141221c 7f49494941 7f09090901 3e4149497a"  # @ to G
    "7f0808087f 00417f4100 2040413f01 7f08142241 7f40404040 7f020c027f 7f0408107f 3e4141413e"  # H to O
    "7f09090906 3e4151215e 7f09192946 4649494931 01017f0101 3f4040403f 1f2040201f 3f4038403f"  # P to W
    "6314081463 0708700807 6151494543 007f414100 0204081020 0041417f00 0402010204 4040404040"  # X to _
)
"""Five columns for each character, the lowest bit on top: the usual letters of small displays."""

_PAPER = (255, 214, 0)
_INK = (20, 20, 20)
_SCALE_FROM = 500
"""Columns of a picture for each step of size."""
_LARGEST = 4


def banner(text: str, width: int) -> NDArray[np.uint8]:
    """A strip with a text in capitals, as many lines as it takes: (3, height, ``width``).

    Characters that there are no letters for lose their accents, or become question marks.

    Args:
        text: not empty.
        width: pixels, 1 or more.
    """
    scale = min(max(1, width // _SCALE_FROM), _LARGEST)
    cell, margin = (_WIDTH + 1) * scale, 3 * scale
    lines = textwrap.wrap(_plain(text), max(1, (width - 2 * margin) // cell)) or [""]
    leading = (_HEIGHT + 2) * scale
    inked = np.zeros((2 * margin + leading * len(lines), width), dtype=np.bool_)
    for number, line in enumerate(lines):
        letters = np.concatenate([_letter(character) for character in line], axis=1).repeat(scale, 0).repeat(scale, 1)
        letters = letters[:, : max(0, width - margin)]
        top = margin + number * leading
        inked[top : top + len(letters), margin : margin + letters.shape[1]] = letters
    ink, paper = (np.array(colour, dtype=np.uint8)[:, None, None] for colour in (_INK, _PAPER))
    return np.where(inked, ink, paper)


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.upper())
    shown = (character for character in apart if not unicodedata.combining(character))
    return "".join(character if " " <= character <= "_" else "?" for character in shown)


def _letter(character: str) -> NDArray[np.bool_]:
    """(7, 6): a letter and the space after it."""
    start = (ord(character) - _FIRST) * _WIDTH
    columns = np.frombuffer(_COLUMNS[start : start + _WIDTH], dtype=np.uint8)
    bits = np.unpackbits(columns[:, None], axis=1, bitorder="little")[:, :_HEIGHT].T
    return np.pad(bits.astype(np.bool_), ((0, 0), (0, 1)))
