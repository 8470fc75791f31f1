"""The rooms of the house: each imports only from lower floors, and no file depends on itself in a circle."""

from __future__ import annotations

import ast

import pytest

from helpers.house import EXCEPTIONS, FILES, PACKAGES, ROOT, WITH_NAMES, imports, place


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
    for name, path in FILES.items():
        if path.name == "__init__.py":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            assert ast.get_docstring(tree), f"{path.relative_to(ROOT)} has no docstring"
            assert (len(tree.body) > 1) == (name in WITH_NAMES), f"{path.relative_to(ROOT)} holds more than a docstring"


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
