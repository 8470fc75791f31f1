"""The main job at full size: a 251 MB HDF5 with optimiser slots, exported in each precision, and 10 x 10 km mapped."""

from __future__ import annotations

import json

import pytest

from helpers.processes import landslip
from landslip.runtime.artifacts.parity import GATES
from landslip.runtime.system.memory import peak_rss_bytes

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

MAP_LIMIT = 2.5e9
"""Bytes a map may take at the most."""
EXPORT_LIMIT = 6 * 2**30
"""Bytes an export may take at the most."""


@pytest.mark.skipif(peak_rss_bytes() is None, reason="this system does not tell peak memory")
def test_from_a_full_size_hdf5_to_a_map(full_size, tmp_path):
    from landslip.models.synthetic import EventSpec, write_event

    assert 250e6 < full_size.source.stat().st_size < 252e6
    code, out, peak = full_size.export
    assert code == 0
    assert peak < EXPORT_LIMIT
    artifacts = {artifact["precision"]: artifact for artifact in json.loads(out)}
    assert all(0 < artifact["peak_rss_bytes"] <= peak for artifact in artifacts.values())
    for precision, artifact in artifacts.items():
        judged = [figure for figure in artifact["parity"] if figure["kind"] == "scene"]
        assert all(figure["iou"] >= (GATES[precision].iou or 0.9999) for figure in judged)
        assert judged[0]["area_reference"] > 10_000
    model = full_size.source.parent / "model" / "standin.fp32.onnx"
    assert artifacts["fp32"]["path"] == str(model)

    event = write_event(tmp_path / "scene", EventSpec(seed=9001, width_m=10_000, height_m=10_000))
    code, out, peak = landslip(
        "map", "-m", model, "--pre", event.pre, "--post", event.post, "--dem", event.dem,
        "--mask", event.clouds, "-o", tmp_path / "out", "--json",
    )  # fmt: skip
    record = json.loads(out)
    assert code == 0
    assert record["grid"]["height"] * record["grid"]["width"] > 1660**2
    assert record["tiles"]["predicted"] + record["tiles"]["skipped"] == record["tiles"]["total"] == 196
    assert peak < MAP_LIMIT
    assert record["peak_rss_bytes"] <= 1.01 * peak  # the system counts pages for each core, and adds them up later
