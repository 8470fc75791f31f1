"""Engines and precisions that a benchmark measures: those the artifacts at hand allow on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from landslip.export.folder.artifacts import find_candidates
from landslip.export.judging.trials import Trial, trials_of
from landslip.runtime.engines import Engine, EngineOptions, open_engine
from landslip.runtime.errors import EngineError, InputError


@dataclass(frozen=True)
class Variant:
    """An engine, and what it computes in."""

    path: Path
    """The ONNX file."""
    engine: str
    """Name of the engine."""
    precision: str
    """Number format it computes in."""

    @property
    def name(self) -> str:
        """Name for tables: engine and precision."""
        return f"{self.engine} {self.precision}"

    @property
    def key(self) -> str:
        """Key for findings: engine and precision with an underscore."""
        return f"{self.engine}_{self.precision}"

    def opened(self, batch: int, tile: int | None = None) -> Engine:
        """The engine, on the device it takes by itself.

        Raises:
            EngineError: it cannot be used here.
        """
        return open_engine(self.path, EngineOptions(self.engine, batch=batch, tile=tile, precision=self.precision))


def variants_of(model: Path) -> list[Variant]:
    """Every engine that is installed, in every precision it can compute; one variant for each pair of them.

    An artifact of that precision goes before one that is computed in another one than its own, such as bf16,
    which has no artifact; and then one made for the engine before one that any engine runs.

    Args:
        model: folder of artifacts that passed their gates, or one ONNX file.

    Raises:
        InputError: there is no sound artifact.
    """
    found: dict[str, Variant] = {}
    for trial in sorted(_trials(model), key=_rank):
        variant = Variant(trial.file.path, trial.backend.name, trial.precision)
        found.setdefault(variant.name, variant)
    if not found:
        raise InputError(f"{model} holds no artifact that an installed engine runs. Run landslip verify on it.")
    return [found[name] for name in sorted(found)]


def open_variants(variants: list[Variant], batch: int) -> tuple[dict[Variant, Engine], dict[str, str]]:
    """Open what can be used here.

    Returns:
        The open engines; and why others are left out, by name.
    """
    engines: dict[Variant, Engine] = {}
    left_out: dict[str, str] = {}
    for variant in variants:
        try:
            engine = variant.opened(batch)
        except EngineError as error:
            left_out[variant.name] = str(error)
            continue
        if variant.precision == "fp16" and engine.device == "cpu" and variant.engine == "onnxruntime":
            engine.close()
            left_out[variant.name] = "on the CPU it computes in fp32."
            continue
        engines[variant] = engine
    return engines, left_out


def _trials(model: Path) -> Iterator[Trial]:
    for candidate in find_candidates(model):
        if candidate.file is not None and candidate.fault is None:
            yield from (trial for trial in trials_of(candidate.file, "auto") if trial.backend.installed)


def _rank(trial: Trial) -> tuple[bool, bool, bool]:
    other = trial.precision != trial.file.precision
    # bf16 is computed from fp32 rather than from values that were rounded to fp16.
    return other, other and trial.file.precision != "fp32", trial.file.target == "onnx"
