"""Sheets: all panels, legend and facts on paper of A4, none over another."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.sheets import facts_for
from landslip.runtime.cartography import wording
from landslip.runtime.cartography.blocks import SWATCH
from landslip.runtime.cartography.lines import wrapped
from landslip.runtime.cartography.paper import HEIGHT, MARGIN, MILLIMETRES_PER_INCH, WIDTH, Box, Picture, Text, Triangle
from landslip.runtime.cartography.scale_bar import ground_metres
from landslip.runtime.cartography.sheet import arrangement_for, sheet
from landslip.runtime.cartography.typeset import plain, width_in_sizes

SHAPES = [(1000, 1000), (1024, 300), (200, 1024), (20, 30), (1000, 1), (1, 1000), (1, 1), (500, 1024), (640, 1024)]
NOTICE = "Demonstration model, trained on synthetic mountains alone: not for real events."


def laid(shape, roles=("pre", "post"), **others):
    facts = facts_for(*shape, **others)
    arrangement = arrangement_for(facts, roles, shape)
    high, wide = (each * arrangement.factor for each in shape)
    panels = [np.full((high, wide, 3), 100 + number, dtype=np.uint8) for number in range(len(roles) + 1)]
    samples = [
        np.full([round(each * arrangement.dots_per_inch / 25.4) for each in reversed(SWATCH)] + [3], 200, np.uint8)
    ] * (1 + max(1, len(facts.kinds)))
    return facts, arrangement, sheet(facts, roles, panels, samples, arrangement)


def box_of(item, dots):
    """Left, top, right, bottom in millimetres."""
    if isinstance(item, Picture):
        high, wide = (each * MILLIMETRES_PER_INCH / dots for each in item.pixels.shape[:2])
        return item.x, item.y, item.x + wide, item.y + high
    if isinstance(item, Text):
        wide, high = item.size * width_in_sizes(plain(item.text), bold=item.bold), 1.225 * item.size
        left = item.x - {"left": 0, "middle": wide / 2, "right": wide}[item.align]
        return left, item.y, left + wide, item.y + high
    if isinstance(item, Triangle):
        xs, ys = zip(*item.points, strict=True)
        return min(xs), min(ys), max(xs), max(ys)
    return item.x, item.y, item.x + item.width, item.y + item.height


@pytest.mark.parametrize("title", [None, "x" * 200, "Iburi " * 33])
@pytest.mark.parametrize("notice", ["", NOTICE, "word " * 400])
@pytest.mark.parametrize("shape", SHAPES)
def test_everything_is_on_paper_and_no_text_is_over_another(shape, notice, title):
    _, arrangement, found = laid(shape, notice=notice, title=title)
    boxes = [(item, box_of(item, found.dots_per_inch)) for item in found.items]
    assert found.height <= HEIGHT + 1e-9
    for item, (left, top, right, bottom) in boxes:
        assert left >= MARGIN - 0.5, item
        assert top >= MARGIN - 0.5, item
        assert right <= WIDTH - MARGIN + 0.5, item
        assert bottom <= found.height - MARGIN + 0.5, item
    texts_and_pictures = [box for item, box in boxes if isinstance(item, Text | Picture)]
    for number, one in enumerate(texts_and_pictures):
        for other in texts_and_pictures[number + 1 :]:
            across = min(one[2], other[2]) - max(one[0], other[0])
            down = min(one[3], other[3]) - max(one[1], other[1])
            assert across <= 0.3 or down <= 0.6, (one, other)
    assert arrangement.factor >= 1


def test_all_facts_are_on_it():
    reasons = (("masked (cloud, shadow, water)", 0.75), ("no elevation", 0.25))
    facts, _, found = laid((400, 300), notice=NOTICE, title="Iburi 2018", reasons=reasons, before="2018-08-20")
    words = " ".join(item.text for item in found.items if isinstance(item, Text))
    for text in (
        "Iburi 2018", NOTICE, "Before: 2018-08-20", "After: date unknown", "After, with landslides", "12 landslides",
        "0.25 km²", "4.00 km² (80 % of the map)", "1.00 km² (20 % of the map)", "0.75 km² masked",
        "0.25 km² no elevation", "50 % confidence", "EPSG:32632", "landslip 1.2.3", "Landslide:",
        wording.centre_of(facts.grid), "Not observed:", "N",
    ):  # fmt: skip
        assert text in words


@pytest.mark.parametrize("shape", SHAPES)
def test_the_scale_bar_is_as_long_as_it_says(shape):
    facts, arrangement, found = laid(shape)
    black, white = [
        item for item in found.items if isinstance(item, Box) and item.height < 3 and item.colour != (255, 214, 0)
    ]
    (zero,) = [item for item in found.items if isinstance(item, Text) and item.text == "0"]
    label = [item.text for item in found.items if isinstance(item, Text) and item.y == zero.y][-1]
    number, unit = label.replace(",", "").split()
    metres = float(number) * {"m": 1, "km": 1000}[unit]
    pixels = metres / ground_metres(facts.grid)
    assert black.width - 0.4 == pytest.approx(pixels * arrangement.pixel, rel=1e-6)
    assert white.width == pytest.approx((black.width - 0.4) / 2)


def test_panels_stand_in_the_order_of_time():
    for shape, axis in (((1000, 1000), 0), ((150, 1024), 1)):
        _, _, found = laid(shape)
        panels = [item for item in found.items if isinstance(item, Picture)][:3]
        assert [int(each.pixels[0, 0, 0]) for each in panels] == [100, 101, 102]
        places = [(each.x, each.y) for each in panels]
        assert places == sorted(places)
        assert len({place[1 - axis] for place in places}) == 1


def test_letters_are_as_large_on_every_sheet():
    sizes = [{round(item.size, 3) for item in laid(shape)[2].items if isinstance(item, Text)} for shape in SHAPES]
    assert min(min(each) for each in sizes) >= 2.4  # seven points
    assert all({3.3, 7.2} <= each for each in sizes)


def test_a_model_of_one_image_has_two_panels():
    _, _, found = laid((400, 400), roles=("post",))
    headings = [item.text for item in found.items if isinstance(item, Text) and item.text.startswith("After")]
    assert headings == ["After: date unknown", "After, with landslides"]


def test_no_arrow_stands_where_north_is_everywhere():
    from affine import Affine
    from rasterio.crs import CRS

    from landslip.runtime.geo.map_grid import MapGrid

    pole = MapGrid(CRS.from_epsg(3413), Affine(10, 0, -500, 0, -10, 500), 100, 100)
    _, _, found = laid((100, 100), grid=pole)
    assert not [item for item in found.items if isinstance(item, Triangle)]
    assert [item for item in laid((100, 100))[2].items if isinstance(item, Triangle)]


def test_titles_of_two_lines_and_no_more():
    facts, _, found = laid((400, 400), title="x" * 200)
    assert len([item for item in found.items if isinstance(item, Text) and item.size == 7.2]) == 2
    assert len(wrapped(facts.title, WIDTH, 7.2, most=9, bold=True)) > 2


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("count", [1, 3, 8])
def test_kinds_of_landslides_stand_beside_their_samples_and_over_nothing(shape, count):
    names = [f"debris flow of a long name {number}" for number in range(count)]
    _, arrangement, found = laid(shape, kinds=tuple(names), further_kinds=count // 8)
    placed = [(item, box_of(item, arrangement.dots_per_inch)) for item in found.items]
    assert max(box[3] for _, box in placed) <= found.height
    assert max(box[2] for _, box in placed) <= WIDTH - MARGIN + 0.1
    samples = [box for item, box in placed if isinstance(item, Picture)][3:]
    assert len(samples) == count + 1
    words = [(item.text, box) for item, box in placed if isinstance(item, Text)]
    for number, sample in enumerate(samples[:-1]):
        beside = [
            text for text, box in words
            if 0 < box[0] - sample[2] < 4 and box[1] < (sample[1] + sample[3]) / 2 + 4 and box[3] > sample[1]
        ]  # fmt: skip
        assert f"{number}" in " ".join(beside).split()
    for place, one in enumerate(placed):
        for other in placed[place + 1 :]:
            if isinstance(one[0], Text | Picture) and isinstance(other[0], Text | Picture):
                across = min(one[1][2], other[1][2]) - max(one[1][0], other[1][0])
                down = min(one[1][3], other[1][3]) - max(one[1][1], other[1][1])
                assert across <= 0.3 or down <= 0.6, (one, other)
    said = " ".join(text for text, _ in words)
    assert ("and 1 class more" in said) == (count == 8)
    assert "by class:" in said
