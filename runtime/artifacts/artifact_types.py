"""The record beside an ONNX file with types: what it was made from, with what, and how it was checked."""

from __future__ import annotations

from typing import Any

import msgspec

from landslip.runtime.untrusted.json_record import JsonRecord


class FileRecorded(msgspec.Struct, frozen=True, kw_only=True):
    """The ONNX file that a record was written for."""

    file: str = ""
    """Name of the file; empty where a record does not say."""
    sha256: str
    """SHA-256 of the file."""
    bytes: int | None = None
    """Length in bytes; None where an early version did not say."""
    precision: str | None = None
    """Number format that the network computes in; None likewise."""
    target: str | None = None
    """Backend it was made for; None likewise."""


class SourceRecorded(msgspec.Struct, frozen=True, kw_only=True):
    """The file that it was made from: a Keras file, or the ONNX file of another program."""

    file: str
    """Name of the file."""
    sha256: str
    """SHA-256 of the file."""
    bytes: int | None = None
    """Length in bytes; None where an early version did not say."""
    keras_version: str | None = None
    """Version of Keras that wrote a Keras file; None likewise."""
    kind: str = "keras"
    """Kind of the file: ``keras`` or ``onnx``."""
    opset: int | None = None
    """Version of the operators of an ONNX file; None for a Keras file."""
    producer: str | None = None
    """Program that wrote the ONNX file; None likewise."""
    weights: dict[str, str] = msgspec.field(default_factory=dict)
    """SHA-256 of the files beside an ONNX file that hold its weights, by name."""
    registered: str | None = None
    """Name of the published model it is; None for any other."""


class ParityRecorded(msgspec.Struct, frozen=True, kw_only=True):
    """Parity check of an artifact before it got its name."""

    reference: str
    """Name of what it was compared with."""
    engine: str
    """Engine and device that ran it."""
    machine: str | None = None
    """Kind of processor; None where an early version did not say."""
    scenes: str | None = None
    """Source of the tiles of scenes; None where there were none."""
    limits: dict[str, Any] = msgspec.field(default_factory=dict)
    """Limits that it had to keep, by name."""
    figures: tuple[dict[str, Any], ...] = ()
    """Distance from the reference for each set of tiles, with the engine it is made for."""
    engines: tuple[dict[str, Any], ...] = ()
    """Distance from the reference with every engine that judged it, and whether it passed (``passes``). An artifact is
    kept for what it does in its own precision; in one that only a run has, such as ``int8+bf16``, it may fail."""

    shared_features: tuple[dict[str, Any], ...] = ()
    """Results with features that overlapping tiles share, and how near the map is to the faithful one
    (``faithful_iou``); empty where there are none, or an earlier version did not say."""

    def objections(self, engine: str, precision: str, *, shared: bool = False) -> list[str]:
        """Reasons why an artifact did not pass with an engine in a precision, in phrases; none if it passed.

        None either where it was not tried.

        Args:
            engine: name of the engine.
            precision: number format that it computes in.
            shared: with shared features.
        """
        failed = [
            entry.get("objections") for entry in (self.shared_features if shared else self.engines)
            if (entry.get("engine"), entry.get("precision"), entry.get("passes")) == (engine, precision, False)
        ]  # fmt: skip
        return [str(phrase) for phrases in failed for phrase in (phrases if isinstance(phrases, list) else [])]


_OF_REDUCED_RANGE = 7


class QuantisationRecorded(msgspec.Struct, frozen=True, kw_only=True):
    """Quantisation of an INT8 artifact, as far as maps ask for it."""

    fits_without_vnni: bool | None = None
    """True if sums of two products fit into the 16 bits that x86 processors without VNNI have for them; None where an
    earlier version did not say, and of files that are not for CPUs."""
    weight_bits: int | None = None
    """Bits of its weights; None where a record does not say."""

    @property
    def may_overflow(self) -> bool:
        """True where nothing says that its sums fit on every CPU; those of 7 bits did before records told of it."""
        return self.weight_bits != _OF_REDUCED_RANGE if self.fits_without_vnni is None else not self.fits_without_vnni


class TilesRecorded(msgspec.Struct, frozen=True, kw_only=True):
    """The reference tiles beside it."""

    file: str
    """Name of their file."""
    sha256: str
    """Digest of that file."""


class ArtifactRecord(JsonRecord, frozen=True, kw_only=True):
    """Record of an artifact: ``NAME.onnx.json`` beside ``NAME.onnx``."""

    landslip: str = ""
    """Version that made it; empty where an early one did not say."""
    created: str = ""
    """Time of the export, UTC in ISO 8601; empty likewise."""
    artifact: FileRecorded
    """The ONNX file."""
    source: SourceRecorded | None = None
    """The file it was made from; None where a record does not say."""
    spec: dict[str, Any] | None = None
    """Description of inputs and output; None for a network that keeps its own inputs."""
    tools: dict[str, str] = msgspec.field(default_factory=dict)
    """Versions of what made it, by name."""
    parity: ParityRecorded | None = None
    """Parity check; None where an early version did not say."""
    quantisation: QuantisationRecorded | None = None
    """Quantisation; None for an artifact that is not INT8."""
    reference: TilesRecorded | None = None
    """Reference tiles; None where there are none."""

    @property
    def may_overflow(self) -> bool:
        """True where sums of 8-bit products may not fit into 16 bits, on x86 processors without VNNI."""
        return self.quantisation is not None and self.quantisation.may_overflow
