"""The ways to run the artifacts of a model on a machine, and the order they are tried in. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from landslip.export.judging.trials import Trial, trials_of
from landslip.runtime.artifacts.onnx_file import OnnxFile
from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.engines import EngineOptions
from landslip.runtime.engines.opening import DEVICES
from landslip.runtime.mapping.engine_choice import BATCH

MOST_TILES = {"cpu": 16, "cuda": 64}
"""Largest batch that is tried on a device; more tiles bring little and take memory."""

_LIKELY = ("int8+bf16", "int8", "bf16", "fp16", "fp32")
"""Precisions by how fast they tend to be."""


@dataclass(frozen=True)
class Way:
    """One way to run an artifact."""

    trial: Trial
    """The artifact, the engine and the precision."""
    device: str
    """Device it runs on."""
    batch: int = BATCH
    """Tiles per call."""
    threads: int = 0
    """Threads on the CPU; 0 for as many as there are cores."""

    @property
    def file(self) -> OnnxFile:
        """The artifact."""
        return self.trial.file

    @property
    def spec(self) -> ModelSpec:
        """Description of the inputs and output of the artifact."""
        return self.file.spec

    def options(self, tile: int | None = None) -> EngineOptions:
        """Options of an engine that runs this way, for tiles of some size; None for the model's own."""
        return EngineOptions(self.trial.backend.name, self.device, self.batch, tile, self.threads, self.trial.precision)

    def __str__(self) -> str:
        threads = f", {self.threads} threads" if self.threads else ""
        return (
            f"{self.file.path.name} with {self.trial.backend.name} on {self.device} in {self.trial.precision}, "
            f"batch {self.batch}{threads}"
        )


def ways_of(
    files: Sequence[OnnxFile], named: OnnxFile, engine: str = "auto", devices: Collection[str] = DEVICES
) -> list[Way]:
    """Every way to run some artifacts with the usual batch and threads, in the order they are best tried in.

    First what is run without tuning, for comparison; then what tends to be fastest. Whether an engine runs on a
    device is seen when it is tried.

    Args:
        files: the artifacts.
        named: the one of them the user names.
        engine: the only one to try; ``auto`` for all but those that have to be built for minutes before they run.
        devices: where they may run.
    """
    ways = [
        Way(trial, device)
        for file in files
        for trial in trials_of(file, engine)
        if trial.backend.installed and (engine != "auto" or trial.backend.automatic)
        for device in trial.backend.devices
        if device in devices and trial.backend.objection(file, trial.precision, device) is None
    ]
    # They come in the order of the backends, which is that in which these are chosen.
    usual = [way for way in ways if way.file.path == named.path and way.trial.precision == named.precision]
    first = [way for way in usual if way.trial.backend.name == usual[0].trial.backend.name]
    return sorted(ways, key=lambda way: (way not in first, _likely(way)))


def _likely(way: Way) -> tuple[bool, int, bool]:
    made_for_it = way.file.target == way.trial.backend.name
    return way.device == "cpu", _LIKELY.index(way.trial.precision), not made_for_it


def larger_batches(way: Way) -> Iterator[Way]:
    """Twice as many tiles per call, again and again."""
    batch = 2 * way.batch
    while batch <= MOST_TILES.get(way.device, MOST_TILES["cpu"]):
        yield replace(way, batch=batch)
        batch *= 2


def smaller_batches(way: Way) -> Iterator[Way]:
    """Half as many tiles per call, down to one."""
    batch = way.batch // 2
    while batch:
        yield replace(way, batch=batch)
        batch //= 2


def other_threads(way: Way, cores: int) -> Iterator[Way]:
    """Numbers of threads to try: the cores, and half as many; on the CPU alone.

    Args:
        way: how it is run.
        cores: logical cores this process may use.
    """
    if way.device == "cpu":
        yield from (replace(way, threads=count) for count in (cores, cores // 2) if count > 1)
