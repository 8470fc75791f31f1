"""The table of docs/licences.md: every distribution that an installation of landslip brings along, with its licence.

Run in an environment that has all extras of landslip: ``python tools/licences.py`` writes the table anew.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import tomllib
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PAGE = Path(__file__).parents[1] / "docs" / "licences.md"
BEGIN, END = "<!-- begin of the table: tools/licences.py -->", "<!-- end of the table -->"

EXTRAS = ("", "cpu", "openvino", "watch", "fetch", "dask", "export", "bench", "bench-peers", "docs")
"""In the order of how many people have them; a package is listed with the first that brings it."""


def declared() -> dict[str, list[str]]:
    """What pyproject.toml asks for, by extra; empty for the lean installation."""
    project = tomllib.loads((PAGE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {"": project["dependencies"], **project["optional-dependencies"]}


def needed(requirements: Iterable[str], extra: str = "", seen: set[tuple[str, str]] | None = None) -> Iterator[str]:
    """Names of all distributions that requirements lead to; those that are not installed here as well."""
    seen = set() if seen is None else seen
    for requirement in map(Requirement, requirements):
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        for inner in ("", *sorted(requirement.extras)):
            if (name, inner) not in seen:
                seen.add((name, inner))
                yield from needed(_requirements_of(name, inner), inner, seen)
        yield name


def _requirements_of(name: str, extra: str) -> list[str]:
    if name == "landslip":
        return declared()[extra]
    try:
        return distribution(name).requires or []
    except PackageNotFoundError:
        return []


def licence_of(name: str) -> str:
    """The licence a distribution states: an expression, else what its classifiers say, else the first line it gives."""
    try:
        metadata = distribution(name).metadata
    except PackageNotFoundError:
        return "not installed when this table was made"
    if expression := metadata.get("License-Expression"):  # [] is an error in the backport of importlib.metadata
        return str(expression)
    classifiers = metadata.get_all("Classifier") or ()
    named = [text.rpartition(" :: ")[2] for text in classifiers if text.startswith("License :: ") and "::" in text[11:]]
    stated = str(metadata.get("License") or "").strip().splitlines()
    first = stated[0].strip() if stated else ""
    return ", ".join(named) or (first if 0 < len(first) <= 60 else "see its files")


def rows() -> Iterator[tuple[str, str, str]]:
    """Name, licence, and the extra that brings it; empty for the lean installation."""
    done = {"landslip"}
    for extra in EXTRAS:
        for name in sorted(set(needed(declared()[extra])) - done):
            done.add(name)
            yield name, licence_of(name), extra


def table() -> str:
    """The table in Markdown."""
    lines = ["| distribution | licence as it states it | comes with |", "|---|---|---|"]
    for name, licence, extra in rows():
        lines.append(f"| {name} | {licence.replace('|', ' ')} | {f'`{extra}`' if extra else 'landslip'} |")
    return "\n".join(lines)


def main() -> None:
    """Write the table into the page."""
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    PAGE.write_text(f"{head}{BEGIN}\n\n{table()}\n\n{END}{tail}", encoding="utf-8")
    print(f"{PAGE} has {len(re.findall(r'^[|] ', table(), re.MULTILINE)) - 1} distributions", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    main()
