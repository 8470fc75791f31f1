from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from helpers.models import batch_of
from landslip.export.folder.artifacts import FoundArtifact
from landslip.export.folder.existing_artifacts import ExistingArtifacts
from landslip.export.judging.reference import reference_file, reference_of, reference_sets
from landslip.runtime.artifacts.reference_tiles import Rounding, TileSet, read_reference, write_reference
from landslip.runtime.errors import UsageError

SETS = [
    TileSet("noise", batch_of(2, 96)),
    TileSet("relief", batch_of(2, 96)),
    TileSet("noise", batch_of(2, 32)),
    TileSet("scene", batch_of(3, 96)),
]


def keras(batch):
    """Stands for the network: the first band of the post image, 0..1."""
    assert len(batch["post"]) == 1
    return batch["post"][:, :1] / 255 + 1e-9


def rounded(batch, by=1e-7):
    """The same in float32: off by as many steps as the first pixel is bright."""
    return keras(batch) + by * float(batch["post"][0, 0, 0, 0])


def existing(out):
    return ExistingArtifacts(out / "m.reference.npz")


@pytest.fixture
def sets():
    return reference_sets(keras, rounded, SETS)


def test_the_network_is_asked_tile_by_tile(sets):
    for tiles, confidence in sets:
        np.testing.assert_array_equal(confidence, tiles.batch["post"][:, :1] / 255 + 1e-9)


def test_what_rounding_does_to_the_network_stays_with_each_tile(sets, tmp_path):
    for tiles, _ in sets:
        steps = tiles.batch["post"][:, 0, 0, 0].astype(float)
        np.testing.assert_allclose([each.max_abs for each in tiles.roundings], 1e-7 * steps, rtol=1e-6)
        assert tiles.rounding.max_abs == max(each.max_abs for each in tiles.roundings)
        assert tiles.rounding.mean_abs == pytest.approx(np.mean([each.mean_abs for each in tiles.roundings]))
    path = reference_file(tmp_path, reference_of("m", "ab", sets), existing(tmp_path / "out"))
    (noise, _), (scenes, _) = read_reference(path).sets
    assert (noise.roundings, scenes.roundings) == (sets[2][0].roundings[:1], sets[3][0].roundings)


def test_a_file_that_does_not_tell_the_rounding_is_kept_unless_that_decides(sets, tmp_path):
    (tmp_path / "out").mkdir()
    there = existing(tmp_path / "out")
    reference = reference_of("m", "ab", sets)
    old = tuple((replace(tiles, roundings=()), values) for tiles, values in reference.sets)
    write_reference(there.tiles, replace(reference, sets=old))
    amplified = reference_sets(keras, partial(rounded, by=1e-6), SETS)
    large = reference_of(
        "m",
        "ab",
        [
            (replace(tiles, roundings=more.roundings), values)
            for (tiles, values), (more, _) in zip(sets, amplified, strict=True)
        ],
    )
    assert reference_file(tmp_path, large, there).parent == tmp_path
    small = tuple(
        (replace(tiles, roundings=(Rounding(4e-6, 1e-6),) * tiles.count), values) for tiles, values in reference.sets
    )
    assert reference_file(tmp_path, replace(reference, sets=small), there) == there.tiles


def test_scenes_and_a_little_noise_are_kept(sets, tmp_path):
    path = reference_file(tmp_path, reference_of("m", "ab", sets), existing(tmp_path / "out"))
    assert path == tmp_path / "m.reference.npz"
    reference = read_reference(path)
    assert [(tiles.kind, tiles.count, tiles.tile) for tiles, _ in reference.sets] == [
        ("noise", 1, 32),
        ("scene", 3, 96),
    ]
    assert (reference.model, reference.source_sha256) == ("m", "ab")
    for tiles, confidence in reference.sets:
        assert confidence.dtype == np.float32
        np.testing.assert_allclose(confidence, tiles.batch["post"][:, :1] / 255, rtol=0, atol=1e-6)


def test_the_same_tiles_are_not_written_again(sets, tmp_path):
    reference = reference_of("m", "ab", sets)
    (tmp_path / "out").mkdir()
    there = existing(tmp_path / "out")
    first = reference_file(tmp_path, reference, there)
    first = first.replace(tmp_path / "out" / first.name)
    assert reference_file(tmp_path, reference, there) == first
    others = reference_of("m", "ab", reference_sets(keras, rounded, [*SETS[:3], TileSet("scene", batch_of(2, 96))]))
    assert reference_file(tmp_path, others, there).parent == tmp_path
    shifted = replace(reference, sets=tuple((tiles, values + np.float32(1e-3)) for tiles, values in reference.sets))
    assert reference_file(tmp_path, shifted, there).parent == tmp_path
    needed = replace(there, judged=(FoundArtifact(tmp_path / "m.fp32.onnx", None, {}),))
    assert reference_file(tmp_path, reference, needed) == first
    with pytest.raises(UsageError, match=r"verify judges m\.fp32\.onnx by"):
        reference_file(tmp_path, others, needed)


def test_the_same_answers_give_the_same_bytes(sets, tmp_path):
    contents = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        contents.add(reference_file(tmp_path / name, reference_of("m", "ab", sets), existing(tmp_path)).read_bytes())
    assert len(contents) == 1
