"""The export of an ONNX file of another program; nothing here needs TensorFlow."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from landslip.export.adoption.adopted_network import read_adopted
from landslip.export.conversion.network import Network
from landslip.export.folder.artifacts import Artifact
from landslip.export.folder.export_options import ExportOptions, Precision
from landslip.export.making.artifact_record import OnnxSource
from landslip.export.making.artifact_run import MakingRequest, make_artifacts
from landslip.export.specification.description import Description
from landslip.export.specification.spec_toml import read_description
from landslip.runtime.artifacts.onnx_file import read_onnx_header
from landslip.runtime.errors import UsageError
from landslip.runtime.system.digests import sha256_of

log = logging.getLogger(__name__)


def adopt_model(
    source: Path,
    out: Path,
    *,
    spec: Path | None,
    precisions: Sequence[Precision] = ("fp32",),
    name: str | None = None,
    output: str | int | None = None,
    overwrite: bool = False,
    options: ExportOptions | None = None,
    notice: str = "",
) -> list[Artifact]:
    """Make artifacts of an ONNX file of another program, as ``export_model`` makes them of a Keras file.

    Args:
        source: the ONNX file; files beside it may hold its weights.
        out: folder for the artifacts; made if needed.
        spec: SPEC.toml that describes what feeds the network and what its output means.
        precisions: what to make.
        name: of the model; by default that in the spec, or the stem of the file.
        output: name or position of the output that is served; by default that in the spec, or the first one.
        overwrite: replace artifacts of an earlier export.
        options: how to make them.
        notice: what users of the model have to know, in a sentence; by default as the spec says.

    Returns:
        The artifacts, in the order of their precisions and targets.

    Raises:
        UsageError: there is no description, an argument cannot be used, or an artifact is there already.
        InputError: the file is no network that can be adopted, or a scene cannot be read.
        EngineError: an engine that judges, or the builder of a target, cannot be used here.
        ParityError: an artifact does not say what the network says; the message tells which ones do.
        OutputError: the folder cannot be written.
    """
    read_onnx_header(source)  # refuses files of other kinds in words
    description = _described(source, spec, name, notice)
    digest = sha256_of(source)
    request = MakingRequest(
        source=source,
        sha256=digest,
        spec=description.spec,
        out=out,
        precisions=precisions,
        overwrite=overwrite,
        options=options or ExportOptions(),
    )

    def read(_: Path) -> tuple[Network, OnnxSource]:
        adopted = read_adopted(source, description, output=output)
        file = adopted.foreign
        size = source.stat().st_size
        return adopted.network, OnnxSource(source.name, digest, size, file.opset, file.producer, file.weights)

    return make_artifacts(request, read)


def _described(source: Path, spec: Path | None, name: str | None, notice: str) -> Description:
    """Description of the network in ``spec``, with another name and notice where they are given."""
    if spec is None:
        raise UsageError(
            f"{source} does not say which bands feed it and what its output means.",
            f"Print a SPEC.toml to fill in with: landslip describe {source.name}, and give that with `spec`.",
            option="spec",
        )
    description = read_description(spec, source)
    described = description.spec
    return replace(description, spec=replace(described, name=name or described.name, notice=notice or described.notice))
