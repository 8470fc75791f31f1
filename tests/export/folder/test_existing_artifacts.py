"""What an earlier export left, and what a later one may do to it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from helpers.engines import SPEC
from helpers.exports import SOURCE, write_artifact, write_export
from landslip.export.folder.existing_artifacts import check_tiles, find_existing
from landslip.export.folder.file_plan import plan_artifacts
from landslip.runtime.artifacts.spec import ClassSpec
from landslip.runtime.errors import UsageError
from landslip.runtime.system.digests import sha256_of

SCENES = "generated scenes"
BGR = ("pre.blue", "pre.green", "pre.red")
CLASSES = (ClassSpec("ground", landslide=False), ClassSpec("slide", landslide=True))


@pytest.fixture
def folder(tmp_path):
    """An fp32 artifact, and tiles that judged it."""
    write_export(tmp_path)
    note(tmp_path, parity={"scenes": SCENES})
    return tmp_path


def note(folder, **entries):
    path = folder / "test.fp32.onnx.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))


def existing_in(folder, *precisions, overwrite=False):
    plan = plan_artifacts(folder, SPEC.name, precisions or ("int8",), ("onnx",))
    return find_existing(folder, SPEC.name, plan, overwrite=overwrite)


def test_artifacts_that_need_the_tiles_are_found(folder):
    write_artifact(folder, "test.fp16.onnx", "fp16")
    note(folder, reference={"file": "test.reference.npz", "sha256": sha256_of(folder / "test.reference.npz")})
    assert existing_in(folder).names == "test.fp32.onnx, test.fp16.onnx"
    assert existing_in(folder, "fp32", "int8").names == "test.fp16.onnx"
    note(folder, reference={"file": "test.reference.npz", "sha256": "0" * 64})
    assert existing_in(folder).names == "test.fp16.onnx"
    (folder / "test.reference.npz").unlink()
    assert existing_in(folder).judged == ()


def test_a_folder_without_artifacts_holds_nothing_back(tmp_path, caplog):
    existing = existing_in(tmp_path / "none")
    check_tiles(existing, SOURCE, SPEC, SCENES)
    existing.before_replacing()
    assert not caplog.text


def test_the_same_options_as_before_are_fine(folder):
    check_tiles(existing_in(folder), SOURCE, replace(SPEC, source="said otherwise"), SCENES)


@pytest.mark.parametrize(
    ("source", "spec", "scenes"),
    [
        (SOURCE, SPEC, "scene SCENE.toml"),
        (SOURCE, replace(SPEC, tile=2 * SPEC.tile), SCENES),
        (SOURCE, replace(SPEC, inputs=SPEC.inputs[::-1]), SCENES),
        (SOURCE, replace(SPEC, inputs=(replace(SPEC.inputs[0], clip=((0.0, 200.0),) * 3), *SPEC.inputs[1:])), SCENES),
        (SOURCE, replace(SPEC, inputs=(replace(SPEC.inputs[0], channels=BGR), *SPEC.inputs[1:])), SCENES),
        (SOURCE, replace(SPEC, classes=CLASSES), SCENES),
        ("cd" * 32, SPEC, SCENES),
    ],
    ids=["calibrated on a scene", "other tiles", "other inputs", "cut off", "other bands", "classes", "another file"],
)
def test_tiles_that_others_need_are_not_replaced(folder, source, spec, scenes):
    with pytest.raises(UsageError, match=r"verify judges test\.fp32\.onnx by.*overwrite=True") as caught:
        check_tiles(existing_in(folder), source, spec, scenes)
    assert "another folder" in str(caught.value).lower()


def test_whoever_insists_is_told_what_it_costs(folder, caplog):
    existing_in(folder, overwrite=True).before_replacing()
    assert "it held the tiles that landslip verify judges test.fp32.onnx by" in caplog.text
