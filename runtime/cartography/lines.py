"""Breaking of texts into lines."""

from __future__ import annotations

from collections.abc import Iterator

from landslip.runtime.cartography.typeset import plain, width_in_sizes

_SLACK = 0.98
"""Share of the width that lines take: letters of different sizes differ a little in their proportions."""
_MORE = "..."


def wrapped(text: str, width: float, size: float, *, most: int, bold: bool = False) -> list[str]:
    """Lines of a text that fit into a width, at word ends where there are any; dots at the end of one cut short.

    Args:
        text: of any length.
        width: millimetres.
        size: of the letters, millimetres.
        most: lines.
        bold: whether the letters are bold.
    """
    room = _SLACK * width / size
    lines: list[str] = []
    for word in _pieces(plain(text[: most * _MOST_LETTERS]), room, bold=bold):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_in_sizes(longer, bold=bold) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines if len(lines) <= most else [*lines[: most - 1], _cut(lines[most - 1], room, bold=bold)]


_MOST_LETTERS = 1000
"""Letters of a line at the most, so that the longest of texts takes no time."""


def _pieces(text: str, room: float, *, bold: bool) -> Iterator[str]:
    """Words of a text; those that are longer than a line in pieces."""
    for word in text.split():
        rest = word
        while rest:
            taken = _fitting(rest, room, bold=bold)
            yield rest[:taken]
            rest = rest[taken:]


def _fitting(word: str, room: float, *, bold: bool) -> int:
    """Count of the letters of a word that fit, one at the least."""
    few, many = 1, len(word)
    while few < many:
        middle = (few + many + 1) // 2
        few, many = (middle, many) if width_in_sizes(word[:middle], bold=bold) <= room else (few, middle - 1)
    return few


def _cut(line: str, room: float, *, bold: bool) -> str:
    while line and width_in_sizes(line + _MORE, bold=bold) > room:
        line = line[:-1]
    return line.rstrip() + _MORE
