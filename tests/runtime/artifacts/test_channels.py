from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landslip.runtime.artifacts.channels import (
    ALIASES,
    BAND_NAMES,
    DATES,
    FORMULAS,
    INDICES,
    MAX_BAND,
    TERRAIN,
    Derived,
    ImageBand,
    Relief,
    channel_of,
    leaves,
)

RED, NIR = ImageBand("post", "red"), ImageBand("post", "nir")

images = st.builds(ImageBand, st.sampled_from(DATES), st.sampled_from(BAND_NAMES) | st.integers(1, MAX_BAND))
simple = images | st.builds(Relief, st.sampled_from(TERRAIN))


def derived(parts):
    return st.builds(Derived, st.sampled_from(FORMULAS), parts, parts)


channels = simple | derived(simple | derived(simple | derived(simple)))


@given(channels.filter(lambda channel: len(str(channel)) <= 400))
def test_the_text_of_a_channel_names_it(channel):
    assert channel_of(str(channel)) == channel
    assert channel_of(f" {str(channel).upper()} ".replace(",", " ,")) == channel


@given(channels)
def test_leaves_are_bands_and_layers(channel):
    found = list(leaves(channel))
    assert found
    assert all(isinstance(leaf, ImageBand | Relief) and str(leaf) in str(channel) for leaf in found)


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from(["post", ".", "red", "(", ")", ",", "ratio", "4", " "])).map("".join)
)
def test_any_text_is_a_channel_that_can_be_written_or_a_sentence(text):
    try:
        channel = channel_of(text, "post")
    except ValueError as error:
        said = str(error)
    else:
        assert channel_of(str(channel)) == channel
        said = str(channel)
    assert said.isprintable()
    assert len(said) < 700


@pytest.mark.parametrize(("alias", "name"), ALIASES.items())
def test_aliases(alias, name):
    assert name in BAND_NAMES
    assert channel_of(alias, "pre") == channel_of(f"pre.{alias}") == ImageBand("pre", name)


@pytest.mark.parametrize(("index", "bands"), INDICES.items())
def test_indices(index, bands):
    first, second = (ImageBand("post", band) for band in bands)
    assert channel_of(index, "post") == Derived("normalized_difference", first, second)
    assert set(bands) <= set(BAND_NAMES)


def test_a_date_of_its_own_comes_before_that_of_the_input():
    assert channel_of("difference(post.ndvi, ndvi)", "pre") == Derived(
        "difference", channel_of("post.ndvi"), channel_of("pre.ndvi")
    )


def test_the_other_spelling():
    assert channel_of("Normalised_Difference( nir,red )", "post") == Derived("normalized_difference", NIR, RED)


@pytest.mark.parametrize("number", ["1", "999", "007"])
def test_numbers(number):
    assert channel_of(number, "post") == ImageBand("post", int(number))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is no band; give one of coastal, blue, green"),
        ("0", "'0' is no band"),
        ("1000", "'1000' is no band"),
        ("²", "'²' is no band"),
        ("-1", "'-1' is no band"),
        ("post.", r"'post\.' is no band"),
        ("mid.red", r"'mid\.red' is of no image; give pre\.red or post\.red"),
        ("pre.slope", r"'pre\.slope' is terrain, which has no date; give slope"),
        ("ratio(red, nir, blue)", "ratio is computed of two bands, and 'red, nir, blue' are 3"),
        ("ratio(red, )", "'' is no band"),
        ("mean(red, nir)", "'mean' is no formula; give one of difference, ratio, normalized_difference"),
        ("r" * 401, "is too long for a band; give up to 400 characters"),
        ("\x1b[2J", r"'\\x1b\[2j' is no band|'\\x1b\[2J' is no band"),
    ],
)
def test_messages(text, message):
    with pytest.raises(ValueError, match=message):
        channel_of(text, "post")


def test_a_band_without_a_date_is_refused():
    with pytest.raises(ValueError, match=r"'ndvi' does not say of which image; give pre\.ndvi or post\.ndvi"):
        channel_of("ndvi")


@pytest.mark.parametrize("innermost", ["red", "ndvi"])
def test_formulas_nest_four_deep(innermost):
    text = innermost
    for _ in range(4 - (innermost == "ndvi")):
        text = f"ratio({text}, 1)"
    channel = channel_of(text, "post")
    assert channel_of(str(channel)) == channel
    with pytest.raises(ValueError, match="formulas are nested more than 4 deep"):
        channel_of(f"ratio({text}, 1)", "post")


def test_a_formula_that_grows_too_long_is_refused():
    text = "mndwi"
    for _ in range(3):
        text = f"ratio({text}, {text})"
    assert len(text) < 400
    with pytest.raises(ValueError, match="is a formula of too many bands"):
        channel_of(text, "post")
