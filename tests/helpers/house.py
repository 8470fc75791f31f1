"""The plan of the house: rooms by floor, and what imports what; ``python -m helpers.house`` prints the graph."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]

FLOORS = {
    "runtime": (
        "errors confidence",
        "untrusted",
        "system",
        "compiled",
        "access",
        "artifacts",
        "geo",
        "declared",
        "inputs engines tiling",
        "rasters",
        "terrain imagery",
        "styles cartography",
        "products",
        "scene",
        "run",
        "scoring",
        "catalogue",
        "report",
        "delivery",
        "inspection",
        "mapping",
        "shards",
        "watch joborder",
        "cli",
    ),
    "models": ("registry keras synthetic", "fetching demo", "training", "cli"),
    "export": (
        "specification layers",
        "topology",
        "hdf5",
        "precisions",
        "folder",
        "conversion",
        "adoption",
        "judging",
        "making",
        "proof",
        "front_door",
        "cli",
    ),
    "benchmarks": ("measuring reports", "scenes", "baselines", "tune", "studies", "commands"),
}
"""Rooms of each package from the ground up; rooms of one floor do not import each other."""

PACKAGES = {
    "runtime": set[str](),
    "models": {"runtime"},
    "export": {"runtime", "models"},
    "benchmarks": {"runtime", "models", "export"},
}
"""What each package may import."""

EXCEPTIONS = {("models.training.train", "export")}
"""What may be imported besides: training exports what it has trained, and is run by itself."""

WITH_NAMES = {"runtime.engines", "runtime.engines.tensor_rt", "runtime.terrain", "models.synthetic"}
"""Rooms whose ``__init__`` gives out names too; that of any other room is one docstring."""


def modules():
    """Every module by its name below ``landslip``."""
    for package in FLOORS:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


FILES = dict(modules())


def imports(path):
    """Modules of landslip that a file imports anywhere in it, by name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("landslip."):
            base = node.module.removeprefix("landslip.")
            for alias in node.names:
                yield f"{base}.{alias.name}" if f"{base}.{alias.name}" in FILES else base
                if base in WITH_NAMES:
                    yield base  # whose own imports run as well
        elif isinstance(node, ast.Import):
            yield from (
                alias.name.removeprefix("landslip.") for alias in node.names if alias.name.startswith("landslip.")
            )


def place(name):
    """Package, room and floor of a module; a package by itself has no room."""
    package, _, rest = name.partition(".")
    room = rest.partition(".")[0]
    floors = [number for number, rooms in enumerate(FLOORS[package]) if room in rooms.split()]
    return package, room, floors[0] if floors else None


def graph():
    """Rooms that each room imports, by name: ``runtime.scene`` and the like."""
    rooms: dict[str, set[str]] = {}
    for name, path in FILES.items():
        found = {".".join(place(each)[:2]) for each in [name, *imports(path)]}
        here = ".".join(place(name)[:2])
        rooms.setdefault(here, set()).update(found - {here})
    return rooms


def main():
    """Print the graph of rooms, with files and lines of each."""
    for room, imported in graph().items():
        paths = [path for name, path in FILES.items() if ".".join(place(name)[:2]) == room]
        lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)
        below = ", ".join(sorted(imported)) or "nothing"
        print(f"{room.rstrip('.')}: {len(paths)} files, {lines} lines <- {below}")  # noqa: T201 - for who runs it


if __name__ == "__main__":
    main()
