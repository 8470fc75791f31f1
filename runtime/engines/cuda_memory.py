"""Streams, events and memory of CUDA that are freed when their ``with`` block ends.

What is here ran on an H200 with CUDA 13 (``tests/runtime/engines/test_cuda.py``), and not yet on a Jetson.
"""

from __future__ import annotations

import ctypes
import logging
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from landslip.runtime.engines.cuda import call, constant
from landslip.runtime.errors import EngineError
from landslip.runtime.system.closing import Closing

log = logging.getLogger(__name__)


class Event(Closing):
    """A point in a stream that other streams, or the CPU, can wait for."""

    def __init__(self) -> None:
        # A CPU that waits sleeps: the stages before and after the network need it.
        flags = constant("cudaEventBlockingSync") | constant("cudaEventDisableTiming")
        self.handle: Any = call("cudaEventCreateWithFlags", flags)

    def synchronize(self) -> None:
        """Let the CPU wait for it."""
        call("cudaEventSynchronize", self.handle)

    def close(self) -> None:
        """Destroy it."""
        _release("cudaEventDestroy", self.handle)


class Stream(Closing):
    """Work of the GPU that is done in order, beside that of other streams."""

    def __init__(self) -> None:
        # One that does not wait for the default stream, which libraries use behind our backs.
        self.handle: Any = call("cudaStreamCreateWithFlags", constant("cudaStreamNonBlocking"))

    def record(self, event: Event) -> None:
        """Put an event after what has been given to the stream so far."""
        call("cudaEventRecord", event.handle, self.handle)

    def wait(self, event: Event) -> None:
        """Let what is given from now on wait for an event of another stream."""
        call("cudaStreamWaitEvent", self.handle, event.handle, 0)

    def close(self) -> None:
        """Destroy it."""
        _release("cudaStreamDestroy", self.handle)


class Buffer(Closing):
    """An array in page-locked host memory, which the GPU copies by itself, and its twin on the device."""

    def __init__(self, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        """Allocate both.

        Raises:
            EngineError: there is not enough memory.
        """
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        self._row = size // shape[0]
        self._host: int = call("cudaMallocHost", size)
        try:
            self.address: int = call("cudaMalloc", size)
        except EngineError:
            _release("cudaFreeHost", self._host)
            raise
        pinned = np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(self._host))
        self.array: NDArray[Any] = pinned.view(dtype).reshape(shape)

    def upload(self, rows: int, stream: Stream) -> None:
        """Copy the first rows of the array to the device, once the stream comes to it."""
        kind = constant("cudaMemcpyKind.cudaMemcpyHostToDevice")
        call("cudaMemcpyAsync", self.address, self._host, rows * self._row, kind, stream.handle)

    def download(self, rows: int, stream: Stream) -> None:
        """Copy the first rows of the device's memory into the array, once the stream comes to it."""
        kind = constant("cudaMemcpyKind.cudaMemcpyDeviceToHost")
        call("cudaMemcpyAsync", self._host, self.address, rows * self._row, kind, stream.handle)

    def close(self) -> None:
        """Free both; the array must not be used any more."""
        del self.array
        _release("cudaFree", self.address)
        _release("cudaFreeHost", self._host)


def drain() -> None:
    """Wait until the device has nothing left to do; says so when even that fails, and never raises."""
    _release("cudaDeviceSynchronize")


def _release(function: str, *arguments: Any) -> None:
    """Call what frees something: a failure there must not hide the error that led to it."""
    try:
        call(function, *arguments)
    except EngineError as error:
        log.warning("%s", error)
