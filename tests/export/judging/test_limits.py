from __future__ import annotations

import pytest

from landslip.export.judging.limits import check_limited, gates_with
from landslip.runtime.artifacts.parity import GATES
from landslip.runtime.errors import UsageError


def test_a_limit_replaces_one_figure_of_one_gate():
    gates = gates_with(["int8:iou=0.99", "int8:mean_abs=none", "fp32:max_abs=1e-4"])
    assert (gates["int8"].iou, gates["int8"].mean_abs, gates["int8"].kinds) == (0.99, None, GATES["int8"].kinds)
    assert gates["fp32"].max_abs == 1e-4
    assert gates["fp16"] == GATES["fp16"]
    assert GATES["int8"].iou != 0.99


def test_a_limit_of_int8_holds_for_int8_with_bf16_unless_that_has_its_own():
    assert GATES["int8+bf16"] == GATES["int8"]
    gates = gates_with(["int8+bf16:iou=0.97", "int8:iou=0.99", "int8:mean_abs=0.02"])
    assert (gates["int8"].iou, gates["int8"].mean_abs) == (0.99, 0.02)
    assert (gates["int8+bf16"].iou, gates["int8+bf16"].mean_abs) == (0.97, 0.02)
    assert gates_with(["int8+bf16:iou=0.97"])["int8"] == GATES["int8"]


def test_the_short_names_of_the_table_are_understood():
    gates = gates_with(["fp32:max=1e-4", "int8:mean=0.02", "int8:IoU=0.97", "fp16:p99.9=0.1"])
    assert (gates["fp32"].max_abs, gates["int8"].mean_abs, gates["int8"].iou) == (1e-4, 0.02, 0.97)
    assert gates["fp16"].p99_9 == 0.1


@pytest.mark.parametrize("text", ["fp32:max=1e-5", "fp32:max=none"])
def test_a_largest_difference_that_is_given_holds_alone(text):
    assert GATES["fp32"].keras_float32 == 2
    assert gates_with([text])["fp32"].keras_float32 is None
    assert gates_with(["fp32:mean=1e-6"])["fp32"].keras_float32 == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "int8",
        "int8:iou",
        "int8:iou=",
        "fp8:iou=1",
        "int8:kinds=1",
        "fp32:keras_float32=3",
        "int8:iou=much",
        "int8:iou=nan",
        "int8:iou=-1",
        "int8:iou=2",
        "fp32:max_abs=inf",
        "fp32:max_abs=-1e-9",
    ],
)
def test_what_is_not_understood_is_said(text):
    with pytest.raises(UsageError, match="Write PRECISION:FIGURE=VALUE"):
        gates_with([text])


def test_limits_may_be_as_strict_and_as_loose_as_can_be():
    assert gates_with(["int8:iou=1"])["int8"].iou == 1
    assert gates_with(["int8:area=3"])["int8"].area == 3


def test_a_limit_of_what_is_not_exported_is_said():
    check_limited(["int8:iou=1", "fp32:iou=none", "int8+bf16:iou=0.97"], ("fp32", "int8"))
    with pytest.raises(UsageError, match=r"without effect: what is exported is fp32\..*add `precisions` int8"):
        check_limited(["int8:iou=0.99"], ("fp32",))
    with pytest.raises(UsageError, match="Give it to landslip verify"):
        check_limited(["bf16:iou=0.99"], ("fp32",))
    with pytest.raises(UsageError, match="add `precisions` int8"):
        check_limited(["int8+bf16:iou=0.99"], ("fp32",))
