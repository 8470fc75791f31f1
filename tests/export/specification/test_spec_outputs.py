"""The output in SPEC.toml: which one, with which activation, and which of its classes mean landslide."""

from __future__ import annotations

from pathlib import Path

import pytest

from landslip.export.specification.description import Served
from landslip.export.specification.spec_toml import read_description
from landslip.runtime.artifacts.spec import ClassSpec
from landslip.runtime.errors import InputError

LEAST = 'tile = 64\nresolution = 6\n{}\n[[inputs]]\nrole = "post"\n'
CLASSES = "classes = ['ground', 'flow', 'fall']\n"


@pytest.fixture
def read(tmp_path):
    def read_output(table, top=""):
        path = tmp_path / "SPEC.toml"
        path.write_text(LEAST.format(top) + table)
        return read_description(path, Path("unet.onnx"))

    return read_output


@pytest.mark.parametrize(
    ("table", "served", "band"),
    [
        ("", Served(), None),
        ("[[outputs]]\n", Served(), None),
        ("[[outputs]]\noutput = 1\nactivation = 'sigmoid'", Served(1, "sigmoid"), None),
        ("[[outputs]]\noutput = 'mask'\nband = 2", Served("mask", bands=(2,)), 2),
        (f"[[outputs]]\nlandslide = 'flow'\n{CLASSES}", Served(bands=(1,)), 1),
        (f"[[outputs]]\nlandslide = 'flow'\nactivation = 'sigmoid'\n{CLASSES}", Served(None, "sigmoid", (1,)), 1),
        (f"[[outputs]]\nlandslide = ['fall', 'flow']\nclass_map = false\n{CLASSES}", Served(bands=(1, 2)), None),
    ],
)
def test_one_confidence(read, table, served, band):
    found = read(table)
    assert (found.served, found.output_band, found.spec.classes) == (served, band, ())


def test_the_band_may_be_said_at_the_top_with_an_activation_beside_it(read):
    found = read("[[outputs]]\nactivation = 'softmax'", "output_band = 1")
    assert (found.served, found.output_band) == (Served(activation="softmax", bands=(1,)), 1)


@pytest.mark.parametrize("landslide", ["landslide = 'flow'\nclass_map = true", "landslide = ['flow', 'fall']"])
def test_a_map_of_classes(read, landslide):
    found = read(f"[[outputs]]\n{landslide}\n{CLASSES}")
    meant = ("flow", "fall") if "fall" in landslide else ("flow",)
    assert found.spec.classes == tuple(ClassSpec(name, name in meant) for name in ("ground", "flow", "fall"))
    assert (found.served, found.output_band) == (Served(bands=(0, 1, 2)), None)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("[[outputs]]\n[[outputs]]", "give one table .*landslip maps one output of a network"),
        ("[[outputs]]\nbands = 2", r"the key outputs\[0\]\.'bands' is unknown\. Did you mean 'band'"),
        ("[[outputs]]\nactivation = 'tanh'", r"outputs\[0\]\.activation is 'tanh'; give 'none' or 'sigmoid' or"),
        ("[[outputs]]\nactivation = 'softmax'", r"which is over several bands\. Give their names \(classes\)"),
        (f"[[outputs]]\nband = 1\nlandslide = 'flow'\n{CLASSES}", r"says classes and band\. Give one of them"),
        ("[[outputs]]\nlandslide = 'flow'", r"outputs\[0\] says landslide, and no classes"),
        ("[[outputs]]\nclass_map = true", r"outputs\[0\] says class_map, and no classes"),
        (f"[[outputs]]\n{CLASSES}", r"outputs\[0\] does not say landslide: which of its classes"),
        (f"[[outputs]]\nlandslide = 'slide'\n{CLASSES}", "names 'slide'; give some of its classes: ground, flow, fall"),
        (f"[[outputs]]\nlandslide = []\n{CLASSES}", r"outputs\[0\]\.landslide is none of its classes"),
        (f"[[outputs]]\nlandslide = ['ground', 'flow', 'fall']\n{CLASSES}", r"landslide is all of its classes"),
        ("[[outputs]]\nclasses = ['a']\nlandslide = 'a'", r"classes is \['a'\]; give a list of 2 to 32 names"),
        ("[[outputs]]\nclasses = ['a', 'a']\nlandslide = 'a'", r"\['a', 'a'\]; give each class a name of its own"),
        (
            f"[[outputs]]\nactivation = 'sigmoid'\nlandslide = ['flow', 'fall']\n{CLASSES}",
            "'sigmoid', .*and several classes in one map needs classes that exclude each other",
        ),
        (
            f"[[outputs]]\nactivation = 'sigmoid'\nclass_map = false\nlandslide = ['flow', 'fall']\n{CLASSES}",
            "'sigmoid', .*and the sum of several classes needs classes that exclude each other",
        ),
    ],
)  # fmt: skip
def test_mistakes_are_said_with_their_key(read, table, message):
    with pytest.raises(InputError, match=rf"SPEC\.toml: .*{message}") as caught:
        read(table)
    assert str(caught.value).isprintable()


def test_a_band_is_said_once(read):
    with pytest.raises(InputError, match=r"outputs\[0\] says band and output_band"):
        read("[[outputs]]\nband = 1", "output_band = 1")


def test_open_places_are_named(read):
    message = r"notice, inputs\[0\]\.unit, inputs\[0\]\.clip\[1\], outputs\[0\]\.activation are still '\?'; fill in"
    with pytest.raises(InputError, match=message):
        read("unit = '?'\nclip = [0, '?']\n[[outputs]]\nactivation = '?'", "notice = '?'")
