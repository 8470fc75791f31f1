from __future__ import annotations

import contextlib
import io
import json
import os
import tracemalloc
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from landslip.runtime.artifacts.reference_tiles import Reference, Rounding, TileSet, read_reference, write_reference
from landslip.runtime.errors import InputMissingError, ModelError
from landslip.runtime.untrusted.npz_file import read_arrays, write_arrays

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


def test_confidences_of_classes_are_kept(tmp_path):
    tiles, _ = tile_set("scene", 2, 32)
    classes = RNG.dirichlet(np.ones(4), (2, 32, 32)).transpose(0, 3, 1, 2).astype(np.float32)
    write_reference(tmp_path / "m.npz", Reference("m", "ab" * 32, "Keras network", ((tiles, classes),)))
    ((_, answers),) = read_reference(tmp_path / "m.npz").sets
    np.testing.assert_array_equal(answers, classes)


def test_what_rounding_does_is_kept_and_older_files_do_without(written):
    path, reference = written
    (noise, answers), scenes = reference.sets
    roundings = (Rounding(3e-5, 2e-6), Rounding(1e-5, 4e-6))
    write_reference(path, replace(reference, sets=((replace(noise, roundings=roundings), answers), scenes)))
    (found, _), (bare, _) = read_reference(path).sets
    assert found.roundings == roundings
    assert found.rounding == Rounding(3e-5, 3e-6)
    assert (bare.roundings, bare.rounding) == ((), None)
    rewritten(path, lambda facts: facts.pop("keras_float32"))
    assert all(tiles.rounding is None for tiles, _ in read_reference(path).sets)


@pytest.mark.parametrize(
    "told",
    [
        [[], [{"max_abs": 1e-5, "mean_abs": 1e-6}]],
        [[{"max_abs": 1e-6, "mean_abs": 1e-5}] * 2, []],
        [[{"max_abs": float("nan"), "mean_abs": 0.0}] * 2, []],
        [[{"max_abs": 2.0, "mean_abs": 0.0}] * 2, []],
        [[{"max_abs": 1e-5}] * 2, []],
        [[7, 7], []],
        [[]],
        7,
    ],
)
def test_a_rounding_that_makes_no_sense_is_refused(written, told):
    path, _ = written
    rewritten(path, lambda facts: facts.update(keras_float32=told))
    with pytest.raises(ModelError, match="the reference tiles cannot be read"):
        read_reference(path)


def rewritten(path, change):
    arrays = dict(read_arrays(path))
    facts = json.loads(str(arrays["facts"]))
    change(facts)
    write_arrays(path, arrays | {"facts": np.array(json.dumps(facts))})


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


FACTS = {"model": "m", "source_sha256": "s", "made_by": "Keras network", "kinds": ["noise"]}
TILES, ANSWERS = np.zeros((1, 3, 8, 8), np.uint8), np.zeros((1, 1, 8, 8), np.float32)


def packed(path, arrays, *, facts=FACTS, method=zipfile.ZIP_DEFLATED):
    """An archive as ``np.savez`` writes it, with any facts and arrays."""
    text = facts if isinstance(facts, str) else json.dumps(facts)
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, values in {"facts": np.array(text), **arrays}.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asarray(values))
            archive.writestr(f"{name}.npy", member.getvalue())
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_what_numpy_and_others_pack_is_read(tmp_path, method):
    (read,) = read_reference(packed(tmp_path / "m.npz", {"0/pre": TILES, "0/confidence": ANSWERS}, method=method)).sets
    assert (read[0].kind, read[0].count, read[0].tile) == ("noise", 1, 8)
    np.testing.assert_array_equal(read[1], ANSWERS)


NO_TILES = {
    "no inputs": ({"0/confidence": ANSWERS}, "no inputs"),
    "no confidence": ({"0/pre": TILES}, "confidence"),
    "a number": ({"0/pre": TILES, "0/confidence": np.float32(1)}, "unpack"),
    "no tiles": ({"0/pre": TILES[:0], "0/confidence": ANSWERS[:0]}, "no square tiles"),
    "tiles of no size": ({"0/pre": TILES[..., :0, :0], "0/confidence": ANSWERS[..., :0, :0]}, "no square tiles"),
    "no squares": ({"0/pre": TILES[..., :4], "0/confidence": ANSWERS[..., :4]}, "no square tiles"),
    "too many confidences": ({"0/pre": TILES, "0/confidence": ANSWERS.repeat(33, 1)}, "no square tiles"),
    "no bands": ({"0/pre": TILES[:, :0], "0/confidence": ANSWERS}, "0 bands"),
    "texts": ({"0/pre": TILES, "0/confidence": ANSWERS.astype("U3")}, "other types than uint8 and float32"),
    "complex": ({"0/pre": TILES, "0/confidence": ANSWERS.astype(np.complex64)}, "other types"),
    "doubles": ({"0/pre": TILES.astype(float), "0/confidence": ANSWERS}, "other types"),
    "no numbers": ({"0/pre": TILES, "0/confidence": ANSWERS * np.nan}, r"none of 0\.\.1"),
    "beyond one": ({"0/pre": TILES, "0/confidence": ANSWERS + 2}, r"none of 0\.\.1"),
}


@pytest.mark.parametrize("name", NO_TILES)
def test_what_is_no_set_of_tiles_is_refused(tmp_path, name):
    arrays, words = NO_TILES[name]
    with pytest.raises(ModelError, match=rf"m\.npz: the reference tiles cannot be read \(.*{words}"):
        read_reference(packed(tmp_path / "m.npz", arrays))


@pytest.mark.parametrize(
    "facts",
    [
        "[" * 3000,
        "[]",
        "7",
        "{}",
        {**FACTS, "kinds": 3},
        {**FACTS, "made_by": "\x1b[2J"},
        {**FACTS, "model": "m" * 501},
    ],
)
def test_facts_that_are_none_are_refused(tmp_path, facts):
    arrays = {"0/pre": TILES, "0/confidence": ANSWERS}
    with pytest.raises(ModelError, match="the reference tiles cannot be read") as caught:
        read_reference(packed(tmp_path / "m.npz", arrays, facts=facts))
    assert str(caught.value).isprintable()


def patched(path, *, at, value):
    """Set a byte of every member's header: its offset in the central directory and in the local header."""
    content = bytearray(path.read_bytes())
    for signature, offset in zip((b"PK\x01\x02", b"PK\x03\x04"), at, strict=True):
        place = -1
        while (place := content.find(signature, place + 1)) >= 0:
            content[place + offset] = value
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(("at", "value"), [((8, 6), 1), ((10, 8), 97), ((10, 8), zipfile.ZIP_LZMA)])
def test_encrypted_and_oddly_packed_files_are_refused(tmp_path, at, value):
    path = packed(tmp_path / "m.npz", {"0/pre": TILES, "0/confidence": ANSWERS})
    with pytest.raises(ModelError, match="encrypted, or packed in a way"):
        read_reference(patched(path, at=at, value=value))


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_whatever_byte_is_changed_it_is_read_or_refused(tmp_path, method):
    content = packed(tmp_path / "m.npz", {"0/pre": TILES, "0/confidence": ANSWERS}, method=method).read_bytes()
    for place in range(len(content)):
        (tmp_path / "m.npz").write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        with contextlib.suppress(ModelError):
            read_reference(tmp_path / "m.npz")


def bomb(path, method, *, declared=None):
    """An archive of kilobytes with an array of 64 MB, which may claim that it unpacks to ``declared`` bytes."""
    packed(path, {"0/confidence": ANSWERS})
    start = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        start, {"descr": "|u1", "fortran_order": False, "shape": (1, 1, 1 << 13, 1 << 13)}
    )
    with zipfile.ZipFile(path, "a", method, compresslevel=9) as archive:
        with archive.open("0/pre.npy", "w") as member:
            member.write(start.getvalue())
            for _ in range(16):
                member.write(bytes(1 << 22))
        if declared is not None:
            archive.getinfo("0/pre.npy").file_size = declared
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_no_more_is_unpacked_than_was_declared(tmp_path, method):
    path = bomb(tmp_path / "bomb.npz", method, declared=10_000)
    assert path.stat().st_size < 1 << 20
    tracemalloc.start()
    try:
        with pytest.raises(ModelError, match="cannot be read"):
            read_reference(path)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_what_would_unpack_to_gigabytes_is_not_unpacked(tmp_path):
    path = bomb(tmp_path / "bomb.npz", zipfile.ZIP_DEFLATED, declared=(1 << 30) + 1)
    with pytest.raises(ModelError, match="unpacks to more than 1073741824 bytes"):
        read_reference(path)


def test_a_pipe_is_not_waited_for(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    os.mkfifo(tmp_path / "m.npz")
    with pytest.raises(ModelError, match="no regular file"):
        read_reference(tmp_path / "m.npz")
