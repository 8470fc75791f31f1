from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landslip.export.specification.description import Description
from landslip.export.specification.spec_toml import INPUT_KEYS, KEYS, read_description
from landslip.runtime.artifacts.spec import InputSpec, ModelSpec
from landslip.runtime.errors import InputError, InputMissingError

EXAMPLE = """
name = "two-dates"
meaning = "probability of a landslide"
source = "our own training, 2026"
tile = 256
multiple = 16
resolution = 10.0
threshold = 0.4
output_band = 1

[[inputs]]
role = "pre"
feeds = "image"
bands = 3
dtype = "uint8"
unit = "8-bit"
divisor = [58.4, 57.1, 57.4]
offset = [-2.12, -2.04, -1.80]

[[inputs]]
role = "slope"
feeds = 1
divisor = 90
"""

LEAST = 'tile = 64\nresolution = 6\n[[inputs]]\nrole = "post"\n'


@pytest.fixture
def read(tmp_path):
    def read_text(text):
        path = tmp_path / "SPEC.toml"
        path.write_text(text)
        return read_description(path, Path("somewhere/unet.h5"))

    return read_text


def test_everything_a_file_can_say_is_read(read):
    pre = InputSpec("pre", 3, "uint8", "8-bit", (58.4, 57.1, 57.4), (-2.12, -2.04, -1.80))
    slope = InputSpec("slope", 1, "float32", "degree", 90.0, 0.0)
    meaning, source = "probability of a landslide", "our own training, 2026"
    spec = ModelSpec("two-dates", (pre, slope), "confidence", 256, 16, 10.0, 0.4, meaning, source)
    assert read(EXAMPLE) == Description(spec, ("image", 1), 1)


def test_what_is_usual_need_not_be_said(read):
    description = read(LEAST)
    spec = description.spec
    assert (spec.name, spec.source, spec.tile, spec.multiple) == ("unet", "exported from unet.h5", 64, 64)
    assert spec.inputs == (InputSpec("post", 3, "uint8", "8-bit", 1.0, 0.0),)
    assert (spec.threshold, description.feeds, description.output_band) == (0.5, (0,), None)


@pytest.mark.parametrize(
    ("inputs", "meaning"),
    [
        ('role = "post"', "confidence of a landslide"),
        ('role = "slope"', "confidence of a landslide"),
        ('role = "pre"\n[[inputs]]\nrole = "post"', "confidence that the slope failed between the two images"),
        (
            'unit = "dn"\nbands = ["difference(pre.ndvi, post.ndvi)"]',
            "confidence that the slope failed between the two images",
        ),
    ],
)
def test_the_usual_meaning_is_true_of_what_the_network_sees(read, inputs, meaning):
    assert read(f"tile = 64\nresolution = 6\n[[inputs]]\n{inputs}\n").spec.meaning == meaning


def test_a_notice_travels_with_the_model(read):
    spec = read('notice = "Not for real events."\n' + LEAST).spec
    assert spec.notice == "Not for real events."
    assert ModelSpec.from_json(spec.to_json(), "here") == spec


def test_the_spec_survives_the_way_through_an_artifact(read):
    spec = read(EXAMPLE).spec
    assert ModelSpec.from_json(spec.to_json(), "here") == spec


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            'dtype = "float32"\ndivisor = 10000\n',
            r"inputs\[0\]: post is described in float32, and landslip feeds uint8",
        ),
        ('unit = "radiance"\n', r"inputs\[0\]\.unit is 'radiance'; give for bands of images 'rgb8'"),
        ("divisor = 10000\n", "post is divided by 10000"),
        ("bands = 12\n", "post has 12 bands, and what it shows is post.red"),
        ("bands = 4\n", "post has 4 bands"),
        (
            '[[inputs]]\nrole = "slope"\nunit = "radian"\n',
            r"inputs\[1\]\.unit is 'radian'; give .* landslip feeds slope and aspect in 'degree'",
        ),
        ('[[inputs]]\nrole = "hillshade"\ndtype = "float32"\n', "hillshade is described in float32"),
    ],
)
def test_what_the_runtime_would_not_feed_is_refused(read, lines, message):
    with pytest.raises(InputError, match=message):
        read(LEAST + lines)


@pytest.mark.parametrize(
    "lines", ["divisor = 255\n", "divisor = 127.5\noffset = -1\n", "divisor = 1\n", 'dtype = "uint8"\n']
)
def test_every_scaling_of_8_bits_is_followed(read, lines):
    assert read(LEAST + lines).spec.inputs[0].objection is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tyle = 3\n" + LEAST, r"the key 'tyle' is unknown\. Did you mean 'tile'\?"),
        (LEAST + "scale = 3\n", r"the key inputs\[0\]\.'scale' is unknown\. It may hold: role, feeds"),
        ("resolution = 6\n", r"does not say tile\."),
        ("tile = 64\nresolution = 6\n", "does not say inputs"),
        ("tile = 64\nresolution = 6\n[[inputs]]\nbands = 3\n", r"inputs\[0\] says neither role nor bands\. Give role"),
        (LEAST.replace("64", "0"), "tile is 0; give a whole number from 1 to 8192"),
        (LEAST.replace("64", "64.0"), r"tile is 64\.0; give a whole number"),
        (LEAST.replace("64", "true"), "tile is True"),
        ("multiple = 48\n" + LEAST, "tile 64 is not a multiple of 48"),
        ("multiple = 128\n" + LEAST, "multiple is 128; give a whole number from 1 to 64"),
        (LEAST.replace("= 6\n", "= nan\n"), "resolution is nan; give a number from"),
        (LEAST.replace("= 6\n", "= -6\n"), "resolution is -6"),
        ("threshold = 1\n" + LEAST, "threshold is 1; give a number from 0.001 to 0.999"),
        ("output_band = -1\n" + LEAST, "output_band is -1"),
        ("name = ''\n" + LEAST, "name is ''; give a text"),
        ('name = "a\\u001bb"\n' + LEAST, "name is .*; give a text"),
        ("source = 3\n" + LEAST, "source is 3; give a text"),
        (
            LEAST.replace("post", "nadir"),
            r"inputs\[0\]\.role is 'nadir'; give 'pre', 'post', 'hillshade'",
        ),
        (LEAST + "bands = 65\n", r"inputs\[0\]\.bands is 65"),
        (LEAST + "dtype = 'int16'\n", r"inputs\[0\]\.dtype is 'int16'; give 'uint8' or 'float32'"),
        (LEAST + "divisor = 0\n", r"inputs\[0\]\.divisor is 0\.0; give numbers other than 0"),
        (LEAST + "divisor = [1, 0, 1]\n", r"inputs\[0\]\.divisor is \(1\.0, 0\.0, 1\.0\); give numbers other than 0"),
        (LEAST + "offset = [1, 2]\n", r"inputs\[0\]\.offset is \(1\.0, 2\.0\); give a number, or a list of 3 numbers"),
        (LEAST + "offset = inf\n", r"inputs\[0\]\.offset is inf"),
        (LEAST + "divisor = '255'\n", r"inputs\[0\]\.divisor is '255'"),
        (LEAST + "feeds = -1\n", r"inputs\[0\]\.feeds is -1; give the name or position"),
        (LEAST + "feeds = 0.5\n", r"inputs\[0\]\.feeds is 0\.5"),
        (LEAST + "[[inputs]]\nrole = 'slope'\nunit = 'metre'\n", "slope is described in 'metre', .* in 'degree'"),
        (LEAST + "[[inputs]]\nrole = 'slope'\ndtype = 'uint8'\n", r"inputs\[1\]: slope is described in uint8"),
        (LEAST + "[[inputs]]\nrole = 'slope'\nbands = 2\n", r"inputs\[1\]: slope has 2 bands"),
        ("tile = 64\nresolution = 6\ninputs = 3\n", "inputs is 3; give from one to 16 tables"),
        ("tile = 64\nresolution = 6\ninputs = [3]\n", r"inputs\[0\] is 3; give a table"),
        ("tile = 64\nresolution = 6\ninputs = []\n", r"inputs is \[\]; give from one to 16 tables"),
        (LEAST.replace("64", f"0x{'f' * 1900}"), "tile is an integer of 7600 bits; give a whole number"),
        (LEAST.replace("= 6\n", f"= 1{'0' * 400}\n"), "resolution is an integer of 1329 bits"),
        (LEAST + f"divisor = 1{'0' * 400}\n", r"inputs\[0\]\.divisor is an integer"),
        (LEAST + f"feeds{'.a' * 900} = 1\n", r"inputs\[0\]\.feeds is \{'a': .*; give the name"),
        (LEAST + f"{'k' * 1900} = 1\n", r"the key inputs\[0\]\.'kk.* is unknown"),
        (f"inputs = {'[' * 200}{']' * 200}\ntile = 64\nresolution = 6\n", r"inputs\[0\] is .*; give a table"),
        ("name = '../net'\n" + LEAST, r"name '\.\./net' or output 'confidence' is no plain name"),
        ("tile: 64", "is not in TOML"),
        ("a" * 2001 + " = 1", r"is too large for a description of a model.*up to 64 KB and with lines of up to 2000"),
        ("x" * (1 << 21), "is too large"),
    ],
)
def test_mistakes_are_said_with_their_key(read, text, message):
    with pytest.raises(InputError, match=rf"SPEC\.toml.*{message}") as caught:
        read(text)
    assert len(str(caught.value)) < 600
    assert str(caught.value).isprintable()


def test_a_byte_order_mark_is_no_fault(tmp_path):
    path = tmp_path / "SPEC.toml"
    path.write_text(LEAST, encoding="utf-8-sig")
    assert read_description(path, Path("unet.h5")).spec.tile == 64


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(InputMissingError, match=r"SPEC\.toml does not exist"):
        read_description(tmp_path / "SPEC.toml", tmp_path / "m.h5")


VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.lists(st.floats(), max_size=3)
)


def as_toml(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return "'" + "".join(each for each in value if each.isalnum()) + "'"
    if isinstance(value, list):
        return "[" + ", ".join(as_toml(each) for each in value) + "]"
    return "'none'" if value is None else str(value)


@given(
    top=st.dictionaries(st.sampled_from([key for key in KEYS if key != "inputs"]), VALUES),
    inputs=st.lists(st.dictionaries(st.sampled_from(INPUT_KEYS), VALUES), max_size=5),
)
def test_any_values_give_a_description_that_holds_or_a_sentence(tmp_path_factory, top, inputs):
    lines = [f"{key} = {as_toml(value)}" for key, value in top.items()]
    for entry in inputs:
        lines += ["[[inputs]]", *(f"{key} = {as_toml(value)}" for key, value in entry.items())]
    path = tmp_path_factory.mktemp("any") / "SPEC.toml"
    path.write_text("\n".join(lines))
    try:
        description = read_description(path, Path("m.h5"))
    except InputError as error:
        message = str(error)
    else:
        message = str(path)
        description.spec.check()
        assert len(description.feeds) == len(description.spec.inputs)
    assert message.startswith(str(path))
