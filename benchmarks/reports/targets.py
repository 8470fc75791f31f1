"""The targets of the project, as data."""

from __future__ import annotations

from dataclasses import dataclass

from landslip.benchmarks.reports.report import Better


@dataclass(frozen=True)
class Target:
    """Target that is to be reached on two CPU cores with the network at its published width."""

    key: str
    """Finding that tells it."""
    report: str
    """Report that has the finding: its name, or the beginning of its name up to a hyphen."""
    what: str
    """Phrase that says what is compared."""
    limit: float
    """Value that the finding is to reach."""
    better: Better = "higher"
    """Side of the limit that meets it: at least or at most that."""
    options: str = ""
    """Options that ``landslip bench REPORT`` needs to measure it."""
    unit: str = "x"
    """``x`` for ratios within one run; others hold for the machine that is named."""
    limited_by: str = ""
    """Sentence that says what stands in the way where it is not met."""

    def met_by(self, value: float) -> bool:
        """Tell whether a value reaches it; NaN does not."""
        return value >= self.limit if self.better == "higher" else value <= self.limit

    @property
    def wanted(self) -> str:
        """The limit in words."""
        return f"{'at least' if self.better == 'higher' else 'at most'} {self.limit:,g} {self.unit}"


_IN_TURN = (
    "What threads do in turn, as one alone runs Python at a time: the cores are not busy all the time (last column of "
    "the pipeline report's first table). Two fifths of the reading is a second one, for undeclared fill and for slopes "
    "of landslides (profile in the decisions on benchmarks)."
)
_THE_ENGINE = (
    "The engine alone, which no map outruns: its row in the throughput report has its ratio to the published loop, and "
    "the roofline report the share it reaches of the fastest matrix product, and which layers take its time. And the "
    "published loop, whose speed varies from one minute to the next (its runs in the throughput report)."
)
_THE_STAGES = (
    "The stages beside the engine take a few percent of the cores, which makes each tile slower by two percent; and a "
    "second before the first tile and after the last one, in which files are opened and products completed, is a "
    "percent or two of a map of a minute (timed call by call in the decisions on benchmarks)."
)

TARGETS = (
    Target(
        "best_int8_vs_published_tiles", "throughput",
        "default protocol, best engine within the INT8 gate, against the published loop, tiles/s", 6.2,
        limited_by=_THE_ENGINE,
    ),
    Target(
        "best_vs_published_in_its_best_batch_tiles", "throughput",
        "the same against the published loop in the batch size that is fastest for it, tiles/s", 4.0,
        limited_by=_THE_ENGINE,
    ),
    Target(
        "best_preset_vs_published_km2", "throughput",
        "best preset with a mean IoU of 0.98 or more against the faithful maps of `landslip bench presets`, against "
        "the published loop, km²/h", 19.0,
        limited_by="The engine alone with such tiles, whose row stands beside the map's in the throughput report. "
        "Larger tiles need fewer operations, but no fewer than a third (presets report).",
    ),
    Target(
        "map_vs_engine_onnxruntime_fp32", "throughput",
        "end to end against the bare ONNX Runtime, fp32", 0.97,
        limited_by=_THE_STAGES,
    ),
    Target(
        "map_vs_engine_openvino_int8", "throughput",
        "end to end against the bare OpenVINO, INT8", 0.97,
        limited_by=_THE_STAGES,
    ),
    Target(
        "onnxruntime_int8_vs_convolutions_alone", "placing",
        "ONNX Runtime, INT8 as landslip places it, against INT8 in convolutions alone, tiles/s", 1.3,
        limited_by="The convolutions, which are in integers both ways: the roofline report says what share of the "
        "time they take in ONNX Runtime, and how near INT8 comes to the fastest matrix product.",
    ),
    Target(
        "tiles_and_blending_vs_monai", "throughput",
        "landslip's tiles and blending from memory to memory, without a network, against MONAI's sliding window", 2.0,
        limited_by="The bandwidth of the memory, as both copy windows and add them up.",
    ),
    Target(
        "onnxruntime_fp32_map_vs_monai", "throughput",
        "ONNX Runtime, fp32, end to end against MONAI with the same session and tiles", 1.0,
        limited_by="Both wait for the same session nearly all of the time (infer in the stages of the throughput "
        "report); in the rest a map opens and checks files, and writes and verifies its products; MONAI does not.",
    ),
    Target(
        "files_to_files_vs_fastest_peer", "peers",
        "from files to files without a network, against the fastest peer that does the same", 3.0,
        limited_by="Decoding the files, which all need: doing that alone on one thread is two to three times as fast "
        "as the fastest peer (last row of the peers report). Then come blending, which that peer does not do, and the "
        "products, which none writes (profile in the decisions on benchmarks).",
    ),
    Target(
        "files_to_files_with_network_vs_fastest_peer", "peers",
        "the same with the network, in the same session for all", 1.0,
        limited_by="The session, for which all wait nearly all of the time. What is left is reading and blending "
        "beside it, as the confidence alone in the peers report shows, and then products, which peers do not write.",
    ),
    Target(
        "peak_memory_vs_monai", "memory", "peak memory against MONAI at 10 000 x 10 000 pixels", 0.1, "lower",
        " --monai", limited_by="What Python's libraries take before the first tile, and what a map takes beyond them "
        "(table of the report).",
    ),
    Target(
        "on_grid_vs_decoding", "pipeline",
        "pipeline without a network, inputs on the grid, against decoding the files and nothing else", 0.4,
        limited_by=_IN_TURN,
    ),
    Target(
        "tiles_per_second_on_grid", "pipeline", "pipeline without a network, inputs on the grid", 1500.0,
        unit="tiles/s", limited_by=_IN_TURN,
    ),
    Target(
        "tiles_per_second_resampled", "pipeline", "pipeline without a network, all inputs resampled", 900.0,
        unit="tiles/s", limited_by=_IN_TURN,
    ),
    Target(
        "p95_beyond_tiles_seconds", "alert",
        "from the last row of a landslide to its polygon, beyond its tiles' time, 95 of 100 landslides", 2.0,
        "lower", unit="s", limited_by="The tile: rows are final once the row of tiles that covers them is done, and "
        "polygons once no later row can touch them (alert report).",
    ),
    Target(
        "products_share_of_map", "products",
        "all products, those on demand too, against the network alone in INT8 on the same map", 0.1, "lower",
        limited_by="Report, polygons and the writing of the map, in this order (products report). The faster the "
        "network, the larger their share.",
    ),
    Target(
        "products_tallest_to_lowest", "products",
        "peak memory of making all products, a scene of 8 000 rows against one of 2 000", 1.1, "lower",
        limited_by="What is kept of each landslide until the last one is known (products report).",
    ),
    Target(
        "landslip_help_cpu_seconds", "start", "landslip --help, CPU beyond Python itself", 0.3, "lower", unit="s",
        limited_by="The modules that the command line imports.",
    ),
)  # fmt: skip
"""Targets in the order of the flow: network, tiles, files, landslides, products, commands."""
