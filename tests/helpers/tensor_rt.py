"""What belongs to TensorRT engines, made without TensorRT."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from helpers.engines import SPEC
from landslip.runtime.engines.tensor_rt.engine_record import EngineKey, EngineRecord

KEY = EngineKey(
    tensorrt="10.3.0",
    gpu="Orin",
    capability="8.7",
    multiprocessors=8,
    driver="12.6 (540.4.0)",
    platform="linux-aarch64",
    onnx_sha256="0" * 64,
    batch=2,
    tile=224,
    recipe=1,
)


def record_of(plan: bytes, key: EngineKey = KEY, **changes: object) -> EngineRecord:
    """The record of an engine."""
    record = EngineRecord(
        key=key,
        spec=SPEC,
        precision="fp16",
        onnx="test.fp16.onnx",
        sha256=hashlib.sha256(plan).hexdigest(),
        bytes=len(plan),
        tensors={"fp16": 200, "fp32": 9, "other": 3},
        workspace=None,
        seconds=571.3,
        landslip="0.1.0",
        created="2026-11-22T12:00:00+00:00",
    )
    return replace(record, **changes)


class Recorder:
    """A progress that remembers what it is told."""

    def __init__(self) -> None:
        self.said: list[Any] = []

    def start(self, what: str, *_: object) -> None:
        self.said.append(what)

    def advance(self, count: int) -> None:
        self.said.append(count)

    def finish(self) -> None:
        self.said.append("finished")
