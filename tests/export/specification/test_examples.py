"""The ten worked examples of SPEC.toml, as files that people copy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from helpers.pages import ROOT, blocks
from landslip.export.specification.description import PUBLISHED_FEEDS, Served
from landslip.export.specification.spec_toml import read_description
from landslip.runtime.artifacts.channels import ImageBand, Relief
from landslip.runtime.artifacts.spec import ClassSpec, InputSpec, ModelSpec, published_spec

FOLDER = ROOT / "docs/examples/specs"
IMAGENET = (58.395, 57.12, 57.375), (-2.1179, -2.0357, -1.8044)


def example(name):
    return read_description(FOLDER / f"{name}.toml", Path("net.onnx"))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_every_example_can_be_fed_and_travels_with_an_artifact(path):
    description = read_description(path, Path("net.onnx"))
    spec = description.spec
    assert [entry.objection for entry in spec.inputs] == [None] * len(spec.inputs)
    assert ModelSpec.from_json(spec.to_json(), "here") == spec
    assert len(description.feeds) == len(spec.inputs)


def test_the_published_network():
    found = example("published-network")
    assert found.spec == published_spec("M_ALL_006", "exported from net.onnx")
    assert (found.feeds, found.served) == (PUBLISHED_FEEDS, Served())


def test_one_picture_after_the_event():
    assert example("rgb-after").spec.inputs == (InputSpec("post", 3, "uint8", "8-bit", *IMAGENET),)


def test_bgr():
    (entry,) = example("bgr").spec.inputs
    assert entry == InputSpec("post", 3, "uint8", "8-bit", 255.0, 0.0, ("post.blue", "post.green", "post.red"))
    assert entry.picture == "post"


def test_planet_in_reflectance():
    found = example("planet-4-bands")
    channels = ("post.blue", "post.green", "post.red", "post.nir")
    clip = ((0.0, 0.3),) * 4
    assert found.spec.inputs == (InputSpec("post", 4, "float32", "reflectance", 0.3, 0.0, channels, clip),)
    assert found.served == Served(activation="sigmoid")


def test_landslide4sense():
    found = example("landslide4sense")
    (entry,) = found.spec.inputs
    assert (entry.bands, entry.dtype, entry.unit) == (14, "float32", "reflectance")
    assert entry.channels[4:7] == ("post.rededge071", "post.rededge075", "post.rededge078")
    assert entry.channels[-4:] == ("post.swir16", "post.swir22", "slope", "dem")
    assert (entry.divisors[-2:], entry.offsets[-1]) == ((12.0, 800.0), -1.1)
    assert (found.served, found.output_band) == (Served(activation="softmax", bands=(1,)), 1)


def test_ndvi_change():
    spec = example("ndvi-change").spec
    bands = {ImageBand(date, band) for date in ("pre", "post") for band in ("red", "nir")}
    assert spec.leaves == bands | {Relief("slope")}
    (entry,) = spec.inputs
    assert (entry.name, entry.bands, entry.limits) == ("change", 2, ((-2.0, 2.0), (0.0, 90.0)))


def test_softmax_of_two_classes():
    found = example("softmax-2-classes")
    assert (found.served, found.output_band) == (Served(bands=(1,)), 1)
    assert (found.spec.classes, found.spec.output_bands) == ((), 1)


def test_softmax_of_four_classes():
    found = example("softmax-4-classes")
    names = ("background", "debris flow", "rock fall", "slide")
    assert found.spec.classes == tuple(ClassSpec(name, name != "background") for name in names)
    assert found.served == Served("logits", "softmax", (0, 1, 2, 3))
    assert (found.output_band, found.spec.output_bands, found.feeds) == (None, 4, ("before", "after"))


def test_both_dates_in_one():
    found = example("both-dates-in-one")
    (entry,) = found.spec.inputs
    assert (entry.name, entry.channels[0], entry.channels[-1]) == ("image", "pre.1", "post.4")
    assert (found.feeds, entry.clip) == (("x",), ((0.0, 1.0),) * 8)


def test_numbers_of_the_file():
    found = example("numbers-of-the-file")
    optical, terrain = found.spec.inputs
    assert (optical.name, optical.unit, optical.clip[-1]) == ("post", "dn", (0.0, 8000.0))
    assert terrain == InputSpec(
        "terrain", 3, "float32", "metre, degree", (1000.0, 90.0, 360.0), 0.0, ("dem", "slope", "aspect")
    )
    assert (found.served, found.output_band, found.feeds) == (Served(0, bands=(1,)), 1, ("optical", "terrain"))


def test_published_json_is_that_of_artifacts_that_are_out():
    text = replace(example("published-network").spec, source="s").to_json()
    assert text == (
        '{"name":"M_ALL_006","inputs":[{"name":"pre","bands":3,"dtype":"uint8","unit":"8-bit","divisor":127.5,'
        '"offset":-1.0},{"name":"post","bands":3,"dtype":"uint8","unit":"8-bit","divisor":127.5,"offset":-1.0},'
        '{"name":"hillshade","bands":1,"dtype":"uint8","unit":"8-bit","divisor":127.5,"offset":-1.0},'
        '{"name":"slope","bands":1,"dtype":"float32","unit":"degree","divisor":45.0,"offset":-1.0}],'
        '"output":"confidence","tile":224,"multiple":32,"resolution":6.0,"threshold":0.5,'
        '"meaning":"confidence that the slope failed between the two images","source":"s","fixed":false}'
    )


def test_the_example_of_the_page_on_other_networks_is_read(tmp_path):
    (text,) = blocks("docs/how-to/other-network.md", "toml")
    path = tmp_path / "SPEC.toml"
    path.write_text(text)
    (entry,) = read_description(path, Path("other.h5")).spec.inputs
    assert (entry.bands, entry.limits[3:]) == (5, ((0.0, 0.6), (0.0, 90.0)))
