"""Styles as texts; what QGIS makes of them is tested in tests/apps."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from landslip.runtime.confidence import NOT_OBSERVED, REASONS
from landslip.runtime.styles.markup import document, element, plain
from landslip.runtime.styles.palette import CLASS_COLOURS, REASON_LABELS
from landslip.runtime.styles.raster_qml import confidence_qml
from landslip.runtime.styles.vector_qml import landslides_qml, not_observed_qml


def test_words_of_others_stay_words():
    words = "<b a=\"1\">&amp; ]]> 'x'</b>"
    found = ET.fromstring(document(element("qgis", {"name": words}, element("inner", text=words))))
    assert found.get("name") == words
    assert found.findtext("inner") == words
    assert len(list(found.iter())) == 2


@pytest.mark.parametrize(
    ("number", "text"), [(1e-7, "0.0000001"), (0.5, "0.5"), (3.0, "3"), (4_800_123.25, "4800123.25"), (7, "7")]
)
def test_numbers_are_plain_decimals(number, text):
    assert plain(number) == text


def test_every_class_has_its_colour_and_every_reason_its_hatch():
    classes = ET.fromstring(landslides_qml()).iter("category")
    assert [each.get("value") for each in classes] == list(CLASS_COLOURS)
    reasons = ET.fromstring(not_observed_qml()).iter("category")
    assert {each.get("value") for each in reasons} == set(REASONS.values()) == set(REASON_LABELS)
    hatches = set()
    for symbol in ET.fromstring(not_observed_qml()).find("renderer-v2/symbols"):
        hatches.add(ET.tostring(symbol).replace(f'"{symbol.get("name")}"'.encode(), b"").replace(b"@", b""))
    assert len(hatches) == len(REASONS)


def test_the_map_tip_tells_each_reason_in_words():
    tip = ET.fromstring(not_observed_qml()).findtext("mapTip")
    assert all(f"'{reason}', '{words}'" in tip for reason, words in REASON_LABELS.items())


@pytest.mark.parametrize("level", [1, 50, 98, 99, 100])
def test_confidence_is_shown_from_the_threshold_on_alone(level):
    found = ET.fromstring(confidence_qml(level)).iter("item")
    items = {int(each.get("value")): int(each.get("alpha")) for each in found}
    assert list(items) == sorted(items)
    assert [value for value, alpha in items.items() if not alpha] == [level - 1]
    assert {level, 100, NOT_OBSERVED} <= set(items)
