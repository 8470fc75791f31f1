from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from landslip.runtime.artifacts.spec import ClassSpec, InputSpec, ModelSpec, published_spec
from landslip.runtime.errors import ModelError, UsageError

SPEC = published_spec("test", "a test")


def changed(**changes):
    return json.dumps(json.loads(SPEC.to_json()) | changes)


def changed_input(**changes):
    first, *others = json.loads(SPEC.to_json())["inputs"]
    return changed(inputs=[first | changes, *others])


def test_a_spec_survives_the_way_through_json():
    assert ModelSpec.from_json(SPEC.to_json(), "here") == SPEC


def test_numbers_for_each_band_survive_it_too():
    entry = InputSpec("post", 3, "uint8", "8-bit", (1.0, 2.0, 3.0), 0.5)
    spec = replace(SPEC, inputs=(entry,), fixed=True)
    read = ModelSpec.from_json(spec.to_json(), "here")
    assert read == spec
    assert read.inputs[0].divisors == (1.0, 2.0, 3.0)
    assert read.inputs[0].offsets == (0.5, 0.5, 0.5)


def test_artifacts_of_the_first_version_are_read():
    old = json.loads(SPEC.to_json())
    del old["fixed"]
    assert ModelSpec.from_json(json.dumps(old), "here") == SPEC


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "cannot be used"),
        ("{", "cannot be used"),
        (changed(tile=100), "tile 100 is not a multiple of 32"),
        (changed(tile=1 << 20), "tile 1048576 is not a multiple of 32 up to 8192"),
        (changed(multiple=0), "not a multiple of 0"),
        (changed(resolution=float("nan")), "resolution is None; give a number"),
        (changed(resolution=10**99), "resolution .* is out of range"),
        (changed(resolution=10**400), "a number of 401 digits"),
        (changed(threshold=1.5), r"threshold 1\.5 is out of range"),
        (changed(inputs=[]), "input names are missing or repeated"),
        (changed(inputs=[asdict(entry) for entry in (*SPEC.inputs, SPEC.inputs[0])]), "missing or repeated"),
        (changed(later="key"), "later"),
        (changed(tile=224.0), r"tile is 224\.0"),
        (changed(name=5), "name is 5"),
        (changed(name="../../x"), r"name '\.\./\.\./x' or output 'confidence' is no plain name"),
        (changed(name=".hidden"), "is no plain name"),
        (changed(name=""), "is no plain name"),
        (changed(name="a\x1b[2J"), r"name is 'a\\x1b\[2J', and no text"),
        (changed(name="n" * 100_000), "name is 'nn.*, and no text of up to 500 characters"),
        (changed(name=["a"]), r"name is \['a'\]"),
        (changed(output=["a"]), r"output is \['a'\]"),
        (changed(output=""), "is no plain name"),
        (changed(meaning="two\nlines"), "meaning is"),
        (changed(resolution=True), "resolution is True; give a number"),
        (changed(tile=10**99), "tile an integer of 329 bits is not"),
        (changed(tile=10**4000), "a number of 4001 digits"),
        (changed_input(unit="\x07"), "unit is"),
        (changed_input(divisor=True), r"inputs\[0\]\.divisor is True; give a number or a list of numbers"),
        (changed(fixed="no"), "fixed is 'no'"),
        (changed(source=None), "source is None"),
        (changed_input(unit=3), "unit is 3"),
        (changed_input(bands=3.0), r"bands is 3\.0"),
        (changed_input(bands=True), "bands is True"),
        (changed_input(name="nadir"), "'nadir'"),
        (changed_input(dtype="int16"), "'int16'"),
        (changed_input(bands=0), "has 0 bands"),
        (changed_input(bands=10**9), "has 1000000000 bands"),
        (changed_input(divisor=0), "divisor 0"),
        (changed_input(divisor=[1, 0, 1]), r"divisor \(1\.0, 0\.0, 1\.0\)"),
        (changed_input(divisor=[1, 2]), "another number of divisors or offsets"),
        (changed_input(offset=float("inf")), r"inputs\[0\]\.offset is None"),
        (changed_input(offset=[1, 2, 10**99]), "has divisor"),
        ("[" * 5000, "cannot be used"),
        (changed_input(offset="1"), "cannot be used"),
    ],
)
def test_what_cannot_be_right_is_refused(text, message):
    with pytest.raises(ModelError, match=rf"^m\.onnx: .*{message}") as caught:
        ModelSpec.from_json(text, "m.onnx")
    assert len(str(caught.value)) < 800
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("size", [32, 224, 448])
def test_tiles_of_any_multiple_fit(size):
    assert SPEC.checked_tile(size) == size


@pytest.mark.parametrize("size", [0, 16, 230, 8224])
def test_other_tiles_are_refused(size):
    with pytest.raises(UsageError, match=f"Tiles of {size} pixels do not fit the model test"):
        SPEC.checked_tile(size)


def test_a_network_for_one_size_takes_no_other():
    fixed = replace(SPEC, fixed=True)
    assert fixed.checked_tile(None) == fixed.checked_tile(224) == 224
    with pytest.raises(UsageError, match="was made for 224 pixels alone"):
        fixed.checked_tile(448)


def test_the_confidence_of_landslide_is_that_of_the_classes_that_mean_it():
    spec = published_spec("test", "test")
    assert (spec.output_bands, spec.landslide_bands) == (1, (0,))
    classes = (
        ClassSpec("slide", landslide=True),
        ClassSpec("ground", landslide=False),
        ClassSpec("flow", landslide=True),
    )
    spec = replace(spec, classes=classes)
    assert (spec.output_bands, spec.landslide_bands) == (3, (0, 2))
