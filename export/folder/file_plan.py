"""Plan of an export: the files it makes, and the engines that judge them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from landslip.export.folder.export_options import PRECISIONS, RUN_PRECISIONS, TARGETS, Precision, Target
from landslip.runtime.engines import BACKENDS
from landslip.runtime.errors import EngineError, UsageError

Name = TypeVar("Name", bound=str)


@dataclass(frozen=True)
class PlannedArtifact:
    """A file to make."""

    path: Path
    """Final place of the file."""
    precision: Precision
    """Number format that the network computes in."""
    target: Target
    """Backend it is made for; ``onnx`` where one file serves all."""
    engines: tuple[str, ...]
    """Names of the engines that judge it."""


def plan_artifacts(
    out: Path, name: str, precisions: Sequence[Precision], targets: Sequence[Target]
) -> list[PlannedArtifact]:
    """The files to make, in the order of the precisions.

    fp32 and fp16 are one file each for all targets, judged with the engine of each; int8 is a file for each target.

    Raises:
        UsageError: a name, precision or target cannot be used.
    """
    if not name or name != Path(name).name or name.startswith("."):
        raise UsageError(f"{name!r} cannot be the name of a model: it becomes part of a file name.")
    wanted = _checked("Target", targets, TARGETS)
    plan: list[PlannedArtifact] = []
    for precision in _checked("Precision", precisions, PRECISIONS):
        if precision == "int8":
            plan += [_planned(out, name, precision, target, (_engine(target),)) for target in wanted]
        else:
            engines = tuple(dict.fromkeys(["onnxruntime", *map(_engine, wanted)]))
            plan.append(_planned(out, name, precision, "onnx", engines))
    return plan


def _checked(what: str, given: Sequence[Name], known: Sequence[Name]) -> list[Name]:
    unknown = [entry for entry in given if entry not in known]
    advice = [RUN_PRECISIONS[entry] for entry in unknown if entry in RUN_PRECISIONS]
    if advice:
        raise UsageError(advice[0])
    if unknown or not given:
        raise UsageError(f"{what} {unknown} is unknown. Choose from: {', '.join(known)}.")
    return list(dict.fromkeys(given))


def _engine(target: Target) -> str:
    """Engine that judges what is made for a target; ONNX Runtime stands in for TensorRT, which needs a GPU."""
    return "openvino" if target == "openvino" else "onnxruntime"


def _planned(out: Path, name: str, precision: Precision, target: Target, engines: tuple[str, ...]) -> PlannedArtifact:
    backend = "" if target == "onnx" else f".{target}"
    return PlannedArtifact(out / f"{name}.{precision}{backend}.onnx", precision, target, engines)


def check_free(plan: Sequence[PlannedArtifact]) -> None:
    """Make sure that nothing would be replaced.

    Raises:
        UsageError: a file is there already.
    """
    there = [str(planned.path) for planned in plan if planned.path.exists()]
    if there:
        raise UsageError(f"{', '.join(there)} is there already. Choose another folder, or add overwrite=True.")


def check_engines(plan: Sequence[PlannedArtifact], *, build: bool) -> None:
    """Make sure that what is needed at the end is there, before the work starts.

    Args:
        plan: what will be judged.
        build: whether TensorRT engines will be built.

    Raises:
        EngineError: an engine is missing, or there is no GPU to build for.
    """
    for name in {engine for planned in plan for engine in planned.engines}:
        if not BACKENDS[name].installed:
            raise EngineError(f"Target {name}: {BACKENDS[name].missing}.")
    if build:
        _check_builder()


def _check_builder() -> None:
    # Imported here: without the target nobody needs it.
    from landslip.runtime.engines.cuda import first_gpu  # noqa: PLC0415
    from landslip.runtime.engines.tensor_rt.probing import tensorrt_version  # noqa: PLC0415

    try:
        first_gpu()  # before TensorRT is touched, which crashes where CUDA does not work
        tensorrt_version()
    except EngineError as error:
        raise EngineError(
            f"Target tensorrt: no engine can be built here. {error} Or add `build=False` to write the ONNX files "
            "alone, and build on the device."
        ) from error
