"""Every precision for every target, from Keras files to figures."""

from __future__ import annotations

import json
import math
import pickle
from hashlib import sha256

import numpy as np
import onnx
import pytest

from helpers import rtx_builder
from helpers.graphs import constants_of, nodes_of
from helpers.together import made_once
from landslip.export.folder.export_options import ExportOptions
from landslip.export.judging.limits import gates_with
from landslip.export.judging.scene_tiles import TileSource
from landslip.export.precisions.graph_session import run_graph
from landslip.export.precisions.half import half
from landslip.export.precisions.integer_graphs import integer_graph
from landslip.export.precisions.integer_layers import observed
from landslip.export.precisions.quantise import EVERYTHING, SCHEMES, quantised
from landslip.export.precisions.ranges import activation_ranges
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.artifacts.onnx_file import read_onnx_file
from landslip.runtime.artifacts.parity import GATES, compare
from landslip.runtime.artifacts.reference_tiles import read_reference
from landslip.runtime.engines import BACKENDS, EngineOptions, open_engine
from landslip.runtime.engines.backends import run_precisions
from landslip.runtime.errors import ParityError, UsageError

pytestmark = pytest.mark.tensorflow

ALL = ("fp32", "fp16", "int8")
EVERYWHERE = ExportOptions(targets=("onnx", "openvino", "tensorrt"), build=False)


@pytest.fixture(scope="module")
def demo(export_again, shared_folder):
    """The demo model in every precision for every target: artifacts by file name."""

    def make(folder):
        made = export_again(DEMO_MODEL.with_name("demo.hdf5"), folder / "out", precisions=ALL, options=EVERYWHERE)
        (folder / "artifacts.pickle").write_bytes(pickle.dumps(made))

    made = pickle.loads((made_once(shared_folder / "demo", make) / "artifacts.pickle").read_bytes())  # noqa: S301
    return {artifact.path.name: artifact for artifact in made}


def record_of(artifact):
    return json.loads(artifact.record.read_text())


def on_scenes(record, further=()):
    """Figures of scenes by the runs that decide, and by those in further precisions."""
    runs = [run for run in record["parity"]["engines"] if run["precision"] in {"fp32", "fp16", "int8", *further}]
    return [figure for run in runs for figure in run["figures"] if figure["kind"] == "scene"]


def test_all_files_are_made(demo):
    assert list(demo) == [
        "demo.fp32.onnx", "demo.fp16.onnx", "demo.int8.onnx", "demo.int8.openvino.onnx", "demo.int8.tensorrt.onnx",
    ]  # fmt: skip
    folder = demo["demo.fp32.onnx"].path.parent
    beside = {"demo.reference.npz", "demo.stac.json"} | {f"{name}.json" for name in demo}
    assert {path.name for path in folder.iterdir()} == set(demo) | beside


def test_fp32_is_as_exact_with_openvino_as_with_onnxruntime(demo):
    runs = record_of(demo["demo.fp32.onnx"])["parity"]["engines"]
    assert [run["engine"] for run in runs] == ["onnxruntime", "openvino"]
    assert all(figure["max_abs"] <= 1e-5 for run in runs for figure in run["figures"])


@pytest.mark.parametrize(
    ("name", "engines"),
    [
        ("demo.fp32.onnx", {"onnxruntime", "openvino"}),
        ("demo.fp16.onnx", {"onnxruntime", "openvino"}),
        ("demo.int8.onnx", {"onnxruntime"}),
        ("demo.int8.openvino.onnx", {"openvino"}),
        ("demo.int8.tensorrt.onnx", set()),
    ],
)
def test_shared_features_are_judged_wherever_an_engine_shares_them(demo, name, engines):
    runs = record_of(demo[name])["parity"].get("shared_features", [])
    assert {run["engine"] for run in runs} == engines
    for run in runs:
        assert run["passes"] == ("objections" not in run)
        assert 0.99 <= run["faithful_iou"] <= 1.0


def test_fp16_is_judged_as_it_is_and_as_hardware_rounds_it(demo):
    runs = record_of(demo["demo.fp16.onnx"])["parity"]["engines"]
    assert [(run["engine"], "note" in run) for run in runs] == [
        ("onnxruntime", False), ("openvino", False), ("onnxruntime", True),
    ]  # fmt: skip
    for figure in on_scenes(record_of(demo["demo.fp16.onnx"])):
        assert 0 < figure["mean_abs"] <= 1e-4
        assert figure["iou"] >= 0.998
    assert demo["demo.fp16.onnx"].bytes < 0.55 * demo["demo.fp32.onnx"].bytes


@pytest.mark.parametrize("name", ["demo.int8.onnx", "demo.int8.openvino.onnx", "demo.int8.tensorrt.onnx"])
def test_int8_maps_what_the_network_maps(demo, name):
    figure, *mixed = on_scenes(record_of(demo[name]), {"int8+bf16"})
    assert figure["area_reference"] > 2000
    assert figure["iou"] >= 0.985
    assert figure["mean_abs"] <= 1e-3
    assert abs(figure["area"] - figure["area_reference"]) <= 0.01 * figure["area_reference"]
    assert all(each["iou"] >= 0.98 for each in mixed)


def test_int8_for_openvino_is_judged_with_bf16_too_where_the_cpu_has_it(demo):
    artifact = demo["demo.int8.openvino.onnx"]
    runs = record_of(artifact)["parity"]["engines"]
    assert [run["precision"] for run in runs] == [*run_precisions(BACKENDS["openvino"], read_onnx_file(artifact.path))]
    assert all(run["passes"] for run in runs)
    assert len({run["figures"][0]["mean_abs"] for run in runs}) == len(runs)


def test_int8_says_how_it_was_quantised(demo):
    record = record_of(demo["demo.int8.onnx"])
    facts = record["quantisation"]
    quantised = len(nodes_of(onnx.load(demo["demo.int8.onnx"].path), "Conv")) - len(facts["in_float"]["ends"])
    assert facts["quantised"] + len(facts["in_float"]["sensitive"]) == quantised == 92
    assert len(facts["of_bytes"]) == 6  # three of each image: the stem, and both branches of the first block
    assert facts["calibration_tiles"] == 16
    assert "generated scenes" in record["parity"]["scenes"]
    assert record["parity"]["limits"] == {"mean_abs": 0.01, "iou": 0.98, "kinds": ["scene"]}


def test_onnxruntime_stood_in_for_tensorrt(demo):
    (run,) = record_of(demo["demo.int8.tensorrt.onnx"])["parity"]["engines"]
    assert run["note"] == "in place of TensorRT, which has not run it"
    assert not any(values.any() for name, values in _zero_points(demo["demo.int8.tensorrt.onnx"]))


@pytest.mark.skipif(not rtx_builder.AVAILABLE, reason="needs TensorRT-RTX")
@pytest.mark.parametrize(
    ("name", "kind", "most_float"), [("demo.fp16.onnx", "HALF", 40), ("demo.int8.tensorrt.onnx", "INT8", 1000)]
)
def test_nvidias_builder_takes_what_is_made_for_it(demo, name, kind, most_float):
    built = rtx_builder.build(demo[name].path)
    assert built["plan"] > demo[name].bytes
    assert built["types"][kind] >= 86  # convolutions between the first and the last
    assert built["types"]["FLOAT"] <= most_float


@pytest.mark.skipif(not rtx_builder.AVAILABLE, reason="needs TensorRT-RTX")
def test_nvidias_parser_refuses_what_is_quantised_for_onnxruntime(demo):
    """As landslip does before it comes to that."""
    assert rtx_builder.build(demo["demo.int8.onnx"].path)["error"] == "ModelError"


def _zero_points(artifact):
    constants = constants_of(onnx.load(artifact.path))
    return [(name, values) for name, values in constants.items() if "zero_point" in name]


def test_the_reference_tiles_prove_every_artifact(demo):
    folder = demo["demo.fp32.onnx"].path.parent
    reference = read_reference(folder / "demo.reference.npz")
    digest = sha256((folder / "demo.reference.npz").read_bytes()).hexdigest()
    for artifact in demo.values():
        record = record_of(artifact)
        assert record["reference"] == {"file": "demo.reference.npz", "sha256": digest}
        assert reference.source_sha256 == record["source"]["sha256"]
    assert {tiles.kind for tiles, _ in reference.sets} == {"noise", "scene"}
    (tiles, expected) = next(each for each in reference.sets if each[0].kind == "scene")
    with open_engine(demo["demo.int8.onnx"].path, EngineOptions("onnxruntime", "cpu", tiles.count)) as engine:
        figure = compare(tiles, expected, engine.infer(tiles.batch), engine.spec.threshold)
    (written,) = on_scenes(record_of(demo["demo.int8.onnx"]))
    assert figure.iou == pytest.approx(written["iou"], abs=1e-3)


def test_engines_find_precision_and_target_in_the_files(demo):
    for name, engine, precision in (
        ("demo.fp16.onnx", "onnxruntime", "fp16"),
        ("demo.int8.onnx", "onnxruntime", "int8"),
        ("demo.int8.openvino.onnx", "openvino", "int8"),
    ):
        with open_engine(demo[name].path, EngineOptions(engine, "cpu", 1)) as opened:
            assert (opened.name, opened.precision, opened.spec.name) == (engine, precision, "demo")


def test_a_stricter_limit_keeps_layers_in_float(export_again, tmp_path):
    options = ExportOptions(gates=gates_with(["int8:iou=0.993"]))
    (artifact,) = export_again(DEMO_MODEL.with_name("demo.hdf5"), tmp_path, precisions=("int8",), options=options)
    record = record_of(artifact)
    assert record["parity"]["limits"]["iou"] == 0.993
    assert record["quantisation"]["in_float"]["sensitive"]
    assert 0 < record["quantisation"]["sensitive_work"] < 0.5
    assert on_scenes(record)[0]["iou"] >= 0.993


def test_what_fails_is_left_out_and_what_passes_stays(pipeline, tiny_file, tmp_path):
    options = ExportOptions(gates=gates_with(["fp32:max_abs=0"]))
    with pytest.raises(ParityError, match=r"tiny\.fp32\.onnx: strays .* tiny\.fp16\.onnx"):
        pipeline.export_model(tiny_file, tmp_path / "out", precisions=("fp32", "fp16"), options=options)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "tiny.fp16.onnx", "tiny.fp16.onnx.json", "tiny.reference.npz", "tiny.stac.json",
    ]  # fmt: skip


def test_a_network_that_has_nothing_to_quantise_is_refused_in_words(pipeline, tiny_file, tmp_path):
    with pytest.raises(ParityError, match="no convolution that could be quantised"):
        pipeline.export_model(tiny_file, tmp_path / "out", precisions=("int8",))
    assert not (tmp_path / "out").exists()


def test_the_same_network_gives_the_same_bytes(demo):
    """All of it follows from the fp32 artifact, and from scenes that are the same every time."""
    single = onnx.load(demo["demo.fp32.onnx"].path)
    assert half(single).SerializeToString() == demo["demo.fp16.onnx"].path.read_bytes()
    spec = read_onnx_file(demo["demo.fp32.onnx"].path).spec

    def sees(batch):
        return np.array([(outputs[0] >= spec.threshold).mean() for outputs in run_graph(single, batch)])

    tiles = TileSource(spec).tiles("calibration", sees)
    for name, target in (("demo.int8.onnx", "onnx"), ("demo.int8.openvino.onnx", "openvino")):
        facts = record_of(demo[name])["quantisation"]
        scheme, prepared = (
            {"everything": EVERYTHING, "convolutions": SCHEMES}[facts["placing"]][target],
            integer_graph(single, target),
        )
        ranges = activation_ranges(prepared, observed(prepared.graph, scheme.kinds, scheme.between), tiles)
        graph = quantised(prepared, ranges, scheme, {*facts["in_float"]["ends"], *facts["in_float"]["sensitive"]})
        assert graph.SerializeToString() == demo[name].path.read_bytes()


def test_a_scene_can_be_calibrated_on_and_weights_reduced(export_again, tmp_path):
    from landslip.models.synthetic import EventSpec, write_event

    write_event(tmp_path, EventSpec(seed=9003, width_m=6000, height_m=4500))
    scene = tmp_path / "SCENE.toml"
    scene.write_text('pre = "pre.tif"\npost = "post.tif"\ndem = "dem.tif"\nmasks = ["clouds.tif"]\n')
    (artifact,) = export_again(
        DEMO_MODEL.with_name("demo.hdf5"),
        tmp_path / "out",
        precisions=("int8",),
        options=ExportOptions(calibrate=scene, reduced_range=True),
    )
    record = record_of(artifact)
    assert record["parity"]["scenes"] == "scene SCENE.toml"
    assert on_scenes(record)[0]["iou"] >= GATES["int8"].iou
    assert 2 <= record["quantisation"]["calibration_tiles"] <= 6  # of twelve, half are held out
    assert record["quantisation"]["weight_bits"] == 7
    filters = [values for name, values in constants_of(onnx.load(artifact.path)).items() if name.endswith("/on_grid")]
    assert max(np.abs(values.astype(int)).max() for values in filters) == 63


def test_other_tiles_of_the_same_name_are_not_replaced(pipeline, tiny_file, exported, tmp_path):
    pipeline.export_model(tiny_file, tmp_path, name="m")
    with pytest.raises(UsageError, match=r"m\.reference\.npz is there already, of another model"):
        pipeline.export_model(exported.source, tmp_path, name="m", precisions=("fp16",))


@pytest.mark.slow
def test_a_demanding_network_passes_every_gate(export_again, exported, tmp_path):
    """The stand-in: random weights, confidences all around the threshold."""
    options = ExportOptions(targets=("onnx", "openvino"))
    made = export_again(exported.source, tmp_path, precisions=("fp16", "int8"), options=options)
    for artifact in made:
        gate = GATES[artifact.precision]
        for figure in on_scenes(record_of(artifact)):
            assert figure["iou"] >= gate.iou
            assert figure["mean_abs"] <= gate.mean_abs
            assert not math.isnan(figure["p99_9"])
    kept = [record_of(artifact)["quantisation"]["in_float"]["sensitive"] for artifact in made[1:]]
    assert all(len(layers) > 0 for layers in kept)
    assert len(kept[1]) <= len(kept[0])  # OpenVINO needs fewer: outputs stay in float
    assert np.isfinite(made[0].seconds)
