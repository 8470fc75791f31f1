"""The study of what products cost: every product on demand, its time against the network's, memory by height."""

from __future__ import annotations

import json

import pytest

from landslip.benchmarks.reports.targets import TARGETS
from landslip.benchmarks.studies import product_costs
from landslip.benchmarks.studies.product_costs import ProductsBench, measure_products
from landslip.benchmarks.studies.variants import Variant
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.cli.main import run
from landslip.runtime.delivery.deliverables import DELIVERABLES
from landslip.runtime.errors import LandslipError


@pytest.mark.slow
def test_every_product_has_its_time_and_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(product_costs, "_fastest", lambda bench: (Variant(bench.model, "any", "int8"), 0.5))
    report = measure_products(ProductsBench(rows=(300, 600), width=1200, repeats=2), tmp_path)
    times, memory = report.tables
    assert [row[0] for row in times.rows] == ["polygons", "write", *DELIVERABLES, "all"]
    *rows, (_, total, share, _) = times.rows
    assert total == pytest.approx(sum(row[1] for row in rows))
    assert all(row[1] > 0 for row in rows)
    assert all(row[3] > 0 for row in rows[2:])
    network = json.loads((tmp_path / "300" / "map" / "run.json").read_text())["tiles"]["predicted"] / 0.5
    assert share == pytest.approx(total / network)
    assert report.findings["products_share_of_map"].value == share
    assert [row[:2] for row in memory.rows] == [(300, 1200), (600, 1200)]
    assert memory.rows[1][2] > memory.rows[0][2] > 0, "a taller scene has more landslides"
    assert 50 < memory.rows[0][3] < 2000
    assert {target.key for target in TARGETS if target.report == report.name} <= set(report.findings)


def test_int8_is_measured_where_there_is_some(monkeypatch):
    variants = [Variant(DEMO_MODEL, "onnxruntime", "fp32"), Variant(DEMO_MODEL, "onnxruntime", "int8")]
    asked = []
    monkeypatch.setattr(product_costs, "variants_of", lambda _: variants)
    monkeypatch.setattr(product_costs, "open_variants", lambda some, _: asked.append(some) or ({}, {"a": "why"}))
    with pytest.raises(LandslipError, match="why"):
        measure_products(ProductsBench(), DEMO_MODEL.parent)
    assert asked == [variants[1:]]


def test_sizes_are_checked(capsys):
    assert run(["bench", "products", "--rows", "2000", "1000"]) == 2
    assert "ascend" in capsys.readouterr().err
