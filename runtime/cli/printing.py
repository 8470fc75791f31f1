"""Printing on standard output of what a command has made: a path on each line, or one document in JSON.

Programs read these lines (``docs/reference/command-line.md`` promises them), so that whatever else there is to say goes
to the log. Nothing is printed before every file has its name.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from landslip.runtime.errors import OutputError
from landslip.runtime.run.product_names import RECORD


def files_of(folder: Path, record: Mapping[str, Any]) -> list[Path]:
    """All files of a map in a folder, by its run record: products, STAC Item, and the record itself, which is last."""
    return [folder / name for name in (*record["products"], record["item"], RECORD)]


def print_paths(paths: Iterable[Path], folder: Path) -> None:
    """Print the paths of files in a folder that are complete, each on a line of its own.

    Raises:
        OutputError: standard output cannot be written.
    """
    text = "".join(f"{path}\n" for path in paths)
    # The bytes that the file system has, whatever standard output is set to: names need not be text.
    exact = os.name != "nt" and hasattr(sys.stdout, "buffer")
    _print(os.fsencode(text) if exact else text, folder)


def print_json(document: object, folder: Path) -> None:
    """Print one document in JSON about files in a folder that are complete.

    Raises:
        OutputError: standard output cannot be written.
    """
    _print(json.dumps(document, indent=2) + "\n", folder)


def _print(text: str | bytes, folder: Path) -> None:
    try:
        click.echo(text, nl=False)
    except OSError as error:
        raise OutputError(
            f"standard output: it cannot be written ({error.strerror}).",
            f"The files are complete, and lie in {folder}.",
            where=folder,
        ) from error
