"""The sheet for people, read back pixel by pixel."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from affine import Affine
from PIL import Image
from rasterio.crs import CRS

from helpers.sheets import FIRST_GROUND, LAST_GROUND, facts_for, flat_images
from landslip.runtime.artifacts.spec import ClassSpec
from landslip.runtime.cartography.paper import HEIGHT, INK, MILLIMETRES_PER_INCH, WIDTH
from landslip.runtime.cartography.sheet import arrangement_for
from landslip.runtime.errors import OutputError, UsageError
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.products.kinds_shown import kinds_shown
from landslip.runtime.products.marking import marked
from landslip.runtime.products.quicklook import compose, write_quicklook
from landslip.runtime.products.thumbnails import Thumbnails
from landslip.runtime.styles.palette import class_colours

NOTICE = "Demonstration model: not for real events."
YELLOW = (255, 214, 0)
ROLES = ("pre", "post")


def confidence_map(height, width):
    """Landslides here and there; a sixth was not observed."""
    confidence = np.zeros((height, width), np.uint8)
    confidence[height // 3 : height // 2 + 1, width // 2 : width // 2 + max(1, width // 9)] = 80
    confidence[:, : width // 6] = 255
    return confidence


def found_in(sheet, picture):
    """Whether a picture lies somewhere on a sheet, pixel by pixel; its (row, col)."""
    high, wide = picture.shape[:2]
    corners = np.argwhere((sheet[: len(sheet) - high + 1, : sheet.shape[1] - wide + 1] == picture[0, 0]).all(axis=2))
    for row, col in corners:
        if (sheet[row, col : col + wide] == picture[0]).all() and (
            sheet[row : row + high, col : col + wide] == picture
        ).all():
            return int(row), int(col)
    return None


def noisy_images(height, width):
    rng = np.random.default_rng(height * width)
    return {role: rng.integers(30, 220, (3, height, width)).astype(np.uint8) for role in ROLES}


@pytest.mark.parametrize("shape", [(60, 80), (1000, 1), (1, 1000), (1024, 300), (150, 1024), (1, 1), (1024, 1024)])
def test_panels_are_the_images_and_the_landslides_enlarged_by_a_whole_factor(shape):
    images, confidence, facts = noisy_images(*shape), confidence_map(*shape), facts_for(*shape)
    sheet, dots = compose(images, confidence, 50, facts)
    factor = arrangement_for(facts, ROLES, shape).factor

    def enlarged(picture):
        return picture.repeat(factor, axis=0).repeat(factor, axis=1)

    after = enlarged(np.moveaxis(images["post"], 0, 2))
    rim = min(factor, round(0.3 * dots / MILLIMETRES_PER_INCH))
    landslides = marked(after, enlarged(confidence), 50, rim=rim)
    places = [found_in(sheet, each) for each in (enlarged(np.moveaxis(images["pre"], 0, 2)), after, landslides)]
    assert None not in places
    assert len(set(places)) == 3 or shape == (1, 1)
    assert 200 <= dots <= 300
    assert sheet.shape[1] == round(WIDTH * dots / MILLIMETRES_PER_INCH)
    assert sheet.shape[0] <= round(HEIGHT * dots / MILLIMETRES_PER_INCH) + 1


def test_landslides_have_their_colour_where_the_thumbnails_have_them():
    shape = (300, 400)
    images, confidence, facts = noisy_images(*shape), confidence_map(*shape), facts_for(*shape)
    images["post"] = 110 + images["post"] // 20
    sheet, _ = compose(images, confidence, 50, facts)
    factor = arrangement_for(facts, ROLES, shape).factor
    after = np.moveaxis(images["post"], 0, 2).repeat(factor, axis=0).repeat(factor, axis=1)
    top, second = found_in(sheet, after)
    untouched = after[:, -factor:]  # the right edge of the map, which the third panel shows as it is
    left = second + after.shape[1]
    left += found_in(sheet[:, left:], untouched)[1] + factor - after.shape[1]
    panel = sheet[top : top + len(after), left : left + after.shape[1]][::factor, ::factor].astype(int)
    magenta = (panel[:, :, 0] > 180) & (panel[:, :, 1] < 80)
    np.testing.assert_array_equal(magenta, confidence == 80)


def test_the_legend_shows_both_samples_wherever_the_map_has_neither():
    shape = (300, 400)
    images, blank = flat_images(*shape), np.zeros((300, 400), np.uint8)
    sheet, _ = compose(images, blank, 50, facts_for(*shape))
    colours = sheet.reshape(-1, 3).astype(int)
    magenta = (colours[:, 0] > 180) & (colours[:, 1] < 80) & (colours[:, 2] > 80)
    assert magenta.sum() > 1000
    hatch = np.unique(marked(np.full((40, 40, 3), 150, np.uint8), np.full((40, 40), 255, np.uint8), 50))
    assert len(hatch) == 2
    assert all((colours == grey).all(axis=1).sum() > 500 for grey in hatch)


def test_the_scale_bar_is_as_long_as_its_metres():
    # 400 pixels of 25 m are 10 km: whatever the bar says, its pixels are that part of the panel.
    shape = (300, 400)
    grid = MapGrid(CRS.from_epsg(32632), Affine(25, 0, 495_000, 0, -25, 5_200_000), *shape)
    facts = facts_for(*shape, grid=grid)
    sheet, dots = compose(flat_images(*shape), np.zeros(shape, np.uint8), 50, facts)
    found = arrangement_for(facts, ROLES, shape)
    scale = dots / MILLIMETRES_PER_INCH
    lengths = [
        max((len(list(run)) for dark, run in itertools.groupby(line) if dark), default=0)
        for line in (sheet == INK).all(axis=2).tolist()
    ]
    frame = len(lengths) - 1 - lengths[::-1].index(found.factor * shape[1] + 2)
    longest = max(lengths[frame + 1 :])
    metres = (longest - 0.4 * scale) / found.factor * 25 / 0.9996
    assert min(abs(metres / each - 1) for each in (1000, 2000, 5000)) < 0.01


def test_a_notice_stands_on_yellow():
    shape = (60, 80)
    images, confidence = flat_images(*shape), confidence_map(*shape)
    told, _ = compose(images, confidence, 50, facts_for(*shape, notice=NOTICE))
    untold, _ = compose(images, confidence, 50, facts_for(*shape))
    assert (told == YELLOW).all(axis=2).sum() > 0.02 * told.shape[0] * told.shape[1]
    assert not (untold == YELLOW).all(axis=2).any()


@pytest.mark.parametrize(
    "title", ["x" * 200, "W " * 100, "胆振東部地震" * 30, "<script>alert(1)</script>", "é" * 200, "\u202eabc"]
)
def test_hostile_titles_are_letters_and_no_more(tmp_path, title):
    write_quicklook(tmp_path / "q.png", flat_images(9, 9), confidence_map(9, 9), 50, facts_for(9, 9, title=title))
    with Image.open(tmp_path / "q.png") as picture:
        assert picture.size[0] < 3600
        assert "Title" not in picture.info


def test_the_file_holds_the_sheet_and_its_size_on_paper_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "quicklook.png"
    path.write_bytes(b"something older")
    images, confidence, facts = noisy_images(40, 60), confidence_map(40, 60), facts_for(40, 60)
    write_quicklook(path, images, confidence, 50, facts)
    expected, dots = compose(images, confidence, 50, facts)
    with Image.open(path) as picture:
        np.testing.assert_array_equal(np.asarray(picture), expected)
        assert picture.info["dpi"] == pytest.approx((dots, dots), abs=0.1)
    assert [file.name for file in tmp_path.iterdir()] == ["quicklook.png"]


def test_the_same_facts_give_the_same_bytes(tmp_path):
    for name in ("a.png", "b.png"):
        write_quicklook(tmp_path / name, noisy_images(40, 60), confidence_map(40, 60), 50, facts_for(40, 60))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.slow
def test_the_largest_pictures_make_no_more_than_6_megabytes(tmp_path):
    # Ground of slopes and fields with the noise of a camera; every pixel by chance is more than any landscape has.
    rng = np.random.default_rng(4)
    base = rng.integers(60, 160, (2, 3, 64, 64)).repeat(16, axis=2).repeat(16, axis=3)
    noisy = np.clip(base + rng.integers(-12, 13, base.shape), 0, 255).astype(np.uint8)
    images = dict(zip(ROLES, noisy, strict=True))
    write_quicklook(tmp_path / "q.png", images, confidence_map(1024, 1024), 50, facts_for(1024, 1024))
    assert (tmp_path / "q.png").stat().st_size < 6e6


def test_a_scene_a_thousand_times_higher_than_wide():
    grid = MapGrid(CRS.from_epsg(32632), Affine(6, 0, 500_000, 0, -6, 5_200_000), 20_000, 20)
    thumbnails = Thumbnails(grid)
    facts = facts_for(20_000, 20, map_pixels=thumbnails.step)
    images = {role: thumbnails.image(role) for role in ROLES}
    sheet, dots = compose(images, thumbnails.confidence, 50, facts)
    assert sheet.shape[1] == round(WIDTH * dots / MILLIMETRES_PER_INCH)


def test_one_image_makes_two_panels():
    sheet, _ = compose({"post": flat_images(50, 50)["post"]}, np.zeros((50, 50), np.uint8), 50, facts_for(50, 50))
    assert not (sheet == FIRST_GROUND).all(axis=2).sum() > 5000
    assert (sheet == LAST_GROUND).all(axis=2).sum() > 2 * 50 * 50


@pytest.mark.parametrize("confidence_shape", [(40, 61), (0, 0)])
def test_arrays_that_do_not_fit_are_refused(confidence_shape):
    with pytest.raises(UsageError, match="quicklook cannot be made"):
        compose(flat_images(40, 60), np.zeros(confidence_shape, np.uint8), 50, facts_for(40, 60))


def test_empty_arrays_are_refused():
    with pytest.raises(UsageError, match="not empty"):
        compose(flat_images(0, 5), np.zeros((0, 5), np.uint8), 50, facts_for(1, 5))


def test_a_missing_folder_is_reported(tmp_path):
    with pytest.raises(OutputError, match=r"nowhere/quicklook\.png cannot be written"):
        write_quicklook(
            tmp_path / "nowhere" / "quicklook.png", flat_images(9, 9), confidence_map(9, 9), 50, facts_for(9, 9)
        )


CLASSES = [ClassSpec("ground", False), ClassSpec("debris flow", True), ClassSpec("rock fall", True)]
TINTS = [np.rint(0.35 * LAST_GROUND + 0.65 * np.array(each)) for each in class_colours([False, True, True])]
"""Colours of the classes as the last panel shows them."""


def tinted(picture, tint):
    """Which pixels have a tint."""
    return (np.abs(picture.astype(int) - tint) <= 1).all(axis=-1)


def test_landslides_of_several_kinds_have_their_colours_in_the_panel_and_in_the_legend():
    shape = (300, 400)
    confidence, classes = confidence_map(*shape), np.zeros(shape, np.uint8)
    classes[:, :220], classes[:, 220:] = 1, 2
    kinds = kinds_shown(confidence, classes, 50, CLASSES)
    facts = facts_for(*shape)
    sheet, dots = compose(flat_images(*shape), confidence, 50, facts, kinds)
    factor = arrangement_for(facts, ROLES, shape).factor
    sample = 0.4 * 9.0 * 6.0 * (dots / MILLIMETRES_PER_INCH) ** 2  # no smaller part of it is coloured
    grounds = [np.rint(0.35 * 150 + 0.65 * np.array(each)) for each in class_colours([False, True, True])]
    for number in (1, 2):
        mapped = int(np.count_nonzero((confidence == 80) & (classes == number)))
        assert mapped > 500
        assert np.count_nonzero(tinted(sheet, TINTS[number])) == mapped * factor**2
        assert np.count_nonzero(tinted(sheet, grounds[number])) > 0.8 * sample
    one, _ = compose(flat_images(*shape), confidence, 50, facts, kinds_shown(confidence, classes * 0 + 2, 50, CLASSES))
    assert np.count_nonzero(tinted(one, grounds[2])) > 0.8 * sample
    assert not tinted(one, grounds[1]).any()
    assert not tinted(one, TINTS[1]).any()


def test_a_map_of_classes_without_a_landslide_is_as_any_other():
    shape = (60, 80)
    blank, facts = np.zeros(shape, np.uint8), facts_for(*shape)
    kinds = kinds_shown(blank, blank, 50, CLASSES)
    found, _ = compose(flat_images(*shape), blank, 50, facts, kinds)
    np.testing.assert_array_equal(found, compose(flat_images(*shape), blank, 50, facts)[0])
