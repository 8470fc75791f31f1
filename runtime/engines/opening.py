"""Choosing an engine, and saying why."""

from __future__ import annotations

import importlib.util
import logging
from dataclasses import dataclass
from pathlib import Path

from landslip.runtime.engines.protocol import Engine
from landslip.runtime.errors import EngineError, InputMissingError, ModelError, UsageError

log = logging.getLogger(__name__)

ENGINES = ("auto", "onnxruntime")
"""Engines a user can ask for by name."""

DEVICES = ("auto", "cpu", "cuda")
"""Devices a user can ask for by name."""


MAX_BATCH = 1024
MAX_THREADS = 1024


@dataclass(frozen=True)
class EngineOptions:
    """How to run a model."""

    engine: str = "auto"
    """One of :data:`ENGINES`."""
    device: str = "auto"
    """One of :data:`DEVICES`."""
    batch: int = 4
    """Tiles per call, fixed for a run."""
    tile: int | None = None
    """Edge of a tile in pixels, fixed for a run; None for what the model was trained with."""
    threads: int = 0
    """Threads of the engine on the CPU; 0 leaves it to the engine."""

    def __post_init__(self) -> None:
        """Check ranges."""
        if self.engine not in ENGINES or self.device not in DEVICES:
            raise UsageError(
                f"Engine {self.engine!r} on device {self.device!r} is unknown: "
                f"engines are {', '.join(ENGINES)}; devices are {', '.join(DEVICES)}."
            )
        if not 1 <= self.batch <= MAX_BATCH:
            raise UsageError(f"A batch of {self.batch} tiles is out of range: give 1 to {MAX_BATCH}.")
        if not 0 <= self.threads <= MAX_THREADS:
            raise UsageError(f"{self.threads} threads are out of range: give 1 to {MAX_THREADS}, or 0 for the default.")


def open_engine(model: Path, options: EngineOptions | None = None) -> Engine:
    """Open a model with the engine that fits this machine, and log which one and why.

    Args:
        model: an ONNX file exported by landslip.
        options: what the user wants; what is left at ``auto`` is chosen.

    Raises:
        InputMissingError: there is no such file.
        ModelError: the file is not a model landslip can run.
        EngineError: no engine is installed, or the one asked for cannot run here.
    """
    options = options or EngineOptions()
    _check_model_file(model)
    if importlib.util.find_spec("onnxruntime") is None:
        raise EngineError(
            "No inference engine is installed. Install one: pip install 'landslip[cpu]', "
            "or pip install 'landslip[gpu]' for an NVIDIA GPU."
        )
    try:
        # Imported here: importing landslip.runtime must not pull in an engine.
        from landslip.runtime.engines.onnx_runtime import OnnxRuntimeEngine  # noqa: PLC0415
    except ImportError as error:
        raise EngineError(
            f"onnxruntime is installed but does not load ({error}). Install it again, or the libraries it asks for."
        ) from error

    engine = OnnxRuntimeEngine(model, options)
    asked = "as asked" if options.engine == "onnxruntime" else "the engine that is installed"
    log.info("engine: %s %s on %s, %s (%s)", engine.name, engine.version, engine.device, engine.precision, asked)
    return engine


def _check_model_file(model: Path) -> None:
    if not model.exists():
        raise InputMissingError(f"model: {model} does not exist. Check the path, or export the model first.")
    if model.is_dir():
        raise ModelError(f"model: {model} is a folder. Give the .onnx file inside it.")
    if model.suffix.lower() in {".hdf5", ".h5", ".keras"}:
        raise ModelError(f"model: {model} is a Keras file. Export it first: landslip export {model} -o FOLDER.")
