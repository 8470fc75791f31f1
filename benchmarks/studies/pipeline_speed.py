"""The pipeline by itself: what it does with files of different layouts when the network takes no time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from landslip.benchmarks.measuring.timing import Timing, alternate
from landslip.benchmarks.reports.plots import draw_shares
from landslip.benchmarks.reports.report import Finding, Report, Table
from landslip.benchmarks.reports.report_plot import Plot
from landslip.benchmarks.studies.contest import rate_finding, ratio_finding
from landslip.benchmarks.studies.core_counts import core_findings, core_table, measure_on_cores
from landslip.benchmarks.studies.pipeline_cases import FOURTEEN, SPEC, Case, write_cases
from landslip.benchmarks.studies.stage_caps import cap_findings, caps_table, stage_caps
from landslip.models.synthetic.writing import BLOCK
from landslip.runtime.mapping.pipeline import STAGES


def measure_pipeline(
    folder: Path,
    height_km: float = 48.0,
    width_km: float = 60.0,
    batch: int = 4,
    repeats: int = 3,
    cores: Sequence[int] = (),
) -> Report:
    """Map scenes of several layouts with a predictor that does no arithmetic.

    Args:
        folder: for scenes and maps.
        height_km: extent of the scenes from north to south.
        width_km: extent from west to east.
        batch: tiles per call.
        repeats: timed maps of each.
        cores: numbers of logical cores on which each scene is mapped and read besides, in processes of their own.

    Raises:
        UsageError: there are not so many cores, or the system binds no process to some of them.
    """
    cases = write_cases(folder, height_km, width_km, batch)
    timings = alternate(_subjects(cases), repeats)
    on_cores = measure_on_cores(cases, cores, repeats) if cores else []
    grid = cases["on the grid"].records[0]["grid"]
    shares = {name: case.shares for name, case in cases.items()}
    caps = {name: stage_caps(case) for name, case in cases.items()}
    return Report(
        name="pipeline",
        question="What does everything but the network take?",
        settings=_settings(grid, batch, repeats),
        tables=[
            _rates(cases, timings),
            Table(
                "Time each stage is busy, as a share of the wall clock; stages run side by side",
                ("inputs", *STAGES), [(name, *each.values()) for name, each in shares.items()],
            ),
            caps_table(caps),
            *([core_table(on_cores)] if on_cores else []),
        ],
        findings={
            **_findings(timings),
            **cap_findings(caps["on the grid"]),
            **(core_findings(on_cores) if on_cores else {}),
        },
        plots=[
            Plot(
                "stages", "Time each stage of the pipeline is busy; stages run side by side on the machine's cores.",
                lambda axes: draw_shares(axes, shares, "share of the wall clock"),
            )
        ],
    )  # fmt: skip


def _settings(grid: Mapping[str, Any], batch: int, repeats: int) -> dict[str, Any]:
    return {
        "predictor": "none: the same tiles are given back whatever the batch holds, some landslides on each",
        "map": f"{grid['height']} x {grid['width']} pixels at 6 m",
        "inputs": f"RGB before and after; hillshade and slope, or elevation; GeoTIFFs, deflated tiles of {BLOCK}",
        FOURTEEN: "twelve files of 16 bits at 10 m in reflectance, with slope and elevation from 30 m",
        "tile": SPEC.tile,
        "overlap": 0.5,
        "batch": batch,
        "time": "landslip map from opening the files to the last product, polygons and checksums included",
        "repeats": repeats,
        "warm_up": "one map of each",
    }


def _findings(timings: Mapping[str, Timing]) -> dict[str, Finding]:
    on_grid, resampled = timings["on the grid"], timings["resampled from 10 and 30 m"]
    return {
        "tiles_per_second_on_grid": rate_finding(on_grid),
        "tiles_per_second_resampled": rate_finding(resampled),
        "on_grid_vs_decoding": _to_decoding(timings, "on the grid"),
        "tiles_per_second_14_bands": rate_finding(timings[FOURTEEN]),
        "fourteen_bands_vs_decoding": _to_decoding(timings, FOURTEEN),
        "resampled_vs_on_grid": ratio_finding(resampled, on_grid),
    }


def _subjects(cases: Mapping[str, Case]) -> dict[str, Callable[[], float]]:
    subjects: dict[str, Callable[[], float]] = {}
    for name, case in cases.items():
        subjects |= {name: case.map, _decoding(name): case.decode}
    return subjects


def _decoding(name: str) -> str:
    return f"{name}: decoding alone"


def _to_decoding(timings: Mapping[str, Timing], name: str) -> Finding:
    return ratio_finding(timings[name], timings[_decoding(name)])


def _rates(cases: Mapping[str, Case], timings: Mapping[str, Timing]) -> Table:
    columns = (
        "inputs", "tiles", "tiles/s", "slowest run", "fastest run", "to the files on the grid",
        "to decoding the files and nothing else", "cores busy",
    )  # fmt: skip
    rows = [
        (
            name, round(timings[name].work), timings[name].rate, timings[name].lowest_rate, timings[name].highest_rate,
            timings[name].ratio(timings["on the grid"]), _to_decoding(timings, name).value, case.busy_cores,
        )
        for name, case in cases.items()
    ]  # fmt: skip
    return Table("", columns, rows)
