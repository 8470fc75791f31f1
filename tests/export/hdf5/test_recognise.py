from __future__ import annotations

import struct

import h5py
import pytest

from helpers.keras_files import write_keras_hdf5
from landslip.export.hdf5.recognise import check_keras_file, hdf5_length
from landslip.runtime.errors import InputMissingError, ModelError


@pytest.mark.parametrize("libver", ["earliest", "v108", "v110", "latest"])
def test_an_hdf5_file_knows_its_length(tmp_path, libver):
    path = tmp_path / "m.h5"
    with h5py.File(path, "w", libver=libver) as file:
        file["x"] = list(range(1000))
    content = path.read_bytes()
    assert hdf5_length(content[:1024]) == len(content)
    check_keras_file(path)
    path.write_bytes(content[:-1])
    with pytest.raises(ModelError, match=f"has {len(content) - 1} of {len(content)} bytes: the download broke off"):
        check_keras_file(path)


def test_offsets_of_four_bytes_are_read():
    # Version 0, 4-byte offsets: base address, free space, end of file, driver.
    head = (
        b"\x89HDF\r\n\x1a\n" + bytes([0, 0, 0, 0, 0, 4, 4, 0]) + bytes(8) + struct.pack("<4I", 0, 0, 777, 0) + bytes(99)
    )
    assert hdf5_length(head) == 777


@pytest.mark.parametrize("head", [b"\x89HDF\r\n\x1a\n", b"\x89HDF\r\n\x1a\n" + bytes([9] * 99), bytes(99)])
def test_a_length_that_cannot_be_read_is_none(head):
    assert hdf5_length(head) is None


def test_bytes_behind_the_end_do_no_harm(tmp_path):
    path = write_keras_hdf5(tmp_path / "m.h5")
    path.write_bytes(path.read_bytes() + b"more")
    check_keras_file(path)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("gone.hdf5", "Give the path"), ("M_ALL_006.hdf5", "Download it: landslip fetch M_ALL_006 --to ")],
)
def test_a_missing_file_is_said(tmp_path, name, remedy):
    with pytest.raises(InputMissingError, match=f"there is no such file. {remedy}"):
        check_keras_file(tmp_path / name)


def test_a_file_that_only_begins_like_something_is_taken_at_its_name(tmp_path):
    path = tmp_path / "network.pb"
    path.write_bytes(b"\x08\x01")
    with pytest.raises(ModelError, match="is a TensorFlow graph"):
        check_keras_file(path)


def test_bytes_before_hdf5_are_said(tmp_path):
    path = tmp_path / "m.h5"
    with h5py.File(path, "w", userblock_size=1024) as file:
        file["x"] = 1
    with pytest.raises(ModelError, match=r"is HDF5 behind 1024 other bytes .*h5unjam"):
        check_keras_file(path)


def test_an_onnx_file_is_no_keras_file(tmp_path):
    (tmp_path / "net.onnx").write_bytes(b"\x08\x08")
    with pytest.raises(ModelError, match=r"is ONNX and no Keras file\..* landslip adopt MODEL\.onnx"):
        check_keras_file(tmp_path / "net.onnx")
