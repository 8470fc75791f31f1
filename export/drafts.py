"""Files that get their name when they are complete."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from landslip.runtime.errors import LandslipError, OutputError


@contextmanager
def output_folder(out: Path) -> Iterator[None]:
    """Have a folder, and not leave an empty one behind when the block fails.

    Raises:
        OutputError: it cannot be made.
    """
    made = not out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{out} cannot be written ({error.strerror}). Choose another folder.") from error
    try:
        yield
    except BaseException:
        if made:
            with contextlib.suppress(OSError):
                out.rmdir()
        raise


@contextmanager
def draft_of(path: Path) -> Iterator[Path]:
    """A file beside ``path`` to write into; it becomes ``path`` when the block ends well, and is removed otherwise.

    Raises:
        OutputError: it cannot be written.
    """
    draft = path.with_name(f".partial-{path.name}")
    try:
        yield draft
        draft.replace(path)
    except LandslipError:
        raise
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}). Check the folder and its space.") from error
    finally:
        draft.unlink(missing_ok=True)
