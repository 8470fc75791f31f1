"""The type of options and arguments that name files and folders."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

EMPTY = "The name is empty. Give one; that of the current folder is a dot."
"""Words on an empty path."""

LINE_BREAK = "The name has a line break. Give one without: files are named on lines of their own on standard output."
"""Words on a path that no program could read there."""


class _NamedPath(click.Path):
    """A path of one line, never empty: an empty one would be the working folder, and mostly is a variable not set."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail(EMPTY, param, ctx)
        if not {"\n", "\r"}.isdisjoint(os.fsdecode(value)):
            self.fail(LINE_BREAK, param, ctx)
        return super().convert(value, param, ctx)


PATH = _NamedPath(path_type=Path)
"""Type of an option that names any file or folder."""
