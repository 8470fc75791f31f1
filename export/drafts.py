"""Files that get their name when they are complete."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from landslip.runtime.errors import LandslipError, OutputError


@contextmanager
def output_folder(out: Path) -> Iterator[None]:
    """Have a folder, and leave no empty ones behind that were made for it when the block fails.

    Raises:
        OutputError: it cannot be made.
    """
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{out} cannot be written ({error.strerror}). Choose another folder.") from error
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            for folder in made:
                folder.rmdir()
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


@contextmanager
def working_folder(out: Path) -> Iterator[Path]:
    """A hidden folder inside ``out`` that goes with everything in it when the block ends.

    Raises:
        OutputError: it cannot be made, or what is written into it does not fit.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix=".landslip-partial-", dir=out))
    except OSError as error:
        raise OutputError(f"{out} cannot be written ({error.strerror}). Choose another folder.") from error
    try:
        yield folder
    except LandslipError:
        raise
    except OSError as error:
        raise OutputError(f"{out} cannot be written ({error.strerror}). Check the folder and its space.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put_in_place(drafts: Sequence[Path], folder: Path) -> None:
    """Give files their names in ``folder``, in their order.

    The last one vouches for the others, such as the record of an artifact: the one of an earlier time goes before they
    are touched. Where it is, they are complete and belong to it.

    Raises:
        OutputError: a file cannot be moved.
    """
    try:
        (folder / drafts[-1].name).unlink(missing_ok=True)
        for draft in drafts:
            draft.replace(folder / draft.name)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written ({error.strerror}). Check the folder and its space.") from error
