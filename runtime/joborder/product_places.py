"""Places of ordered products: checked before anything is mapped, as a map may take hours."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from landslip.runtime.errors import InputError, OutputError, UsageError
from landslip.runtime.joborder.ordered_names import OrderedProduct


def check_places(order: Path, products: Sequence[OrderedProduct], listed: Path, read: Iterable[Path]) -> None:
    """Refuse products that would take the place of each other, of the list, or of what the order is carried out with.

    Args:
        order: the job order.
        products: products of all tasks.
        listed: the list of them.
        read: files that are read, such as inputs, model and configuration.

    Raises:
        InputError: the order names such a place.
        OutputError: the folder of a product cannot be made or written.
    """
    places = [_real(product.path) for product in products]
    for place, product in zip(places, products, strict=True):
        if places.count(place) > 1:
            raise InputError(f"{order}: two tasks ask for {product.path}.", "Give their products different names.")
        if any(other in place.parents for other in places):
            raise InputError(f"{order} asks for {product.path}, which lies in another product.", "Put it elsewhere.")
    kept = {_real(path): "a file that it reads" for path in read} | {_real(listed): "the list of its products"}
    for place, product in zip(places, products, strict=True):
        if place in kept:
            raise InputError(f"{order} asks for {product.path}, which is {kept[place]}.", "Give another name.")
        _check_folder(product.path)


def check_free(products: Sequence[OrderedProduct], listed: Path | None, *, overwrite: bool) -> None:
    """Make sure that nothing has the names of products.

    Args:
        products: the products.
        listed: the list; None where it is added to.
        overwrite: whether files may be replaced.

    Raises:
        UsageError: something has; with ``overwrite`` it is replaced, but a folder never is.
    """
    for path in (*(each.path for each in products), *([] if listed is None else [listed])):
        if os.path.lexists(path) and not (overwrite and path.is_file()):
            raise UsageError(
                f"{path} is there already.",
                "Take it away, or write overwrite = true into landslip-ipf.toml, which replaces files.",
                where=path,
            )


def files_read(arguments: Mapping[str, Any]) -> list[Path]:
    """Local files among the arguments of a map."""
    values = [each for value in arguments.values() for each in (value if isinstance(value, list) else [value])]
    return [each for each in values if isinstance(each, Path)]


def _check_folder(path: Path) -> None:
    """Make sure that the folder of a product can be made, as far as that can be told."""
    there = next(folder for folder in path.parents if os.path.lexists(folder) or folder == folder.parent)
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        reason = "cannot be written" if there.is_dir() else "is no folder"
        raise OutputError(
            f"{path} cannot be written: {there} {reason}.", "Correct the order, or the folder.", where=path
        )


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
