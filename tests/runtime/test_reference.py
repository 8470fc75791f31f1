from __future__ import annotations

import numpy as np
import pytest

from landslip.runtime.errors import InputMissingError, ModelError
from landslip.runtime.reference import Reference, TileSet, read_reference, write_reference

RNG = np.random.default_rng(0)


def tile_set(kind, count, tile):
    batch = {
        "post": RNG.integers(0, 256, (count, 3, tile, tile), dtype=np.uint8),
        "slope": RNG.uniform(0, 90, (count, 1, tile, tile)).astype(np.float32),
    }
    return TileSet(kind, batch), RNG.random((count, 1, tile, tile)).astype(np.float32)


@pytest.fixture
def written(tmp_path):
    reference = Reference("demo", "ab" * 32, "Keras network", (tile_set("noise", 2, 32), tile_set("scene", 3, 64)))
    path = tmp_path / "demo.reference.npz"
    write_reference(path, reference)
    return path, reference


def test_what_was_written_is_read(written):
    path, reference = written
    again = read_reference(path)
    assert (again.model, again.source_sha256, again.made_by) == ("demo", "ab" * 32, "Keras network")
    assert [(tiles.kind, tiles.count, tiles.tile) for tiles, _ in again.sets] == [("noise", 2, 32), ("scene", 3, 64)]
    for (tiles, confidence), (read, answers) in zip(reference.sets, again.sets, strict=True):
        np.testing.assert_array_equal(answers, confidence)
        assert {name: values.dtype for name, values in read.batch.items()} == {
            name: values.dtype for name, values in tiles.batch.items()
        }
        for name, values in tiles.batch.items():
            np.testing.assert_array_equal(read.batch[name], values)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputMissingError, match="none"):
        read_reference(tmp_path / "none.npz")


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_a_cut_file_is_refused(written, share):
    path, _ = written
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ModelError, match=r"demo\.reference\.npz: the reference tiles cannot be read"):
        read_reference(path)


def test_pickled_objects_are_never_loaded(tmp_path):
    path = tmp_path / "evil.npz"
    with path.open("wb") as file:
        np.savez(file, facts=np.array([{"model": 1}], dtype=object))
    with pytest.raises(ModelError):
        read_reference(path)


def test_arrays_of_different_sizes_are_refused(tmp_path):
    path = tmp_path / "m.npz"
    tiles, _ = tile_set("scene", 2, 32)
    write_reference(path, Reference("m", "", "", ((tiles, np.zeros((2, 1, 16, 16), np.float32)),)))
    with pytest.raises(ModelError, match="different sizes"):
        read_reference(path)
