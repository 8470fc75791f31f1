"""What every engine has to keep to, in every precision it computes in on this machine."""

from __future__ import annotations

import importlib
import importlib.util
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from helpers.engines import SPEC
from helpers.graphs import confidence, small_network
from helpers.models import batch_of, brightness_model
from helpers.quantised import small_int8
from landslip.export.precisions.half import half
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.artifacts.onnx_file import read_onnx_file
from landslip.runtime.engines import BACKENDS, EngineOptions, FakeEngine, open_engine
from landslip.runtime.engines.shrinking import ShrinkingEngine, open_shrinking
from landslip.runtime.engines.workers import LANES
from landslip.runtime.errors import EngineError, ModelError, UsageError

TILE, BATCH = 64, 3

ERROR = {"fp32": 1e-5, "fp16": 1e-3, "bf16": 1e-2, "int8": 1e-2, "int8+bf16": 1e-2}
"""Mean error that is allowed, as in the gates of ``landslip.runtime.artifacts.parity``."""


@dataclass(frozen=True)
class Case:
    """An artifact, and how it is run."""

    engine: str
    artifact: str
    precision: str
    device: str = "cpu"

    def __str__(self):
        return f"{self.engine}-{self.artifact}-{self.precision}-{self.device}"


def usable_cases():
    """Those this machine can run; a precision or device that it has not is refused, which is tested elsewhere."""
    if installed("onnxruntime"):
        cuda = "CUDAExecutionProvider" in importlib.import_module("landslip.runtime.engines.onnx_runtime").providers()
        for device in ("cpu", "cuda")[: 1 + cuda]:
            yield from (Case("onnxruntime", artifact, artifact, device) for artifact in ("fp32", "fp16", "int8"))
    if installed("openvino"):
        devices = importlib.import_module("landslip.runtime.engines.open_vino").devices()
        for device, able in devices.items():
            ways = (
                *((artifact, precision) for artifact in ("fp32", "fp16") for precision in ("fp32", "bf16", "fp16")),
                *((artifact, way) for artifact in ("int8", "int8.openvino") for way in ("int8", "int8+bf16")),
            )
            place = device.split(".")[0].lower()
            for artifact, precision in ways:
                if {*precision.upper().split("+")} <= {*able} and (place == "cpu" or precision != "int8+bf16"):
                    yield Case("openvino", artifact, precision, place)


def installed(engine):
    return importlib.util.find_spec(BACKENDS[engine].package) is not None


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory):
    """One small network in every precision."""
    folder, network = tmp_path_factory.mktemp("artifacts"), small_network()
    models = {"fp32": network, "fp16": half(small_network())} | {
        "int8": small_int8("onnx", TILE), "int8.openvino": small_int8("openvino", TILE),
    }  # fmt: skip
    paths = {name: folder / f"small.{name}.onnx" for name in models}
    for name, model in models.items():
        onnx.save(model, paths[name])
    return paths


@pytest.fixture(params=[*usable_cases()], ids=str)
def case(request):
    return request.param


@pytest.fixture
def engine(case, artifacts):
    options = EngineOptions(case.engine, case.device, BATCH, TILE, precision=case.precision)
    with open_engine(artifacts[case.artifact], options) as opened:
        yield opened


def test_it_says_what_it_is(case, engine, artifacts):
    assert (engine.name, engine.device, engine.precision) == (case.engine, case.device, case.precision)
    assert engine.spec == read_onnx_file(artifacts[case.artifact]).spec
    assert engine.version
    assert engine.lanes >= 1


def test_it_says_what_the_network_says(case, engine):
    batch = batch_of(BATCH, TILE)
    expected, found = confidence(small_network(), batch), engine.infer(batch)
    assert (found.shape, found.dtype) == ((BATCH, 1, TILE, TILE), np.float32)
    assert np.ptp(expected) > 0.3
    assert np.abs(found - expected).mean() < max(ERROR[case.precision], ERROR[case.artifact.split(".")[0]])


def test_what_it_gives_may_be_kept(engine):
    batch = batch_of(BATCH, TILE)
    first = engine.infer(batch)
    copy = first.copy()
    second = engine.infer({name: values[::-1] for name, values in batch.items()})
    np.testing.assert_array_equal(first, copy)
    np.testing.assert_allclose(second, first[::-1], atol=1e-5)  # tiles do not depend on each other


def test_a_tile_is_the_same_in_any_batch(case, artifacts):
    if case.device != "cpu":
        pytest.skip("a GPU may choose its algorithms by the batch")
    batch = batch_of(BATCH, TILE)
    options = EngineOptions(case.engine, case.device, 1, TILE, threads=1, precision=case.precision)
    with open_engine(artifacts[case.artifact], options) as alone:
        one_by_one = [
            alone.infer({name: values[tile : tile + 1] for name, values in batch.items()}) for tile in range(BATCH)
        ]
    options = replace(options, batch=BATCH, threads=BATCH)  # a thread for each tile here too
    with open_engine(artifacts[case.artifact], options) as together:
        np.testing.assert_array_equal(together.infer(batch), np.concatenate(one_by_one))


def test_inputs_may_lie_anyhow_and_are_only_read(engine):
    batch = batch_of(BATCH, TILE)
    expected = engine.infer(batch)
    apart = {name: np.repeat(values, 2, axis=-1)[..., ::2] for name, values in batch.items()}
    for values in apart.values():
        values.flags.writeable = False
    np.testing.assert_array_equal(engine.infer(apart), expected)


def test_calls_at_once_do_not_mix(engine):
    batches = [
        {name: np.roll(values, shift, 0) for name, values in batch_of(BATCH, TILE).items()} for shift in range(6)
    ]
    alone = [engine.infer(batch) for batch in batches]
    with ThreadPoolExecutor(engine.lanes) as pool:
        for found, expected in zip(pool.map(engine.infer, batches), alone, strict=True):
            np.testing.assert_array_equal(found, expected)


def test_a_batch_that_is_not_what_the_model_takes_is_refused(engine):
    batch = batch_of(BATCH, TILE)
    for wrong in (
        {name: values for name, values in batch.items() if name != "slope"},
        batch | {"surprise": batch["post"]},
        batch_of(BATCH + 1, TILE),
        batch | {"slope": batch["slope"][:1]},
        batch | {"slope": batch["slope"][..., :32]},
        batch | {"slope": batch["slope"].astype(np.float64)},
        batch | {"pre": batch["pre"].astype(np.float32)},
        batch | {"pre": batch["pre"][:, :2]},
        {name: values[0] for name, values in batch.items()},
    ):
        with pytest.raises(EngineError, match=f"{engine.name} failed"):
            engine.infer(wrong)
    assert engine.infer(batch).shape == (BATCH, 1, TILE, TILE)


def test_it_can_be_closed_twice(engine):
    engine.close()
    engine.close()
    with pytest.raises(EngineError, match=f"{engine.name} failed"):
        engine.infer(batch_of(BATCH, TILE))


@pytest.mark.parametrize("engine_name", ["onnxruntime", "openvino"])
class TestWhatIsRefused:
    """The same mistakes get the same answers."""

    def opened(self, model, engine_name, **options):
        if not installed(engine_name):
            pytest.skip(f"{engine_name} is not installed")
        return open_engine(model, EngineOptions(engine_name, **options))

    def test_a_description_that_does_not_fit_the_graph(self, engine_name, tmp_path):
        fewer = replace(SPEC, inputs=SPEC.inputs[:3])
        more = replace(SPEC, inputs=(replace(SPEC.inputs[0], bands=4), *SPEC.inputs[1:]))
        other = replace(SPEC, inputs=(*SPEC.inputs[:3], replace(SPEC.inputs[3], dtype="uint8")))
        named = replace(SPEC, output="answer")
        for number, spec in enumerate((fewer, more, other, named)):
            with pytest.raises(ModelError, match="but its description says"):
                self.opened(brightness_model(tmp_path / f"{number}.onnx", spec), engine_name)

    @pytest.mark.parametrize("gives", ["FLOAT16", "DOUBLE", "INT64"])
    def test_confidence_of_another_type(self, engine_name, tmp_path, gives):
        model = brightness_model(tmp_path / "m.onnx", gives=TensorProto.DataType.Value(gives))
        with pytest.raises(ModelError, match=r"but its description says .* 'confidence' in float32"):
            self.opened(model, engine_name)

    def test_confidence_that_is_not_of_each_pixel(self, engine_name, tmp_path):
        model = brightness_model(tmp_path / "m.onnx", pooled=True)
        with self.opened(model, engine_name, batch=2, tile=TILE) as engine, pytest.raises(EngineError):
            engine.infer(batch_of(2, TILE))

    def test_a_damaged_graph(self, engine_name, tmp_path):
        model = onnx.load(DEMO_MODEL)
        model.graph.node[-1].input[0] = "nowhere"
        onnx.save(model, tmp_path / "spoilt.onnx")
        with pytest.raises(ModelError, match=rf"spoilt\.onnx cannot be loaded by {engine_name}"):
            self.opened(tmp_path / "spoilt.onnx", engine_name)

    def test_tiles_the_model_cannot_take(self, engine_name, tmp_path):
        with pytest.raises(UsageError, match="multiple of 32"):
            self.opened(brightness_model(tmp_path / "m.onnx"), engine_name, tile=100)


@pytest.mark.parametrize("lanes", [1, 2])
def test_engines_of_our_own_have_all_of_it(lanes):
    """The fake one, and the one that shrinks: what the pipeline asks of an engine, they have."""
    options = EngineOptions("onnxruntime", "cpu", batch=2, tile=TILE)
    fake = FakeEngine(SPEC, lanes=lanes)
    engines = (fake, ShrinkingEngine(lambda _: fake, 2), open_shrinking(DEMO_MODEL, options))
    assert [engine.lanes for engine in engines] == [lanes, lanes, LANES]
    for engine in engines:
        with engine:
            assert (engine.device, engine.precision) == ("cpu", "fp32")
            assert all((engine.name, engine.version, engine.spec))
            assert engine.infer(batch_of(2, TILE)).shape == (2, 1, TILE, TILE)
