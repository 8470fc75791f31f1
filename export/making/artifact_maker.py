"""Makes one artifact after the other: try candidates, judge, write the record, give names."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from landslip.export.folder.artifacts import Artifact
from landslip.export.folder.file_plan import PlannedArtifact
from landslip.export.judging.gate import Judge, Proof, Verdict
from landslip.export.making.artifact_record import Circumstances, Source, record_text
from landslip.export.making.candidate_selection import select_candidate
from landslip.export.making.candidates import Candidate, Candidates
from landslip.export.topology.left_out import LeftOut
from landslip.runtime.artifacts.record_path import record_path
from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.system.digests import sha256_of
from landslip.runtime.system.drafts import output_errors, put_in_place
from landslip.runtime.system.memory import peak_rss_bytes

log = logging.getLogger(__name__)


@dataclass
class ArtifactMaker:
    """State that all artifacts of an export share."""

    folder: Path
    """Folder where files lie until they get their names."""
    source: Source
    """File that the artifacts are made from."""
    made_by: str
    """Name of what computes the reference."""
    left_out: LeftOut
    """Layers and outputs of that file that do not go into them."""
    spec: ModelSpec | None
    """Description of their inputs and output."""
    candidates: Candidates
    """Maker of the candidates to try."""
    judge: Judge
    """Judge of the candidates."""
    scenes: str | None
    """Origin of the tiles of scenes."""
    reference: Path | None
    """File of the reference tiles: here until the first artifact is published, and then beside it."""

    def make(self, planned: PlannedArtifact) -> Artifact:
        """Make an artifact and publish it with its record, and with the reference tiles if it is the first.

        Raises:
            ParityError: no candidate passes the gate.
            ModelError: the network cannot be brought to that precision.
            EngineError: an engine cannot be used here.
            OutputError: the artifact cannot be moved to its place.
            OSError: a file cannot be written into the working folder.
        """
        began = time.monotonic()
        log.info("making %s", planned.path.name)
        candidate, verdict = select_candidate(planned, self.candidates.of(planned), self.judge)
        further = self.judge.further(planned.path.name, candidate.rehearsals)
        _tell(planned, further)
        shared = self.judge.shared(planned.path.name, candidate.rehearsals)
        _tell(planned, shared, " with shared features")
        proven = replace(verdict, proofs=(*verdict.proofs, *further), shared=shared)
        return self._published(planned, candidate, proven, began)

    def _published(self, planned: PlannedArtifact, candidate: Candidate, verdict: Verdict, began: float) -> Artifact:
        out, draft = planned.path.parent, self.folder / planned.path.name
        draft.write_bytes(candidate.graph.SerializeToString())
        artifact = Artifact(
            path=planned.path,
            precision=planned.precision,
            target=planned.target,
            sha256=sha256_of(draft),
            bytes=draft.stat().st_size,
            parity=verdict.proofs[0].figures,
            seconds=round(time.monotonic() - began, 1),
            peak_rss_bytes=peak_rss_bytes(),
        )
        record = record_path(draft)
        record.write_text(record_text(artifact, self._circumstances(planned, candidate, verdict)), encoding="utf-8")
        fresh = [self.reference] if self.reference is not None and self.reference.parent == self.folder else []
        with output_errors(out):
            put_in_place([*fresh, draft, record], out)
        if self.reference is not None:
            self.reference = out / self.reference.name
        return artifact

    def _circumstances(self, planned: PlannedArtifact, candidate: Candidate, verdict: Verdict) -> Circumstances:
        path = self.reference
        return Circumstances(
            source=self.source,
            made_by=self.made_by,
            left_out=self.left_out,
            spec=self.spec,
            gate=self.judge.gates[planned.precision],
            proofs=verdict.proofs,
            shared=verdict.shared,
            scenes=self.scenes,
            reference=None if path is None else {"file": path.name, "sha256": sha256_of(path)},
            facts=candidate.facts,
        )


def _tell(planned: PlannedArtifact, further: Sequence[Proof], how: str = "") -> None:
    """Say how an artifact does in what only a run has: another precision, or shared features."""
    for proof in further:
        verdict = f"does not pass, and its record says so: it {'; '.join(proof.objections)}"
        log.info(
            "%s in %s with %s%s: %s",
            planned.path.name,
            proof.precision,
            proof.engine,
            how,
            verdict if proof.objections else "passes",
        )
