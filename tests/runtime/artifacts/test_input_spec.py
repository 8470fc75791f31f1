from __future__ import annotations

from dataclasses import replace

import pytest

from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.artifacts.input_spec import FED, InputSpec
from landslip.runtime.artifacts.onnx_file import read_onnx_header
from landslip.runtime.artifacts.spec import METADATA_KEY, ClassSpec, ModelSpec, published_spec

POST = FED["post"]


def named(*channels, unit="reflectance", dtype="float32", **rest):
    return InputSpec("image", len(channels), dtype, unit, 1.0, 0.0, channels, **rest)


def test_artifacts_without_channels_say_what_they_show_by_their_names():
    assert [str(channel) for channel in POST.shows] == ["post.red", "post.green", "post.blue"]
    assert [str(FED[role].shows[0]) for role in ("hillshade", "slope", "dem", "aspect")] == [
        "hillshade", "slope", "dem", "aspect",
    ]  # fmt: skip


def test_the_json_of_artifacts_that_are_out_is_unchanged():
    text = read_onnx_header(DEMO_MODEL).metadata[METADATA_KEY]
    # It was exported before descriptions said `fixed`.
    assert ModelSpec.from_json(text, "demo").to_json().replace('"fixed":false,', "") == text


@pytest.mark.parametrize(
    ("entry", "date"),
    [
        (POST, "post"),
        (FED["pre"], "pre"),
        (named("pre.blue", "pre.green", "pre.red", unit="8-bit", dtype="uint8"), "pre"),
        (named("post.red", "post.green", "post.blue"), None),
        (named("post.red", "post.red", "post.blue", unit="8-bit", dtype="uint8"), None),
        (named("pre.red", "post.green", "post.blue", unit="8-bit", dtype="uint8"), None),
        (named("post.red", "post.green", "post.blue", "slope", unit="8-bit"), None),
        (named("post.1", "post.2", "post.3", unit="8-bit", dtype="uint8"), None),
        (FED["slope"], None),
    ],
)
def test_pictures(entry, date):
    assert entry.picture == date


@pytest.mark.parametrize(
    ("channel", "unit", "limits"),
    [
        ("post.red", "8-bit", (0, 255)),
        ("post.red", "reflectance", (0, 1)),
        ("post.7", "dn", (0, 10000)),
        ("dem", "metre", (-500, 9000)),
        ("slope", "degree", (0, 90)),
        ("aspect", "degree", (0, 360)),
        ("hillshade", "8-bit", (0, 255)),
        ("post.ndvi", "dn", (-1, 1)),
        ("ratio(post.red, post.nir)", "dn", (0, 4)),
        ("difference(post.red, pre.red)", "reflectance", (-1, 1)),
        ("difference(post.red, pre.red)", "dn", (-10000, 10000)),
        ("difference(post.ndvi, pre.ndvi)", "dn", (-2, 2)),
    ],
)
def test_limits_are_those_of_the_channel_and_its_unit(channel, unit, limits):
    assert named(channel, unit=unit).limits == (limits,)


def test_limits_are_those_of_clip_where_it_cuts():
    assert named("post.red", "slope", clip=((0.0, 0.3), (5.0, 60.0))).limits == ((0.0, 0.3), (5.0, 60.0))


@pytest.mark.parametrize(
    ("entry", "dtype"),
    [
        (named("post.red", unit="8-bit"), "uint8"),
        (named("post.red", "hillshade", unit="8-bit"), "uint8"),
        (named("post.red", "slope", unit="8-bit"), "float32"),
        (named("post.ndvi", unit="8-bit"), "float32"),
        (named("post.red", unit="dn"), "float32"),
        (named("hillshade", unit="8-bit"), "uint8"),
    ],
)
def test_only_8_bits_are_fed_as_whole_numbers(entry, dtype):
    assert entry.fed_dtype == dtype


@pytest.mark.parametrize(
    "entry",
    [
        *FED.values(),
        *published_spec("m", "s").inputs,
        named("post.red", "post.ndvi", "slope", "dem", clip=((0, 0.3), (-1, 1), (0, 60), (0, 4000))),
        named("slope", "dem", "hillshade", unit="degree, metre, 8-bit"),
        named("post.red", "dem", unit="8-bit", clip=((0, 200), (0.5, 3000.5))),
        replace(named("post.red", "dem", unit="8-bit"), divisor=(255.0, 5000.0)),
        replace(named("post.red", "dem"), divisor=(0.1, 5000.0)),
        replace(named("post.red", unit="dn"), divisor=10000.0),
    ],
)
def test_what_can_be_fed_meets_no_objection(entry):
    entry.check()
    assert entry.objection is None


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (replace(POST, bands=4), "post has 4 bands, and what it shows is post.red, post.green, post.blue: name each"),
        (named("post.ndvi", unit="8-bit"), "is computed of bands in 8 bits, which are stretched for each image"),
        (named("post.red", unit="degree"), "image bands are in one of 8-bit, reflectance, dn"),
        (named("slope", unit="radian"), "image is described in 'radian', and landslip feeds it in 'degree'"),
        (named("slope", "dem", unit="metre"), "landslip feeds it in 'degree, metre'"),
        (named("post.red", unit="8-bit"), "image is described in float32, and landslip feeds uint8"),
        (named("post.red", dtype="uint8"), "image is described in uint8, and landslip feeds float32"),
        (replace(POST, divisor=10000.0), 'give unit = "dn" for the numbers of the files, or unit = "reflectance"'),
        (replace(named("post.red"), divisor=10000.0), "image is divided by 10000, and reflectances are numbers from 0"),
        (replace(POST, clip=((0, 0.3),) * 3), "post.red is whole numbers from 0 to 255: give such numbers (clip), or"),
        (replace(POST, clip=((0, 256),) * 3), "post.red is whole numbers from 0 to 255"),
        (replace(FED["hillshade"], clip=((-1, 5),)), "hillshade is whole numbers from 0 to 255: give such numbers"),
        (named("post.red", clip=((0, 3000),)), "image is cut off at 0 and 3000, and reflectances are"),
        (named("ratio(post.red, dem)"), "formulas are of bands of images alone, so name the layers one by one"),
        (named("difference(post.red, post.red)"), "which is the same everywhere: give two bands that differ"),
    ],
)  # fmt: skip
def test_objections_name_the_input_and_a_remedy(entry, message):
    assert entry.objection is not None
    assert message in entry.objection


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (replace(named("post.red"), bands=2), "input 'image' has 2 bands, and names 1"),
        (replace(POST, name="image"), "input 'image' does not say what it shows"),
        (replace(POST, name="a b"), "input 'a b' is no plain name"),
        (named("post.red", clip=((0, 1), (0, 1))), "has 1 bands and another number of ranges"),
        (named("post.red", clip=((1, 1),)), "is cut off at 1 and 1: the smaller comes first"),
        (named("post.red", clip=((0, float("nan")),)), "is cut off at 0 and nan"),
        (named("post.x"), "'post.x' is no band"),
    ],
)
def test_what_is_no_input_is_refused(entry, message):
    with pytest.raises(ValueError, match=message):
        entry.check()


def test_channels_clip_and_classes_travel_with_an_artifact():
    classes = (ClassSpec("ground", False), ClassSpec("slide", True), ClassSpec("fall", True))
    spec = replace(published_spec("m", "s"), inputs=(named("post.red", clip=((0.0, 0.3),)),), classes=classes)
    assert ModelSpec.from_json(spec.to_json(), "here") == spec
    assert spec.output_bands == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": (ClassSpec("a", True), ClassSpec("b", True))}, "all of the classes mean landslide"),
        ({"classes": (ClassSpec("a", False), ClassSpec("b", False))}, "none of the classes means landslide"),
        ({"inputs": tuple(replace(FED["dem"], name=f"i{n}", channels=("dem",)) for n in range(17))}, "are 17 inputs"),
    ],
)  # fmt: skip
def test_descriptions_that_make_no_sense_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(published_spec("m", "s"), **changes).check()
