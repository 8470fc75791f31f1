"""Order for a shard and what comes back: all that passes between the driver and its workers besides the spool."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from landslip.runtime.engines import Engine, EngineOptions
from landslip.runtime.errors import UsageError
from landslip.runtime.system.versions import landslip_version


@dataclass(frozen=True)
class ShardOrder:
    """Order to compute a shard; what is large lies in the spool."""

    folder: str
    """Folder of the map in the spool."""
    job: str
    """Digest of the job file in it, which names it."""
    first: int
    """First tile row."""
    stop: int
    """Tile row after the last one."""
    share: int
    """Workers that share the cores of a machine."""


@dataclass(frozen=True)
class ShardReport:
    """Proof of a shard that lies in the spool."""

    length: int
    """Bytes of its file."""
    digest: str
    """SHA-256 of what it holds, as the file says as well."""
    seconds: tuple[float, ...]
    """Busy seconds of reading, preparing, inferring, stitching."""


@dataclass(frozen=True)
class ProbeOrder:
    """Order to open an engine, and to say what it is."""

    model: str
    """Path of the model."""
    sha256: str
    """Digest of its file."""
    options: EngineOptions
    """Options for running it."""
    share: int
    """Workers that share the cores of a machine."""


@dataclass(frozen=True)
class EngineIdentity:
    """Facts of an engine that have to be the same wherever a map is computed."""

    landslip: str
    """Version of landslip."""
    name: str
    """Name of the engine."""
    version: str
    """Version of its library."""
    precision: str
    """Number format it computes in."""
    device: str
    """Kind of device it runs on."""

    @classmethod
    def of(cls, engine: Engine) -> EngineIdentity:
        """Identity of an engine in this process."""
        return cls(landslip_version(), engine.name, engine.version, engine.precision, engine.device)

    def __str__(self) -> str:
        return f"landslip {self.landslip} with {self.name} {self.version} on {self.device} in {self.precision}"

    def check(self, other: EngineIdentity, who: str) -> None:
        """Make sure that another engine is the same.

        Args:
            other: the engine.
            who: where it runs, as messages call it.

        Raises:
            UsageError: it is another one; both are named.
        """
        if other != self:
            raise UsageError(
                f"A map is computed by one engine, and the workers have several: this map was begun with {self}, and "
                f"{who} has {other}.",
                "Install the same versions on all machines, and name `engine`, `device` and `precision`.",
                option="on",
            )


def job_path(folder: Path, digest: str) -> Path:
    """Path of a job file."""
    return folder / f"job-{digest}.json"


def rows_path(folder: Path, first: int, stop: int) -> Path:
    """Path of the file of a shard."""
    return folder / f"rows-{first}-{stop}"


def progress_path(folder: Path, first: int, stop: int) -> Path:
    """Path of the file that says how many tiles of a shard are done."""
    return folder / f"progress-{first}-{stop}"


def stop_path(folder: Path) -> Path:
    """Path of the file that tells workers that nobody waits for them any more."""
    return folder / "stop"
