"""The model card: every figure where it belongs."""

from __future__ import annotations

from pathlib import Path

import pytest

from landslip.models.demo.embedded import DEMO_MODEL, TEST_SEEDS
from landslip.models.training.model_card import model_card
from landslip.runtime.scoring.confusion import Scores

_WORDS = (
    "artifact parameters scenes training validation_seeds tile batch kept steps planned processors versions command"
)
_NUMBERS = {"width": 0.125, "scene_km": 4.2, "rate": 0.002, "validation": 0.91, "minutes": 21.4}
FACTS = {**dict.fromkeys(_WORDS.split(), "some"), **_NUMBERS}


def test_rows_hold_the_scores_and_their_sum():
    card = model_card(FACTS, {1: Scores(6, 1, 2, 3), 2: Scores(4, 0, 0, 4)})
    assert "| 1 | 0.857 | 0.750 | 0.800 | 0.478 | 8 |" in card
    assert "| 2 | 1.000 | 1.000 | 1.000 | 1.000 | 4 |" in card
    assert "| all | 0.909 | 0.833 | 0.870 |" in card
    assert "MCC 0.910" in card
    assert "21 minutes" in card


def test_a_missing_fact_is_an_error():
    with pytest.raises(KeyError, match="steps"):
        model_card({name: value for name, value in FACTS.items() if name != "steps"}, {1: Scores()})


def test_the_shipped_card_reports_every_test_scene():
    card = (Path(DEMO_MODEL).parent / "MODEL_CARD.md").read_text(encoding="utf-8")
    reported = {line.split("|")[1].strip(): float(line.split("|")[5]) for line in card.splitlines() if "| 0." in line}
    assert set(reported) == {str(seed) for seed in TEST_SEEDS} | {"all"}
    assert min(reported.values()) >= 0.75
