"""How a batch goes through the slots."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.engines import SPEC
from landslip.runtime.engines.tensor_rt.slots import SLOTS, count_tiles, profile_for, schedule
from landslip.runtime.errors import EngineError


@given(st.integers(1, 200), st.integers(1, 40), st.integers(2, 4))
def test_every_tile_goes_in_once_and_comes_out_once_in_order(count, size, slots):
    steps = list(schedule(count, size, slots))
    for collect in (False, True):
        tiles = [tile for step in steps if step.collect is collect for tile in range(count)[step.tiles]]
        assert tiles == list(range(count))
    assert all(0 < step.tiles.stop - step.tiles.start <= size for step in steps)


@given(st.integers(1, 200), st.integers(1, 40), st.integers(2, 4))
def test_no_slot_is_filled_before_it_was_emptied_and_all_are_used(count, size, slots):
    held, most = {}, 0
    for step in schedule(count, size, slots):
        if step.collect:
            assert held.pop(step.slot) == step.tiles
        else:
            assert step.slot not in held
            held[step.slot] = step.tiles
        most = max(most, len(held))
    assert not held
    assert most == min(slots, -(-count // size))


@given(st.integers(1, 1024))
def test_a_full_batch_fills_each_slot_once(batch):
    profile = profile_for(batch, 224)
    submitted = [step for step in schedule(batch, profile.batch) if not step.collect]
    assert len(submitted) == min(SLOTS, batch)
    assert profile.tile == 224


def batch_of(count, tile=224):
    return {entry.name: np.zeros((count, entry.bands, tile, tile), entry.dtype) for entry in SPEC.inputs}


def test_a_batch_counts_its_tiles():
    assert count_tiles(batch_of(3), SPEC, 224) == 3


@pytest.mark.parametrize(
    "spoil",
    [
        lambda batch: batch.pop("slope"),
        lambda batch: batch.update(pre=batch["pre"][:1]),
        lambda batch: batch.update(pre=batch["pre"].astype(np.float32)),
        lambda batch: batch.update(pre=batch["pre"][:, :1]),
        lambda batch: batch.update(extra=batch["pre"]),
        lambda batch: batch.update(batch_of(2, 96)),
        lambda batch: batch.update(batch_of(0)),
    ],
    ids=["missing", "fewer", "type", "bands", "extra", "tile", "empty"],
)
def test_batches_that_do_not_fit_the_buffers_are_refused(spoil):
    batch = batch_of(2)
    spoil(batch)
    with pytest.raises(EngineError, match="the engine was built for"):
        count_tiles(batch, SPEC, 224)
