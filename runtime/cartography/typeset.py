"""Letters and PNG by Pillow; nothing else in this room knows it.

The letters are Pillow's own (Aileron), scalable, the same on every machine. They are Latin without accents.
"""

# ruff: noqa: RUF001 - letters that look alike are meant

from __future__ import annotations

import io
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from landslip.runtime.errors import OutputError

UNKNOWN = "?"
"""Letter for each run of characters that there are no letters for."""

_LETTERS = frozenset(map(chr, range(0x20, 0x7F))) | frozenset("«»°±·‘’“”…‹›™")
_INSTEAD = str.maketrans(
    {
        "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
        "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ħ": "h", "Ħ": "H", "ı": "i", "ŋ": "n", "Ŋ": "N",
        "–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-", "×": "x", "≥": ">=", "≤": "<=", "„": "“", "\u00a0": " ",
        "⁄": "/", "ʻ": "'", "ʼ": "'", "ʾ": "'", "ʿ": "'", "´": "'",
    }
)  # fmt: skip
_RAISED = {"²": "2", "³": "3"}
_DRAWN = _LETTERS | set(_RAISED)
_RAISED_SIZE = 0.62
_RAISED_BY = 0.3
_BOLDER = 1 / 24
"""Share of the size by which strokes of bold letters are wider, as Pillow's letters are not bold by themselves."""


def plain(text: str) -> str:
    """A text in characters that there are letters for.

    Accents are left out, characters such as ``ß`` are written as ``ss``, and each run of others becomes
    :data:`UNKNOWN`; what has no shape of its own, such as joiners, is left out.
    """
    shown: list[str] = []
    for character in text:
        for part in character if character in _DRAWN else _taken_apart(character):
            if part in _DRAWN:
                shown.append(part)
            elif unicodedata.category(part) not in {"Mn", "Me", "Cf"} and shown[-1:] != [UNKNOWN]:
                shown.append(UNKNOWN)
    return "".join(shown)


def _taken_apart(character: str) -> str:
    """A character as those that it is made of: letter and accents, both letters of a ligature."""
    return unicodedata.normalize("NFKD", character.translate(_INSTEAD)).translate(_INSTEAD)


def is_shown(text: str) -> bool:
    """Tell whether every character of a text has letters, if without accents."""
    return UNKNOWN not in plain(text.replace(UNKNOWN, " "))


def text_width(text: str, size: int, *, bold: bool = False) -> int:
    """Width in pixels of a text on one line.

    Args:
        text: in characters of :func:`plain`.
        size: of its letters in pixels, as typographers count it.
        bold: whether its letters are bold.
    """
    return _placed(text, size, bold=bold)[1]


def text_coverage(text: str, size: int, *, bold: bool = False) -> NDArray[np.uint8]:
    """A text on one line: how much of each pixel its letters cover, 0 to 255.

    Args:
        text: in characters of :func:`plain`.
        size: as for :func:`text_width`.
        bold: likewise.

    Returns:
        (height, width) uint8, the width as of :func:`text_width`; the height depends on the size alone.
    """
    pieces, width = _placed(text, size, bold=bold)
    covered = Image.new("L", (max(1, width), line_height(size)))
    pen, base = ImageDraw.Draw(covered), _font(size).getmetrics()[0]
    for piece in pieces:
        font, rise = (_font(_raised_size(size)), round(_RAISED_BY * size)) if piece.raised else (_font(size), 0)
        for smear in range(_smear(size) + 1 if bold else 1):
            pen.text((piece.x + smear, base - rise), piece.letters, fill=255, font=font, anchor="ls")
    return np.array(covered)[:, :width]


def width_in_sizes(text: str, *, bold: bool = False) -> float:
    """Width of a text on one line as a multiple of its size, whatever that is: small letters are rounded apart."""
    return text_width(text, _MEASURED, bold=bold) / _MEASURED


def line_height(size: int) -> int:
    """Rows from the top of the tallest letters to the bottom of the deepest."""
    ascent, descent = _font(size).getmetrics()
    return int(ascent + descent)


def encoded_png(picture: NDArray[np.uint8], dots_per_inch: int) -> bytes:
    """A picture as PNG that says how large it is on paper.

    Args:
        picture: (height, width, 3) uint8.
        dots_per_inch: pixels for each inch of paper.
    """
    target = io.BytesIO()
    Image.fromarray(picture).save(target, "PNG", dpi=(dots_per_inch, dots_per_inch), compress_level=_COMPRESSION)
    return target.getvalue()


_COMPRESSION = 1
"""Level of zlib: 6 takes twice the time and saves a twentieth."""
_MEASURED = 100
"""Pixels of letters that are large enough to tell widths by."""


@lru_cache(maxsize=32)
def _font(size: int) -> ImageFont.FreeTypeFont:
    try:
        font = ImageFont.load_default(size)
    except ImportError as error:
        raise OutputError(
            "Pillow is installed without FreeType, so that it has no letters for quicklook.png.",
            "Install the wheel of Pillow (python -m pip install --force-reinstall pillow).",
        ) from error
    assert isinstance(font, ImageFont.FreeTypeFont)  # noqa: S101 - with a size there is no other
    return font


@dataclass(frozen=True)
class _Piece:
    """Letters that are drawn in one go."""

    letters: str
    raised: bool
    x: int


@lru_cache(maxsize=1024)
def _placed(text: str, size: int, *, bold: bool) -> tuple[tuple[_Piece, ...], int]:
    """Pieces of a text, each with its column, and the width of all; bold letters stand apart, each by itself."""
    pieces: list[_Piece] = []
    x = 0
    for part, raised in _parts(text):
        font = _font(_raised_size(size) if raised else size)
        wider = _smear(size) if bold else 0
        if bold:
            ends = [round(font.getlength(part[:end])) + wider * end for end in range(len(part) + 1)]
            pieces += [_Piece(letter, raised, x + end) for letter, end in zip(part, ends, strict=False)]
        else:
            pieces.append(_Piece(part, raised, x))
        x += round(font.getlength(part)) + wider * len(part)
    return tuple(pieces), x


def _parts(text: str) -> list[tuple[str, bool]]:
    """Runs of letters on the line and above it."""
    parts: list[tuple[str, bool]] = []
    for raised, run in groupby(text, _RAISED.__contains__):
        letters = "".join(run)
        parts.append(("".join(_RAISED[each] for each in letters) if raised else letters, raised))
    return parts


def _raised_size(size: int) -> int:
    return max(1, round(size * _RAISED_SIZE))


def _smear(size: int) -> int:
    return max(1, round(size * _BOLDER))
