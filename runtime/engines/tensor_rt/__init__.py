"""TensorRT on an NVIDIA GPU: engines built on the machine they run on, kept in a cache, run with overlapping copies.

From the ground up: ``slots``, ``computed_types``, ``phases`` and ``engine_record`` are pure; ``engine_cache`` keeps
files; ``polygraphy_log`` holds NVIDIA's Polygraphy, which builds, to our log; ``library``, ``compiler`` and ``session``
import tensorrt, and are imported only after CUDA was found to work, because TensorRT crashes the process where it does
not; ``building`` and ``engine`` bring all together.

Written against the interfaces of TensorRT 10.3 to 11.4 and type-checked against both (``make check-tensorrt``). Not yet
run on hardware by us: ``landslip verify`` proves it on yours.
"""

from landslip.runtime.engines.tensor_rt.building import build_engine
from landslip.runtime.engines.tensor_rt.engine import TensorRtEngine
from landslip.runtime.engines.tensor_rt.engine_cache import CachedEngine, EngineCache
from landslip.runtime.engines.tensor_rt.engine_record import EngineRecord, read_engine_record
from landslip.runtime.engines.tensor_rt.probing import TensorRtReport, probe_tensorrt

__all__ = [
    "CachedEngine",
    "EngineCache",
    "EngineRecord",
    "TensorRtEngine",
    "TensorRtReport",
    "build_engine",
    "probe_tensorrt",
    "read_engine_record",
]
