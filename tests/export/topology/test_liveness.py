from __future__ import annotations

from landslip.export.topology.liveness import depths, most_live
from landslip.export.topology.topology import Node


def node(name, *inputs):
    return Node(name, (name,), "Add", {}, inputs)


CHAIN = [node("a"), node("b", "a"), node("c", "b"), node("d", "c")]
SKIP = [node("a"), node("b", "a"), node("c", "b"), node("d", "c", "a")]
WIDE = [node("a"), *(node(f"b{i}", "a") for i in range(5)), node("c", *(f"b{i}" for i in range(5)))]


def ones(nodes):
    return dict.fromkeys((each.name for each in nodes), 1)


def test_depth_is_counted_along_the_longest_way():
    assert depths(SKIP) == {"a": 3, "b": 2, "c": 1, "d": 0}


def test_a_chain_holds_two_values_at_once():
    assert most_live(CHAIN, ones(CHAIN)) == 2


def test_what_is_needed_later_is_held():
    assert most_live(SKIP, ones(SKIP)) == 3


def test_branches_are_held_all_at_once():
    assert most_live(WIDE, ones(WIDE)) == 6


def test_a_value_taken_twice_by_one_call_is_given_up_once():
    nodes = [node("a"), node("b", "a", "a"), node("c", "b"), node("d", "c")]
    assert most_live(nodes, ones(nodes) | {"a": 10}) == 11
