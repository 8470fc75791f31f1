"""Windows of pixels: ``rasterio.windows.Window(col_off, row_off, width, height)``, made and placed in each other."""

from __future__ import annotations

from rasterio.windows import Window


def make_window(col_off: int, row_off: int, width: int, height: int) -> Window:
    """A ``rasterio.windows.Window``; made here because type checkers cannot see its arguments."""
    return Window(col_off, row_off, width, height)  # pyright: ignore[reportCallIssue]


def place_in(part: Window, window: Window) -> tuple[slice, slice]:
    """Place of a part of a window in the window's arrays: rows, columns."""
    top, left = int(part.row_off - window.row_off), int(part.col_off - window.col_off)
    return slice(top, top + int(part.height)), slice(left, left + int(part.width))
