"""Messages name switches as their reader does: as arguments to Python, as flags on the command line."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import click
import pytest

from helpers.models import brightness_model
from helpers.rasters import scene_on_grid
from landslip.runtime.cli.flags import FLAGS, flag_of, with_flags
from landslip.runtime.cli.main import COMMANDS, run
from landslip.runtime.errors import UsageError
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest


def test_switches_become_flags():
    assert with_flags("Add resume=True, or overwrite=True.") == "Add --resume, or --overwrite."
    assert with_flags("force=True") == "--force"
    assert with_flags("Map without share_features=True.") == "Map without --share-features."
    assert with_flags("reinforce=True, force=Truely, --force") == "reinforce=True, force=Truely, --force"


def test_names_become_flags_and_their_values_stay():
    assert with_flags("Give `dem_unit` ft, or `masks` FILE.") == "Give --dem-unit ft, or --mask FILE."
    assert with_flags("Or add `build=False` to write files.") == "Or add --no-build to write files."
    assert with_flags("run `landslip fetch`, `anything`, dem_unit") == "run `landslip fetch`, `anything`, dem_unit"
    assert flag_of("masks") == "--mask"


def test_each_name_has_the_flag_of_a_command():
    known = set()
    for place, _ in COMMANDS.values():
        module, name = place.split(":")
        command = getattr(importlib.import_module(module), name)
        known |= {text for each in command.params for text in (*each.opts, *each.secondary_opts)}
        assert isinstance(command, click.Command)
    assert set(FLAGS.values()) <= known


def messages_below_the_command_line():
    """Every text of the source but docstrings, with where it stands; parts that are filled in are left out."""
    root = Path(__file__).parents[3]
    for path in (file for package in ("runtime", "export", "models") for file in (root / package).rglob("*.py")):
        if not {"cli", "keras", "training"} & set(path.relative_to(root).parts):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            alone |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
            for node in ast.walk(tree):
                if isinstance(node, ast.JoinedStr):
                    parts = [str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values]
                    yield path, "".join(parts)
                elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
                    yield path, node.value


def test_no_message_below_the_command_line_names_a_flag():
    commands = r"(landslip \w+|dask worker|pip|gdal\w*(\.py)?|h5unjam|environment with|tf2onnx\.convert)"
    messages = ((path, text) for path, text in messages_below_the_command_line() if not text.startswith("# "))
    for path, text in messages:  # comments of TOML files are read as they are
        rest = re.sub(rf"{commands}( \S+){{0,5}}? (--\S+( [\w.]+)? ?)+", "", text)
        assert not re.search(r"(?<![\w-])--[a-z]", rest), f"{path}: {text}"


def test_names_in_messages_are_known():
    for path, text in messages_below_the_command_line():
        for name in re.findall(r"`([a-z_]+(?:=False)?)`", text):
            assert name in FLAGS, f"{path}: {text}"


def test_one_message_for_two_readers(tmp_path, capsys):
    files = scene_on_grid(tmp_path, 70, 70)
    model, out = brightness_model(tmp_path / "m.onnx"), tmp_path / "out"
    given = [
        text for role in ("pre", "post", "hillshade", "slope") for text in (f"--{role}", str(getattr(files, role)))
    ]
    assert run(["map", "-m", str(model), *given, "-o", str(out)]) == 0
    assert run(["map", "-m", str(model), *given, "-o", str(out)]) == 2
    assert "add --overwrite to" in capsys.readouterr().err
    with pytest.raises(UsageError, match="add overwrite=True to"):
        map_scene(MapRequest(model, files, out))
