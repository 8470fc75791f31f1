from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest
from onnx import numpy_helper

from helpers.graphs import confidence, small_network
from helpers.models import batch_of
from helpers.quantised import small_int8, write_small_int8
from landslip.export.folder.file_plan import PlannedArtifact, plan_artifacts
from landslip.export.judging.gate import Rehearsal, TileJudge, halfway
from landslip.export.making.candidate_selection import SPARE_WORK, select_candidate
from landslip.export.making.candidates import Candidate, Candidates
from landslip.export.precisions.int8 import Quantiser
from landslip.runtime.artifacts.onnx_file import read_onnx_file
from landslip.runtime.artifacts.parity import GATES, Gate
from landslip.runtime.artifacts.reference_tiles import TileSet
from landslip.runtime.engines import BACKENDS
from landslip.runtime.engines.backends import run_precisions
from landslip.runtime.errors import ModelError, ParityError

with_openvino = pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="openvino is not installed")

TILES = TileSet("scene", batch_of(3, 64))
ANSWERS = [(TILES, confidence(small_network(), TILES.batch).astype(np.float64))]
PLANNED = PlannedArtifact(Path("small.int8.onnx"), "int8", "onnx", ("onnxruntime",))


def strayed(by):
    """The network with a logit that is shifted."""
    model = small_network()
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == "prediction/bias")
    tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) + np.float32(by), tensor.name))
    return model


def candidate(by, work=0.0, placing=""):
    graph = strayed(by)
    return Candidate(graph, (Rehearsal(graph),), work, placing, f"{by}")


@pytest.fixture
def judge(tmp_path):
    # The files say fp32; so they are judged as that.
    gates = GATES | {"fp32": Gate(mean_abs=0.02), "int8": Gate(mean_abs=0.02)}
    return TileJudge(ANSWERS, gates, tmp_path)


def test_a_verdict_tells_how_far_a_graph_strays(judge):
    verdict = judge.verdict("small.fp32.onnx", [Rehearsal(strayed(0.04), note="a note")])
    (proof,) = verdict.proofs
    assert (proof.engine, proof.device, proof.precision, proof.note) == ("onnxruntime", "cpu", "fp32", "a note")
    wanted = np.abs(confidence(strayed(0.04), TILES.batch) - ANSWERS[0][1]).mean()
    assert proof.figures[0].mean_abs == pytest.approx(wanted)
    assert not verdict.objections
    assert verdict.passes(Gate(mean_abs=0.02))
    assert not verdict.passes(Gate(mean_abs=1e-4))


def test_all_rehearsals_have_to_pass(judge):
    verdict = judge.verdict("small.fp32.onnx", [Rehearsal(small_network()), Rehearsal(strayed(1.0))])
    assert len(verdict.proofs) == 2
    assert "with onnxruntime it differs in the mean by" in verdict.objections[0]


def test_a_graph_that_does_not_run_is_objected_to(judge):
    broken = small_network()
    del broken.graph.initializer[:]
    verdict = judge.verdict("small.fp32.onnx", [Rehearsal(broken)])
    assert verdict.objections
    assert not verdict.passes(Gate())


@with_openvino
def test_int8_is_judged_with_bf16_too_which_decides_nothing(tmp_path):
    rehearsals = [Rehearsal(small_int8("openvino"), "openvino")]
    here = run_precisions(BACKENDS["openvino"], read_onnx_file(write_small_int8(tmp_path / "m.onnx", "openvino")))
    for limit in (0.02, 1e-9):
        judge = TileJudge(ANSWERS, GATES | {"int8": Gate(mean_abs=0.02), "int8+bf16": Gate(mean_abs=limit)}, tmp_path)
        assert not judge.verdict("small.int8.openvino.onnx", rehearsals).objections
        proofs = judge.further("small.int8.openvino.onnx", rehearsals)
        assert ["int8", *(proof.precision for proof in proofs)] == [*here]
        for proof in proofs:
            assert proof.as_json()["passes"] == (limit == 0.02)
            assert proof.figures[0].mean_abs < 0.02
            assert ("objections" in proof.as_json()) == (limit == 1e-9)


def test_what_stands_in_for_an_engine_is_tried_in_nothing_else(judge):
    assert judge.further("small.fp32.onnx", [Rehearsal(small_network(), "openvino", note="a note")]) == ()
    assert judge.further("small.fp32.onnx", [Rehearsal(small_network())]) == ()


def test_the_first_that_is_well_within_the_gate_is_taken(judge):
    chosen, verdict = select_candidate(PLANNED, [candidate(1.0), candidate(0.01, 0.2), candidate(0.0, 0.5)], judge)
    assert chosen.summary == "0.01"
    assert verdict.passes(halfway(judge.gates["int8"]))


def test_a_margin_is_taken_where_it_costs_little(judge, caplog):
    with caplog.at_level("INFO", logger="landslip"):
        chosen, _ = select_candidate(PLANNED, [candidate(0.07), candidate(0.0, SPARE_WORK / 2)], judge)
    assert chosen.summary == "0.0"
    assert caplog.text.count("small.int8.onnx, 0.07: passes; looking for more margin") == 1


def test_a_margin_that_costs_much_is_left(judge):
    tried = []

    def growing():
        for each in (candidate(0.07), candidate(0.06, SPARE_WORK / 2), candidate(0.0, 2 * SPARE_WORK)):
            tried.append(each.summary)
            yield each

    chosen, _ = select_candidate(PLANNED, growing(), judge)
    assert chosen.summary == "0.07"
    assert tried == ["0.07", "0.06", "0.0"]


def test_no_margin_is_bought_with_a_slower_placing(judge):
    candidates = [candidate(0.07, placing="everything"), candidate(0.0, placing="convolutions")]
    chosen, _ = select_candidate(PLANNED, candidates, judge)
    assert chosen.summary == "0.07"


def test_a_slower_placing_is_taken_where_the_fastest_fails(judge):
    candidates = [candidate(1.0, placing="everything"), candidate(0.01, placing="convolutions")]
    assert select_candidate(PLANNED, candidates, judge)[0].placing == "convolutions"


def test_when_none_passes_the_figures_are_told(judge):
    message = r"small\.int8\.onnx: strays from the network it was made from: with onnxruntime it differs in the mean by .* allowed"  # noqa: E501
    with pytest.raises(ParityError, match=message) as refused:
        select_candidate(PLANNED, [candidate(2.0), candidate(1.0)], judge)
    assert re.search(r"allow it: `limits` int8:mean_abs=\S+\.$", str(refused.value))


def test_half_of_a_gate():
    assert halfway(Gate(mean_abs=1e-2, iou=0.98, kinds=("scene",))) == Gate(mean_abs=5e-3, iou=0.99, kinds=("scene",))


def plan(*targets):
    return plan_artifacts(Path("out"), "small", ("fp32", "fp16", "int8"), targets)


def test_every_precision_has_its_candidates():
    candidates = Candidates(small_network(), lambda target: Quantiser(small_network(), TILES.batch, target))
    single, half, eight = plan("onnx")
    assert [len(list(candidates.of(planned))) for planned in (single, half)] == [1, 1]
    assert next(candidates.of(single)).graph.SerializeToString() == small_network().SerializeToString()
    (as_it_is, rounded) = next(candidates.of(half)).rehearsals
    assert as_it_is.note is None
    assert "every value rounded to fp16" in rounded.note
    works = [each.float_work for each in candidates.of(eight)]
    assert works[0] == 0
    assert works == sorted(works)
    assert [each.placing for each in candidates.of(eight)][:2] == ["everything", "convolutions"]
    assert next(candidates.of(eight)).facts["quantisation"]["quantised"] == 4


def test_onnxruntime_stands_in_for_tensorrt_and_says_so(judge):
    candidates = Candidates(small_network(), lambda target: Quantiser(small_network(), TILES.batch, target))
    built = next(candidates.of(plan("tensorrt")[-1]))
    (proof,) = judge.verdict("small.int8.tensorrt.onnx", built.rehearsals).proofs
    assert proof.engine == "onnxruntime"
    assert proof.note == "in place of TensorRT, which has not run it"


def test_openvino_judges_what_is_for_it(judge):
    pytest.importorskip(
        "openvino_telemetry", reason="openvino is not installed"
    )  # not openvino itself: see without_telemetry.py
    candidates = Candidates(small_network(), lambda target: Quantiser(small_network(), TILES.batch, target))
    single, half, eight = plan("openvino")
    engines = [[each.engine for each in next(candidates.of(planned)).rehearsals] for planned in (single, half, eight)]
    assert engines == [["onnxruntime", "openvino"], ["onnxruntime", "openvino", "onnxruntime"], ["openvino"]]
    for planned in (single, half, eight):
        assert not judge.verdict(planned.path.name, next(candidates.of(planned)).rehearsals).objections


def test_without_tiles_there_is_no_int8():
    with pytest.raises(ModelError, match="no tiles to calibrate"):
        next(Candidates(small_network()).of(plan("onnx")[-1]))
