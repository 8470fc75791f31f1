"""Maps in shards against one process: speed, what passes the scheduler, and what is computed twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from landslip.benchmarks.measuring.counted_pool import CountedPool
from landslip.benchmarks.measuring.timing import Timing, alternate
from landslip.benchmarks.reports.report import Finding, Report, Table
from landslip.benchmarks.scenes.pattern_scene import PatternLayout, write_pattern_scene
from landslip.benchmarks.studies.contest import ratio_finding
from landslip.benchmarks.studies.shards_on_paper import MeasuredRates, paper_table
from landslip.runtime.engines import EngineOptions
from landslip.runtime.engines.opening import spec_of
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.shards.sharded_map import map_in_shards

ONE = "one process"


@dataclass
class ShardCases:
    """One scene, mapped by one process and by several."""

    folder: Path
    """Folder for the maps."""
    files: SceneFiles
    """The scene."""
    model: Path
    """The model."""
    workers: int
    """Processes that share the machine."""
    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Run records by the name of the case, the warm-up's included."""

    def subjects(self, pool: CountedPool) -> dict[str, Callable[[], float]]:
        """Maps by name; each gives its tiles."""
        started = f"processes:{self.workers}"
        return {
            ONE: lambda: self._made(ONE, map_scene(self._request("one"))),
            started: lambda: self._made(started, map_in_shards(self._request("started"), started)),
            f"{self.workers} processes that run already": lambda: self._made(
                "running", map_in_shards(self._request("running"), pool, self.folder / "spool")
            ),
        }

    def _request(self, name: str) -> MapRequest:
        engine = EngineOptions(batch=4)
        return MapRequest(self.model, self.files, self.folder / name, engine=engine, overwrite=True, keep=False)

    def _made(self, name: str, record: dict[str, Any]) -> float:
        self.records.setdefault(name, []).append(record)
        return float(record["tiles"]["predicted"])


def measure_shards(
    folder: Path, model: Path, height_km: float = 24.0, width_km: float = 12.0, workers: int = 2, repeats: int = 3
) -> Report:
    """Map a scene in turns by one process and by several.

    Args:
        folder: for the scene and the maps.
        model: ONNX file.
        height_km: extent of the scene from north to south.
        width_km: extent from west to east.
        workers: processes.
        repeats: timed maps of each.
    """
    layout = PatternLayout(1000 * height_km, 1000 * width_km, image=10.0, dem=30.0)
    cases = ShardCases(folder, write_pattern_scene(folder / "scene", layout), model, workers)
    with CountedPool(workers) as pool:
        timings = alternate(cases.subjects(pool), repeats)
        calls = len(pool.sent)
        per_shard = (sum(pool.sent) + sum(pool.received)) / calls
        largest = max(pool.sent) + max(pool.received)
    return _report(cases, timings, (calls, per_shard, largest), repeats)


def _report(cases: ShardCases, timings: dict[str, Timing], passed: tuple[int, float, int], repeats: int) -> Report:
    calls, per_shard, largest = passed
    started, running = list(timings)[1:]
    records = cases.records["running"][1:]
    one = cases.records[ONE][-1]
    shards = records[-1]["shards"]
    twice = shards["tiles"] / records[-1]["tiles"]["predicted"] - 1
    reading = median(record["shards"]["tiles"] / record["shards"]["seconds"]["read"] for record in records)
    rates = MeasuredRates(timings[running].rate / cases.workers, reading, per_shard)
    grid = one["grid"]
    return Report(
        name="shards",
        question="What do shards cost on one machine, and what would they do on many?",
        settings={
            "model": one["model"]["name"], "engine": one["engine"], "tile": one["tile"], "overlap": one["overlap"],
            "map": f"{grid['height']} x {grid['width']} pixels at 6 m, images at 10 m and elevation at 30 m",
            ONE: "landslip map as it is: all cores, side by side",
            started: "landslip map --on, from the start of the processes to the last product",
            running: "an executor of Python's whose processes have mapped before",
            "time": "from opening the files to the last product, polygons and checksums included",
            "repeats": repeats, "warm_up": "one map of each",
        },
        tables=[
            _speeds(timings),
            Table(
                "What passes between the driver and its workers, pickled, and what is computed twice",
                ("shards", "calls", "bytes of a call and its result, mean", "largest", "tiles computed twice"),
                [(shards["count"], calls, round(per_shard), largest, f"{100 * twice:.1f} %")],
            ),
            paper_table(spec_of(cases.model), rates, one["tile"], one["overlap"]),
        ],
        findings={
            "shards_vs_one_process": ratio_finding(timings[running], timings[ONE]),
            "started_vs_one_process": ratio_finding(timings[started], timings[ONE]),
            "bytes_per_shard": Finding(per_shard, "bytes", "lower", timed=False),
            "computed_twice": Finding(twice, better="lower", timed=False),
        },
    )  # fmt: skip


def _speeds(timings: dict[str, Timing]) -> Table:
    columns = ("computed by", "tiles", "tiles/s", "slowest run", "fastest run", "to one process")
    rows = [
        (name, round(each.work), each.rate, each.lowest_rate, each.highest_rate, each.ratio(timings[ONE]))
        for name, each in timings.items()
    ]
    return Table("", columns, rows)
