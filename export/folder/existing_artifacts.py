"""Artifacts that an earlier export left in the folder: they are named before the tiles they need are replaced."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from landslip.export.folder.artifacts import FoundArtifact, find_candidates, recorded
from landslip.export.folder.file_plan import PlannedArtifact
from landslip.runtime.artifacts.reference_tiles import SUFFIX, read_reference
from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.errors import InputError, UsageError
from landslip.runtime.system.digests import sha256_of

log = logging.getLogger(__name__)

_REMEDY = (
    "Choose another folder, or the same options as before, or add overwrite=True: then those artifacts have to be "
    "exported again, or verified with `reference`."
)


@dataclass(frozen=True)
class ExistingArtifacts:
    """Artifacts that an earlier export of a model left and this one does not make anew."""

    tiles: Path
    """Path of the reference tiles of the model, whether they are there yet or not."""
    judged: tuple[FoundArtifact, ...] = ()
    """Artifacts that were judged by the tiles that lie there."""
    overwrite: bool = False
    """True if the artifacts may be left without their reference tiles."""

    @property
    def names(self) -> str:
        """Names of the artifacts."""
        return ", ".join(candidate.path.name for candidate in self.judged)

    def before_replacing(self) -> None:
        """Say what the tiles are needed for, before other ones take their place.

        Raises:
            UsageError: they are needed, and may not be replaced.
        """
        if self.judged and not self.overwrite:
            raise UsageError(
                f"{self.tiles} holds the tiles that landslip verify judges {self.names} by, and this export would "
                f"replace them with others. {_REMEDY}"
            )
        if self.judged:
            log.warning(
                "%s is replaced: it held the tiles that landslip verify judges %s by. Export these again too, or "
                "verify them with `reference`.",
                self.tiles, self.names,
            )  # fmt: skip
        elif self.tiles.exists():
            log.warning("%s is replaced: it holds other tiles than artifacts are judged by now", self.tiles)


def find_existing(out: Path, name: str, plan: Sequence[PlannedArtifact], *, overwrite: bool) -> ExistingArtifacts:
    """Find the artifacts of earlier exports of a model.

    Args:
        out: folder of the artifacts.
        name: of the model.
        plan: what will be made.
        overwrite: whether the tiles of other artifacts may be replaced.
    """
    tiles = out / f"{name}{SUFFIX}"
    if not tiles.is_file():
        return ExistingArtifacts(tiles, overwrite=overwrite)
    try:
        found = find_candidates(out)
    except InputError:
        found = []
    digest, made = sha256_of(tiles), {planned.path.name for planned in plan}
    judged = [
        each
        for each in found
        if each.file is not None
        and each.file.spec.name == name
        and each.path.name not in made
        and recorded(each.record, "reference", "sha256") in (None, digest)
    ]
    return ExistingArtifacts(tiles, tuple(judged), overwrite)


def check_tiles(existing: ExistingArtifacts, source_sha256: str, spec: ModelSpec, scenes: str) -> None:
    """Make sure, as far as it can be known before the work starts, that reference tiles which are needed will stay.

    Args:
        existing: what is there.
        source_sha256: digest of the Keras file.
        spec: what the model takes and gives.
        scenes: where tiles of scenes come from.

    Raises:
        UsageError: the tiles are of another model, or artifacts were judged by other ones than are asked for.
    """
    try:
        there = read_reference(existing.tiles)
    except InputError:
        return
    if there.source_sha256 != source_sha256:
        judged = f", and landslip verify judges {existing.names} by them" if existing.judged else ""
        raise UsageError(
            f"{existing.tiles} is there already, of another model{judged}. Choose another folder, or add "
            "overwrite=True."
        )
    if any(_needs_others(candidate, spec, scenes) for candidate in existing.judged):
        existing.before_replacing()


def _needs_others(candidate: FoundArtifact, spec: ModelSpec, scenes: str) -> bool:
    file = candidate.file
    said = recorded(candidate.record, "parity", "scenes")
    return said not in (None, scenes) or (file is not None and _decisive(file.spec) != _decisive(spec))


def _decisive(spec: ModelSpec) -> tuple[object, ...]:
    """Parts of a description that the tiles and their reference depend on."""
    return spec.inputs, spec.tile, spec.multiple, spec.resolution, spec.threshold, spec.classes
