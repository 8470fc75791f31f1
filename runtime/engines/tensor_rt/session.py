"""Runs a TensorRT engine: copies and computation overlap.

There is one execution context, so its scratch memory exists once, and three streams: tiles go to the GPU, are computed,
and come back, each part of a batch behind the other. Events tie a part's three pieces of work together.

Type-checked against TensorRT 10.3 and 11.4, not yet run on hardware by us.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import numpy as np
import tensorrt as trt  # pyright: ignore[reportMissingImports]
from numpy.typing import NDArray

from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.engines.cuda_memory import Buffer, Event, Stream, drain
from landslip.runtime.engines.tensor_rt.library import TYPES, failure, make_runtime
from landslip.runtime.engines.tensor_rt.polygraphy_log import Messages, messages_from_now
from landslip.runtime.engines.tensor_rt.slots import SLOTS, Profile, count_tiles, schedule
from landslip.runtime.errors import EngineError
from landslip.runtime.system.closing import Closing


class _Slot(Closing):
    """The buffers of a part of a batch, and the events in its life."""

    def __init__(self, spec: ModelSpec, profile: Profile) -> None:
        square = (profile.tile, profile.tile)
        with ExitStack() as stack:
            self.inputs = {
                entry.name: stack.enter_context(Buffer((profile.batch, entry.bands, *square), entry.dtype))
                for entry in spec.inputs
            }
            self.output = stack.enter_context(Buffer((profile.batch, spec.output_bands, *square), np.float32))
            self.uploaded, self.computed, self.downloaded = (stack.enter_context(Event()) for _ in range(3))
            self._stack = stack.pop_all()

    def close(self) -> None:
        self._stack.close()


class Session(Closing):
    """An engine on the GPU with all its memory."""

    def __init__(self, plan: bytes, spec: ModelSpec, profile: Profile) -> None:
        """Load an engine.

        Args:
            plan: an engine that can be trusted, for this GPU. CUDA has to work: without it TensorRT crashes here.
            spec: its model.
            profile: the shapes it was built for.

        Raises:
            EngineError: it does not load, is not as its model says, or there is not enough memory.
        """
        self._messages = messages_from_now()
        self._spec, self._profile = spec, profile
        self._runtime = make_runtime(self._messages)
        self._engine = _loaded(self._runtime, plan, spec, self._messages)
        context = self._engine.create_execution_context()
        if context is None:
            raise failure(self._messages, "has not enough memory to run", "Take a smaller `batch` or `tile`.")
        self._context: Any = context  # None once it is closed
        context.nvtx_verbosity = trt.ProfilingVerbosity.NONE  # detailed, as built, costs time in each call
        with ExitStack() as stack:
            self._upload, self._compute, self._download = (stack.enter_context(Stream()) for _ in range(3))
            self._slots = [stack.enter_context(_Slot(spec, profile)) for _ in range(SLOTS)]
            stack.callback(drain)  # first of all when it is closed
            self._stack = stack.pop_all()

    def infer(self, batch: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """See :class:`landslip.runtime.engines.Engine`; any number of tiles."""
        count = count_tiles(batch, self._spec, self._profile.tile)
        shape = (count, self._spec.output_bands, self._profile.tile, self._profile.tile)
        confidence = np.empty(shape, np.float32)
        try:
            for step in schedule(count, self._profile.batch):
                slot, rows = self._slots[step.slot], step.tiles.stop - step.tiles.start
                if step.collect:
                    slot.downloaded.synchronize()
                    confidence[step.tiles] = slot.output.array[:rows]
                else:
                    for name, buffer in slot.inputs.items():
                        buffer.array[:rows] = batch[name][step.tiles]
                    self._submit(slot, rows)
        except BaseException:
            drain()  # the next call must not meet work of this one in the slots
            raise
        return confidence

    def close(self) -> None:
        """Free the GPU: memory first, then TensorRT's objects from the inside out."""
        self._stack.close()
        self._context = self._engine = self._runtime = None  # in this order

    def _submit(self, slot: _Slot, rows: int) -> None:
        """Start all that is to be done with the tiles in a slot."""
        for name, buffer in slot.inputs.items():
            buffer.upload(rows, self._upload)
            self._bind(name, buffer.address, (rows, *buffer.array.shape[1:]))
        self._upload.record(slot.uploaded)

        self._bind(self._spec.output, slot.output.address)
        self._compute.wait(slot.uploaded)
        if not self._context.execute_async_v3(int(self._compute.handle)):
            raise failure(self._messages, "failed to run the network", "Take a smaller `batch`, or another engine.")
        self._compute.record(slot.computed)

        self._download.wait(slot.computed)
        slot.output.download(rows, self._download)
        self._download.record(slot.downloaded)

    def _bind(self, name: str, address: int, shape: tuple[int, ...] | None = None) -> None:
        """Tell the context where a tensor lies, and the shape of an input."""
        taken = self._context.set_tensor_address(name, address)
        if not taken or (shape is not None and not self._context.set_input_shape(name, shape)):
            where = name if shape is None else f"{name} of shape {shape}"
            raise failure(self._messages, f"does not take {where}", "Delete the engine, so that it is built again.")


def _loaded(runtime: trt.Runtime, plan: bytes, spec: ModelSpec, messages: Messages) -> trt.ICudaEngine:
    engine = runtime.deserialize_cuda_engine(plan)
    if engine is None:
        raise failure(messages, "cannot load the engine", "Delete it, so that it is built again.")
    names = [engine.get_tensor_name(number) for number in range(engine.num_io_tensors)]
    found = {name: (engine.get_tensor_dtype(name), engine.get_tensor_shape(name)[1]) for name in names}
    wanted = {str(entry.name): (TYPES[entry.dtype], entry.bands) for entry in spec.inputs}
    wanted[spec.output] = (trt.DataType.FLOAT, spec.output_bands)
    if found != wanted:
        # The sizes of the buffers are taken from the description.
        raise EngineError(
            f"The TensorRT engine has the tensors {found}, but its description says {wanted}.", "Delete it."
        )
    return engine
