"""Ordered products get their names once all are complete, and the list of them comes last."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from landslip.runtime.joborder.ipf_config import WHOLE
from landslip.runtime.joborder.ordered_names import OrderedProduct
from landslip.runtime.joborder.product_places import check_free
from landslip.runtime.system.drafts import draft_name, output_errors, sync, sync_names, write_file
from landslip.runtime.system.endings import undisturbed

LIST = ".LIST"
"""Ending of the list of products."""


def publish(
    products: Sequence[tuple[OrderedProduct, Path]], listed: Path, *, add: bool = False, overwrite: bool = False
) -> None:
    """Give products their names, all or none, and write the list.

    Args:
        products: each with the file or folder that was made, on any file system.
        listed: the list; it has a line for each product, its path from the folder of the list where it lies below it.
        add: keep the lines that it has.
        overwrite: replace files that have the names already.

    Raises:
        OutputError: one cannot be written; then none has its name.
        UsageError: another process has taken one of the names meanwhile.
    """
    with output_errors(listed.parent), _drafts(products) as drafts:
        before = listed.read_text(encoding="utf-8").splitlines() if add and listed.is_file() else []
        lines = dict.fromkeys([*before, *(_line(product.path, listed.parent) for product, _ in products)])
        check_free([product for product, _ in products], None if add else listed, overwrite=overwrite)
        if not add:
            listed.unlink(missing_ok=True)  # it would vouch for products of another time
        with undisturbed():
            given: list[Path] = []
            try:
                for (product, _), draft in zip(products, drafts, strict=True):
                    draft.replace(product.path)
                    given.append(product.path)
                write_file(listed, "".join(f"{line}\n" for line in lines))
            except OSError:
                for path in given:
                    _remove(path)
                raise
        for folder in {product.path.parent for product, _ in products}:
            sync_names(folder)


@contextmanager
def _drafts(products: Sequence[tuple[OrderedProduct, Path]]) -> Iterator[list[Path]]:
    """Drafts beside the final names, complete and on the disk; what is left of them in the end is removed."""
    drafts: list[Path] = []
    try:
        for product, made in products:
            product.path.parent.mkdir(parents=True, exist_ok=True)
            draft = draft_name(product.path)
            drafts.append(draft)
            if made.is_dir():
                shutil.copytree(made, draft, copy_function=_link_or_copy)
            else:
                _link_or_copy(made, draft)
            if product.product != WHOLE:
                sync(draft)
        yield drafts
    finally:
        for draft in drafts:
            _remove(draft)


def _link_or_copy(made: str | Path, draft: str | Path) -> None:
    """A second name on the same file system, else a copy: one file may be delivered as several types."""
    try:
        os.link(made, draft)
    except OSError:
        shutil.copyfile(made, draft)


def _line(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _remove(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
