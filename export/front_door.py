"""Functions for programs that make artifacts and prove them. Importing this module loads little."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from landslip.export.folder.export_options import ExportOptions, Precision, Target
from landslip.runtime.access.location import local_path
from landslip.runtime.errors import UsageError
from landslip.runtime.mapping.arguments import DeviceName, EngineName, Name, PrecisionName
from landslip.runtime.system.extras import needs_extra

if TYPE_CHECKING:
    from landslip.export.folder.artifacts import Artifact
    from landslip.export.proof.verify import VerifyReport


def export_model(
    source: Name,
    out: Name,
    *,
    precisions: Precision | Sequence[Precision] = "fp32",
    targets: Target | Sequence[Target] = "onnx",
    name: str | None = None,
    spec: Name | None = None,
    output: str | int | None = None,
    calibrate: Name | None = None,
    limits: str | Sequence[str] = (),
    reduced_range: bool = False,
    build: bool = True,
    workspace: int | None = None,
    overwrite: bool = False,
    notice: str = "",
) -> tuple[Artifact, ...]:
    """Turn a Keras file into ONNX artifacts, as ``landslip export`` does; needs the export extra.

    Args:
        source: Keras archive (``.keras``) or whole-model HDF5 file.
        out: folder for the artifacts; made if needed.
        precisions: one or several of ``fp32``, ``fp16`` and ``int8``.
        targets: one or several backends: ``onnx``, ``openvino``, ``tensorrt``.
        name: of the model; by default that in the spec, or of the published model the file is, or the stem of the file.
        spec: SPEC.toml that describes a network other than the published one.
        output: name or position of the output that is served; by default that in the spec, or the first one.
        calibrate: SCENE.toml to calibrate int8 on and to judge by; generated scenes when not given.
        limits: other limits of the gates, such as ``int8:iou=0.99``.
        reduced_range: 7-bit weights, for CPUs without VNNI.
        build: build the engines of target ``tensorrt`` on this machine.
        workspace: most scratch memory of a layer of such an engine, bytes; all there is when not given.
        overwrite: replace artifacts of an earlier export.
        notice: what users of the model have to know, in a sentence; by default as the spec says.

    Returns:
        The artifacts, in the order of their precisions and targets.

    Raises:
        UsageError: an argument cannot be used, an artifact is there already, or the extra is not installed.
        InputError: the file is not a model that can be exported, or a scene cannot be read.
        EngineError: an engine that judges, or the builder of a target, cannot be used here.
        ParityError: an artifact does not say what the Keras network says; the message tells which ones do.
        OutputError: the folder cannot be written.
    """
    request = _making_request(
        precisions, limits, targets=targets, calibrate=calibrate, reduced_range=reduced_range, build=build,
        workspace=workspace,
    )  # fmt: skip
    with needs_extra("export_model", "export"):
        # Imported here: numpy and TensorFlow, which only a call needs.
        from landslip.export.making.export_model import export_model as run  # noqa: PLC0415
    made = run(
        local_path(source, "source"), local_path(out, "out"), name=name, spec=_path("spec", spec), output=output,
        overwrite=overwrite, notice=notice, **request,
    )  # fmt: skip
    return tuple(made)


def adopt_model(
    source: Name,
    out: Name,
    *,
    spec: Name,
    precisions: Precision | Sequence[Precision] = "fp32",
    targets: Target | Sequence[Target] = "onnx",
    name: str | None = None,
    output: str | int | None = None,
    calibrate: Name | None = None,
    limits: str | Sequence[str] = (),
    reduced_range: bool = False,
    build: bool = True,
    workspace: int | None = None,
    overwrite: bool = False,
    notice: str = "",
) -> tuple[Artifact, ...]:
    """Make artifacts of an ONNX network of another program, as ``landslip adopt`` does; needs the adopt extra.

    Args:
        source: the ONNX file; its weights may lie in files beside it.
        out: folder for the artifacts; made if needed.
        spec: SPEC.toml that says which bands feed the network and what it gives.
        precisions: one or several of ``fp32``, ``fp16`` and ``int8``.
        targets: one or several backends: ``onnx``, ``openvino``, ``tensorrt``.
        name: of the model; by default that in the spec, or the stem of the file.
        output: name or position of the output that is served; by default that in the spec, or the first one.
        calibrate: SCENE.toml to calibrate int8 on and to judge by; generated scenes when not given.
        limits: other limits of the gates, such as ``int8:iou=0.99``.
        reduced_range: 7-bit weights, for CPUs without VNNI.
        build: build the engines of target ``tensorrt`` on this machine.
        workspace: most scratch memory of a layer of such an engine, bytes; all there is when not given.
        overwrite: replace artifacts of an earlier export.
        notice: what users of the model have to know, in a sentence; by default as the spec says.

    Returns:
        The artifacts, in the order of their precisions and targets.

    Raises:
        UsageError: an argument cannot be used, an artifact is there already, or the extra is not installed.
        InputError: the file is no network that can be adopted, the description does not fit it, or a scene cannot be
            read.
        EngineError: an engine that judges, or the builder of a target, cannot be used here.
        ParityError: an artifact does not say what the file says, run by ONNX Runtime; the message tells which ones do.
        OutputError: the folder cannot be written.
    """
    request = _making_request(
        precisions, limits, targets=targets, calibrate=calibrate, reduced_range=reduced_range, build=build,
        workspace=workspace,
    )  # fmt: skip
    with needs_extra("adopt_model", "adopt"):
        # Imported here: numpy and ONNX Runtime, which only a call needs.
        from landslip.export.making.adopted_model import adopt_model as run  # noqa: PLC0415
    made = run(
        local_path(source, "source"), local_path(out, "out"), name=name, spec=local_path(spec, "spec"), output=output,
        overwrite=overwrite, notice=notice, **request,
    )  # fmt: skip
    return tuple(made)


def _making_request(
    precisions: Precision | Sequence[Precision],
    limits: str | Sequence[str],
    *,
    targets: Target | Sequence[Target],
    calibrate: Name | None,
    **options: Any,
) -> dict[str, Any]:
    """Precisions and options of functions that make artifacts."""
    # Imported here: numpy, which only a call needs.
    from landslip.export.judging.limits import check_limited, gates_with  # noqa: PLC0415

    wanted = (precisions,) if isinstance(precisions, str) else tuple(precisions)
    texts = (limits,) if isinstance(limits, str) else tuple(limits)
    gates = gates_with(texts)
    check_limited(texts, wanted)
    backends = (targets,) if isinstance(targets, str) else tuple(targets)
    made = ExportOptions(targets=backends, calibrate=_path("calibrate", calibrate), gates=gates, **options)
    return {"precisions": wanted, "options": made}


def verify(
    path: Name,
    *,
    reference: Name | None = None,
    spec: Name | None = None,
    output: str | None = None,
    scene: Name | None = None,
    engine: EngineName = "auto",
    device: DeviceName = "auto",
    precision: PrecisionName = "auto",
    limits: str | Sequence[str] = (),
    share_features: bool = False,
) -> VerifyReport:
    """Run artifacts with every engine and precision of this machine, and compare them with their reference.

    Args:
        path: folder of artifacts, or an ONNX file.
        reference: Keras or ONNX file to ask again; the reference tiles kept at export when not given.
        spec: SPEC.toml the reference was exported with, if any.
        output: output the reference was exported with, if any.
        scene: SCENE.toml whose tiles are taken; the reference tiles when not given.
        engine: engine to try; ``auto`` for all.
        device: where to run.
        precision: number format to compute in; ``auto`` for all that an engine can compute an artifact in.
        limits: other limits of the gates, such as ``int8:iou=0.99``.
        share_features: compute features apart, as maps with ``share_features`` do.

    Returns:
        One outcome for each artifact, engine and precision; ``passed`` says whether all is well.

    Raises:
        InputError: there is no artifact, or nothing to compare any of them with.
        UsageError: an argument cannot be used, or the reference needs what is not installed.
        EngineError: the reference cannot be computed here.
    """
    # Imported here: numpy and the engines, which only a call needs.
    from landslip.export.judging.limits import gates_with  # noqa: PLC0415
    from landslip.export.proof.proof_reference import NetworkFile  # noqa: PLC0415
    from landslip.export.proof.verify import VerifyRequest  # noqa: PLC0415
    from landslip.export.proof.verify import verify as run  # noqa: PLC0415
    from landslip.runtime.engines.opening import EngineOptions  # noqa: PLC0415

    if reference is None and (spec is not None or output is not None):
        raise UsageError(
            "`spec` and `output` describe the file of `reference`.", "Give that too, or leave them out.",
            option="reference",
        )  # fmt: skip
    given = _path("reference", reference)
    EngineOptions(engine=engine, device=device, precision=precision)  # checks them
    keras = None if given is None else NetworkFile(given, _path("spec", spec), output)
    gates = gates_with((limits,) if isinstance(limits, str) else tuple(limits))
    return run(
        VerifyRequest(
            local_path(path, "path"), reference=keras, scene=_path("scene", scene), engine=engine, device=device,
            precision=precision, gates=gates, share_features=share_features,
        )
    )  # fmt: skip


def _path(option: str, name: Name | None) -> Path | None:
    return None if name is None else local_path(name, option)
