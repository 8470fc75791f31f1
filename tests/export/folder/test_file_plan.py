from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from landslip.export.folder.file_plan import check_engines, check_free, plan_artifacts
from landslip.runtime.errors import EngineError, UsageError

OUT = Path("out")


def names(plan):
    return [planned.path.name for planned in plan]


def test_one_file_for_all_targets_but_int8():
    plan = plan_artifacts(OUT, "m", ("fp32", "fp16", "int8"), ("onnx", "openvino", "tensorrt"))
    assert names(plan) == [
        "m.fp32.onnx", "m.fp16.onnx", "m.int8.onnx", "m.int8.openvino.onnx", "m.int8.tensorrt.onnx",
    ]  # fmt: skip
    assert [planned.target for planned in plan] == ["onnx", "onnx", "onnx", "openvino", "tensorrt"]


def test_every_file_is_judged_by_the_engines_it_is_for():
    single, eight = plan_artifacts(OUT, "m", ("fp32", "int8"), ("openvino",))
    assert single.engines == ("onnxruntime", "openvino")
    assert eight.engines == ("openvino",)
    (built,) = plan_artifacts(OUT, "m", ("int8",), ("tensorrt",))
    assert built.engines == ("onnxruntime",)


def test_what_is_asked_for_twice_is_made_once_and_in_order():
    assert names(plan_artifacts(OUT, "m", ("fp16", "fp32", "fp16"), ("onnx",))) == ["m.fp16.onnx", "m.fp32.onnx"]


@pytest.mark.parametrize("precision", ["bf16", "int8+bf16"])
def test_bf16_is_a_precision_of_a_run(precision):
    with pytest.raises(UsageError, match=re.escape(f"landslip map --engine openvino --precision {precision}")):
        plan_artifacts(OUT, "m", (precision,), ("onnx",))


def test_unknown_targets_are_refused():
    with pytest.raises(UsageError, match="Choose from: onnx, openvino, tensorrt"):
        plan_artifacts(OUT, "m", ("fp32",), ("coreml",))


def test_files_that_are_there_are_named(tmp_path):
    plan = plan_artifacts(tmp_path, "m", ("fp32", "int8"), ("openvino",))
    check_free(plan)
    plan[1].path.touch()
    with pytest.raises(UsageError, match=r"m\.int8\.openvino\.onnx is there already.*overwrite=True"):
        check_free(plan)


def test_an_engine_that_is_missing_is_said_with_its_remedy(monkeypatch):
    plan = plan_artifacts(OUT, "m", ("int8",), ("openvino",))
    check_engines(plan, build=False)
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(EngineError, match=r"pip install 'landslip\[openvino\]'"):
        check_engines(plan, build=False)


def test_without_a_gpu_no_engine_can_be_built(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    plan = plan_artifacts(OUT, "m", ("fp16",), ("tensorrt",))
    check_engines(plan, build=False)
    with pytest.raises(EngineError, match=r"Target tensorrt: no engine can be built here.*`build=False`"):
        check_engines(plan, build=True)
