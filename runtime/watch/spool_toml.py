"""SPOOL.toml: what a watching service watches, and how it maps; typed and bounded.

.. code-block:: toml

    model = "model/M_ALL_006.int8.onnx"   # relative to this file
    folder = "/data/spool"                # in/ work/ done/ failed/ out/ lie there
    complete = "rename"

    [map]
    threshold = 0.6

    [retry]
    attempts = 5

``docs/reference/spool-toml.md`` says what each key means.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from landslip.runtime.errors import InputError
from landslip.runtime.untrusted.toml_file import read_toml
from landslip.runtime.untrusted.typed_values import UnfitError, typed
from landslip.runtime.watch.job_options import MapDefaults

Seconds = Annotated[float, msgspec.Meta(ge=0.05, le=1e6)]
Tries = Annotated[int, msgspec.Meta(ge=1, le=1000)]
Days = Annotated[float, msgspec.Meta(ge=0.0, le=36500.0)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
Gigabytes = Annotated[float, msgspec.Meta(ge=0.0, le=1e6)]


@dataclass(frozen=True)
class EngineWanted:
    """Engine that is kept open; what is left open is chosen as ``landslip map`` chooses it."""

    engine: Literal["auto", "onnxruntime", "openvino", "tensorrt"] | None = None
    """Engine that runs the network."""
    device: Literal["auto", "cpu", "cuda", "gpu", "npu"] | None = None
    """Device that it runs on."""
    precision: Literal["auto", "fp32", "fp16", "bf16", "int8", "int8+bf16"] | None = None
    """Precision to compute in."""
    batch: Annotated[int, msgspec.Meta(ge=1, le=4096)] | None = None
    """Tiles of the model's own size per call of the engine."""
    tile: Annotated[int, msgspec.Meta(ge=32, le=16384)] | None = None
    """Edge of a tile in pixels."""
    threads: Annotated[int, msgspec.Meta(ge=0, le=4096)] | None = None
    """Threads of the engine on the CPU; 0 is one for each core."""
    share_features: bool | None = None
    """Switch for features that are computed once for all tiles that show a place."""

    @property
    def given(self) -> dict[str, Any]:
        """Arguments that were given, by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class RetryRule:
    """Rule of how often a job is tried, and how long it waits in between."""

    attempts: Tries = 5
    """Attempts that may end in an error which can pass; the job fails with the last."""
    crashes: Tries = 3
    """Attempts that may end in a crash of the worker process."""
    starts: Tries = 20
    """Attempts in all, those among them of which nobody knows how they ended, as when the machine goes down."""
    pause: Seconds = 30.0
    """Seconds after the first attempt; each further pause is twice as long."""
    longest_pause: Seconds = 3600.0
    """Seconds that a pause has at the most."""


@dataclass(frozen=True)
class WorkerRule:
    """Rule of how long a worker process is kept."""

    renew_after: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 500
    """Jobs after which a new one takes its place."""


@dataclass(frozen=True)
class RetentionRule:
    """Rule of how long jobs that have ended, and their results, are kept: for ever where no number is given."""

    done_days: Days | None = None
    """Days for job files in ``done/``."""
    done_count: Count | None = None
    """Number of job files in ``done/`` that are kept, the newest."""
    failed_days: Days | None = None
    """Days for job files and their errors in ``failed/``."""
    failed_count: Count | None = None
    """Number of job files in ``failed/`` that are kept, the newest."""
    out_days: Days | None = None
    """Days for results in ``out/``."""
    out_count: Count | None = None
    """Number of results in ``out/`` that are kept, the newest."""
    out_least_free_gb: Gigabytes | None = None
    """Gigabytes (10^9 bytes) below which the oldest results make room."""


@dataclass(frozen=True)
class MetricsRule:
    """Figures for Prometheus."""

    file: str | None = None
    """File that they are written to, relative to SPOOL.toml; none where it is not given."""


@dataclass(frozen=True)
class RoomRule:
    """Room that has to be there before a job is claimed."""

    least_free_gb: Gigabytes = 1.0
    """Gigabytes (10^9 bytes) that stay free on the disk of the spool."""


@dataclass(frozen=True)
class SpoolConfig:
    """Content of SPOOL.toml."""

    model: str
    """ONNX file, or their folder once it was tuned; relative to SPOOL.toml."""
    folder: str = "."
    """Folder that holds ``in/`` and the others; relative to SPOOL.toml."""
    complete: Literal["rename", "marker", "stable"] = "rename"
    """Rule by which a job file is known to be complete."""
    stable: Seconds = 10.0
    """Seconds for which size and time of a job file have to stay the same, with ``complete = "stable"``."""
    poll: Seconds = 2.0
    """Seconds between two looks at the folders."""
    lease: Annotated[float, msgspec.Meta(ge=1.0, le=86400.0)] = 60.0
    """Seconds without a heartbeat after which a watcher of another machine counts as dead."""
    engine: EngineWanted = field(default_factory=EngineWanted)
    """Engine that is kept open."""
    map: MapDefaults = field(default_factory=MapDefaults)
    """Options of every map where the job file does not say."""
    retry: RetryRule = field(default_factory=RetryRule)
    """Rule of how often a job is tried."""
    worker: WorkerRule = field(default_factory=WorkerRule)
    """Rule of how long a worker process is kept."""
    retention: RetentionRule = field(default_factory=RetentionRule)
    """Rule of how long files of jobs that have ended are kept."""
    metrics: MetricsRule = field(default_factory=MetricsRule)
    """Figures for Prometheus."""
    room: RoomRule = field(default_factory=RoomRule)
    """Room that has to be there before a job is claimed."""

    @property
    def model_path(self) -> Path:
        """Path of the model."""
        return Path(self.model)

    @property
    def spool_path(self) -> Path:
        """Folder that holds ``in/`` and the others."""
        return Path(self.folder)

    @property
    def metrics_path(self) -> Path | None:
        """File that figures are written to; None where none is asked for."""
        return None if self.metrics.file is None else Path(self.metrics.file)


def read_spool_toml(path: Path) -> SpoolConfig:
    """Read SPOOL.toml; its paths start from its folder.

    Raises:
        InputMissingError: it is not there.
        InputError: it is not understood; the message names the key, what it is, and what it may be.
    """
    table = read_toml(path, "a spool", 'model = "model.onnx"')
    try:
        config: SpoolConfig = typed(table, SpoolConfig, plain=True)
    except UnfitError as error:
        raise InputError(f"{path}: {error}", where=path) from error
    base, figures = path.absolute().parent, config.metrics.file
    return replace(
        config,
        model=str(base / config.model),
        folder=str(base / config.folder),
        metrics=MetricsRule(None if figures is None else str(base / figures)),
    )
