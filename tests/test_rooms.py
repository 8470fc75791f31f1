"""The rooms of the house: each imports only from lower floors, and no file depends on itself in a circle."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

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
        "products",
        "scene",
        "run",
        "inspection",
        "mapping",
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

EXCEPTIONS = {
    ("models.training.train", "export"): "it exports what it has trained, and is run by itself",
    ("runtime.cli.main", "*"): "it knows the commands by name alone",
}


def modules():
    """Every module by its name below ``landslip``."""
    for package in FLOORS:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


FILES = dict(modules())


def imports(path, *, when_loaded=False):
    """Modules of landslip that a file imports, by name; ``when_loaded`` leaves out what functions import."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = _at_load(tree) if when_loaded else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("landslip."):
            base = node.module.removeprefix("landslip.")
            for alias in node.names:
                yield f"{base}.{alias.name}" if f"{base}.{alias.name}" in FILES else base
        elif isinstance(node, ast.Import):
            yield from (
                alias.name.removeprefix("landslip.") for alias in node.names if alias.name.startswith("landslip.")
            )


def _at_load(node):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _at_load(child)


def place(name):
    """Package, room and floor of a module; a package by itself has no room."""
    package, _, rest = name.partition(".")
    room = rest.partition(".")[0]
    floors = [number for number, rooms in enumerate(FLOORS[package]) if room in rooms.split()]
    return package, room, floors[0] if floors else None


@pytest.mark.parametrize("name", FILES)
def test_a_module_imports_from_lower_floors_alone(name):
    package, room, floor = place(name)
    assert not room or floor is not None, f"{room} is no room of {package}: give it a floor"
    for imported in imports(FILES[name]):
        other, its_room, its_floor = place(imported)
        if other != package:
            assert other in PACKAGES[package] or (name, other) in EXCEPTIONS, f"{name} imports {imported}"
        elif its_room != room and its_floor is not None:
            assert its_floor < floor, f"{name} imports {imported}, which is not below it"


def test_no_file_depends_on_itself():
    graph = {name: set(imports(path)) - {name} for name, path in FILES.items()}
    done: set[str] = set()

    def walk(name, way):
        assert name not in way, " -> ".join([*way[way.index(name) :], name])
        if name not in done:
            for following in sorted(graph.get(name, ())):
                walk(following, [*way, name])
            done.add(name)

    for name in graph:
        walk(name, [])


def test_every_room_says_in_a_sentence_what_may_be_in_it():
    for package, floors in FLOORS.items():
        for room in " ".join(floors).split():
            where = ROOT / package / room
            if where.is_dir():
                said = ast.get_docstring(ast.parse((where / "__init__.py").read_text(encoding="utf-8")))
                assert said, f"{package}/{room}/__init__.py has no docstring"


def test_no_module_has_the_name_of_another():
    names = [name.rpartition(".")[2] for name, path in FILES.items() if path.stem != "__init__"]
    assert not {name for name in names if names.count(name) > 1}


def test_no_class_has_the_name_of_another():
    names = [
        node.name
        for path in FILES.values()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    ]
    assert not {name for name in names if names.count(name) > 1}
