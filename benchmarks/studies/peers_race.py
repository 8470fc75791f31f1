"""Race from files to a file: landslip against others who do the same, with the same predictor and the same tiles."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray

from landslip.benchmarks.baselines.decoding import decode_files
from landslip.benchmarks.baselines.peer_scene import MapFiles, PeerScene, write_stacked
from landslip.benchmarks.measuring.fixed_tile_engine import fixed_tile_engine
from landslip.benchmarks.measuring.map_likeness import agreement, seams
from landslip.benchmarks.measuring.raw_engine import RawEngine
from landslip.benchmarks.measuring.timing import Timing, alternate
from landslip.benchmarks.reports.report import Finding, Report, Table
from landslip.benchmarks.scenes.grid_scene import edge_of, on_the_grid
from landslip.benchmarks.scenes.pattern_scene import write_pattern_scene
from landslip.benchmarks.studies.contest import ratio_finding
from landslip.benchmarks.studies.one_peer_map import STACKED
from landslip.benchmarks.studies.peer_contestants import (
    ALONE,
    DECODED,
    LANDSLIP,
    NO_PEERS,
    TILE,
    FileContestant,
    installed,
    left_out_table,
    whole_tiles,
)
from landslip.benchmarks.studies.peer_memory import memory_findings, memory_table, peaks
from landslip.benchmarks.studies.peer_settings import COMMON, scene_of
from landslip.benchmarks.studies.variants import Variant, variants_of
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.artifacts.spec import ModelSpec, published_spec
from landslip.runtime.confidence import NOT_OBSERVED
from landslip.runtime.engines import Engine
from landslip.runtime.errors import UsageError
from landslip.runtime.run.product_names import CONFIDENCE

_OVERLAP = 0.5


@dataclass(frozen=True)
class PeersBench:
    """Options of the measurement."""

    model: Path = DEMO_MODEL
    """Folder of artifacts, or one ONNX file; ONNX Runtime runs it in fp32."""
    size: int = 4592
    """Rows and columns of the scene that is mapped without a network, rounded down to whole tiles."""
    seconds: float = 20.0
    """About how long a map with the network takes; its scene is as large as that needs."""
    repeats: int = 3
    """Timed maps of each; the median counts."""


@dataclass(frozen=True)
class Race:
    """One scene, mapped in turn by all."""

    edge: int
    """Rows and columns."""
    timings: Mapping[str, Timing]
    """Timing of each by name, in map pixels: of the confidence, and those that decoding makes possible."""
    maps: Mapping[str, Path]
    """The last map of each by name."""


def measure_peers(bench: PeersBench, folder: Path) -> Report:
    """Let all that are installed map the same scenes, without a network and with one.

    Args:
        bench: how to measure.
        folder: for scenes and maps.

    Raises:
        UsageError: the network takes other inputs or tiles than the published one, or ONNX Runtime cannot run it.
        LandslipError: a map failed.
    """
    variant = _plain(bench.model)
    taking_part, left_out = installed()
    loaded = {each: each.load() for each in taking_part}
    empty = _without_network(folder / "empty", whole_tiles(bench.size), loaded, bench.repeats)
    once = [each for each in taking_part if not each.same_map]
    racing = [each for each in taking_part if not each.same_map or each.name == ALONE]
    full = _with_network(folder / "network", variant, {each: loaded[each] for each in racing}, bench)
    taken, failed = peaks(folder / "empty", once)
    return Report(
        name="peers",
        question="How fast is a map from files to a file, compared with others who do the same, and how good is it?",
        settings={
            "without a network": f"{scene_of(empty.edge)}; the same tiles with a few landslides, whatever is shown",
            "network": f"{scene_of(full.edge)}; {bench.model.stem}, {variant.name}, a session for each batch",
            **COMMON, "repeats": bench.repeats,
            "warm_up": "one map of each without a network, then one batch of each session; imports do not count",
        },
        tables=[
            _speeds("Speed without a network", taking_part, empty),
            _speeds("Speed with the network", racing, full),
            _maps(once, full),
            memory_table("Memory of a process without a network", taken),
            *left_out_table(left_out | failed),
        ],
        findings={
            **dict(speed_findings("files_to_files", empty)),
            **dict(speed_findings("files_to_files_with_network", full)),
            **dict(memory_findings(taken)),
        },
    )  # fmt: skip


def _plain(model: Path) -> Variant:
    for variant in variants_of(model):
        if variant.key == "onnxruntime_fp32":
            return variant
    raise UsageError(f"model: {model} holds no artifact that ONNX Runtime runs in fp32 here.", option="model")


def _without_network(folder: Path, edge: int, loaded: Mapping[FileContestant, MapFiles], repeats: int) -> Race:
    spec = published_spec("stamp", "no network")
    engines = {each.batch: fixed_tile_engine(spec, each.batch) for each in loaded}
    return _raced(folder, edge, spec, loaded, engines, repeats)


def _with_network(folder: Path, variant: Variant, loaded: Mapping[FileContestant, MapFiles], bench: PeersBench) -> Race:
    with ExitStack() as stack:
        engines = {batch: stack.enter_context(variant.opened(batch)) for batch in {each.batch for each in loaded}}
        spec = next(iter(engines.values())).spec
        _check(spec, variant.path)
        alone = {batch: RawEngine(engine, batch, TILE) for batch, engine in engines.items()}  # each has run once then
        tiles = bench.seconds * alone[max(alone)].rate()
        edge = edge_of(max(3, round(math.sqrt(tiles))), TILE, _OVERLAP)
        return _raced(folder, edge, spec, loaded, engines, bench.repeats, warm_up=0)


def _check(spec: ModelSpec, path: Path) -> None:
    names, published = [each.name for each in spec.inputs], published_spec("", "")
    if names != [each.name for each in published.inputs] or spec.tile != TILE:
        raise UsageError(
            f"model: {path} takes {', '.join(names)} in tiles of {spec.tile} pixels. The published loop and the scenes "
            f"of this benchmark are for networks of the published kind, with tiles of {TILE}.",
            option="model",
        )  # fmt: skip


def _raced(
    folder: Path,
    edge: int,
    spec: ModelSpec,
    loaded: Mapping[FileContestant, MapFiles],
    engines: Mapping[int, Engine],
    repeats: int,
    warm_up: int = 1,
) -> Race:
    files = write_pattern_scene(folder / "scene", on_the_grid(edge, edge))
    scene = PeerScene(files, folder / "scene" / STACKED)
    write_stacked(files, spec.inputs, scene.stacked)
    subjects: dict[str, Callable[[], float]] = {}
    maps = {each.name: folder / "maps" / each.name / CONFIDENCE for each in loaded}
    for each, map_files in loaded.items():
        maps[each.name].parent.mkdir(parents=True)
        mapped = each.mapped(edge)
        make = partial(map_files, scene, maps[each.name], engines[each.batch], each.batch)
        subjects[each.name] = partial(_done, make, (mapped.stop - mapped.start) ** 2)
    subjects[DECODED] = partial(_done, partial(decode_files, files), edge**2)
    return Race(edge, alternate(subjects, repeats, warm_up), maps)


def _done(work: Callable[[], None], pixels: int) -> float:
    work()
    return float(pixels)


def _speeds(title: str, taking_part: Sequence[FileContestant], race: Race) -> Table:
    columns = ("what", "version", "batch", "tiles", f"ground in the time of {LANDSLIP}", "slowest run", "fastest run")
    rows: list[tuple[object, ...]] = []
    for each in taking_part:
        ratios = race.timings[each.name].ratios(race.timings[LANDSLIP])
        tiles = each.tiles(race.edge, race.edge)
        rows.append((each.name, each.version, each.batch, tiles, float(np.median(ratios)), min(ratios), max(ratios)))
    ratios = race.timings[DECODED].ratios(race.timings[LANDSLIP])
    rows.append((DECODED, None, None, None, float(np.median(ratios)), min(ratios), max(ratios)))
    return Table(title, columns, rows)


def _maps(taking_part: Sequence[FileContestant], race: Race) -> Table:
    """Table of how far the maps with the network agree with landslip's, and whether tiles can be seen in them."""
    ours = _read(race.maps[LANDSLIP])
    rows = []
    for each in taking_part:
        theirs, mapped = _read(race.maps[each.name]), each.mapped(race.edge)
        observed = np.zeros(ours.shape, np.bool_)
        observed[mapped, mapped] = True
        agreed = agreement(ours, theirs, observed & (ours != NOT_OBSERVED))
        borders = [border - mapped.start for border in each.borders(race.edge)]
        share = agreed.pixels / ours.size
        rows.append((each.name, agreed.iou, agreed.difference, share, seams(theirs[mapped, mapped], borders, borders)))
    columns = (
        "what", f"IoU with {LANDSLIP}", "mean difference of the confidence", "share of the pixels that both map",
        "change across borders of tiles to that elsewhere",
    )  # fmt: skip
    return Table("Maps with the network", columns, rows)


def _read(path: Path) -> NDArray[np.uint8]:
    with rasterio.open(path) as dataset:
        values: NDArray[np.uint8] = dataset.read(1)
    return values


def speed_findings(key: str, race: Race) -> Iterator[tuple[str, Finding]]:
    """Speed of landslip's in multiples of each peer's, and of the fastest one's; and that of parts of its work.

    Args:
        key: how the names of the findings begin.
        race: who took part, and how long each took.
    """
    peers = {name: timing for name, timing in race.timings.items() if name not in NO_PEERS}
    ratios = {name: ratio_finding(race.timings[LANDSLIP], timing) for name, timing in peers.items()}
    yield f"{key}_vs_fastest_peer", _lowest(ratios.values())
    if ALONE in race.timings:
        alone = _lowest(ratio_finding(race.timings[ALONE], timing) for timing in peers.values())
        yield f"{key}_confidence_alone_vs_fastest_peer", alone
    if DECODED in race.timings:
        decoded = _lowest(ratio_finding(race.timings[DECODED], timing) for timing in peers.values())
        yield f"{key}_decoding_alone_vs_fastest_peer", decoded
    for name, ratio in ratios.items():
        yield f"{key}_vs_{name.replace(',', '').replace(' ', '_').lower()}", ratio


def _lowest(found: Iterable[Finding]) -> Finding:
    return min(found, key=lambda finding: finding.value)
