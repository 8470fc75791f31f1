"""Messages name switches as their reader does: as arguments to Python, as flags on the command line."""

from __future__ import annotations

import pytest

from helpers.models import brightness_model
from helpers.rasters import scene_on_grid
from landslip.runtime.cli.flags import with_flags
from landslip.runtime.cli.main import run
from landslip.runtime.errors import UsageError
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest


def test_switches_become_flags():
    assert with_flags("Add resume=True, or overwrite=True.") == "Add --resume, or --overwrite."
    assert with_flags("force=True") == "--force"
    assert with_flags("reinforce=True, force=Truely, --force") == "reinforce=True, force=Truely, --force"


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
