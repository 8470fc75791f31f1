from __future__ import annotations

import resource
import stat
import zipfile

import pytest

from helpers.keras_archives import archived_members, write_keras_archive
from landslip.export.hdf5.unpacking import unpack
from landslip.runtime.errors import ModelError, OutputError


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "unpacked"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_what_is_wanted_is_unpacked_and_assets_are_passed_over(tmp_path, folder, method):
    members = archived_members()
    with zipfile.ZipFile(tmp_path / "m.keras", "w", method) as archive:
        archive.writestr("assets/", b"")
        archive.writestr("assets/layers/string_lookup/vocabulary.txt", b"x" * 100_000)
        for name, content in members.items():
            archive.writestr(name, content)
    unpack(tmp_path / "m.keras", folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == members


def test_an_archive_without_metadata_is_read(tmp_path, folder):
    unpack(write_keras_archive(tmp_path / "m.keras", metadata=None), folder)
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.weights.h5"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"config": None}, r"holds no config\.json, so it is no whole Keras model"),
        ({"weights": None}, r"holds no model\.weights\.h5, so it is no whole Keras model"),
        ({"config": b"[" * ((8 << 20) + 1)}, r"config\.json in the archive unpacks to 8388609 bytes; at most 8388608"),
        ({"metadata": b" " * 70_000}, r"metadata\.json in the archive unpacks to 70000 bytes; at most 65536"),
    ],
)
def test_an_archive_lacks_nothing_and_has_bounds(tmp_path, folder, changed, message):
    with pytest.raises(ModelError, match=message):
        unpack(write_keras_archive(tmp_path / "m.keras", **changed), folder)
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../evil.json", "which would lie outside"),
        ("/etc/evil", "which would lie outside"),
        ("C:/evil", "which would lie outside"),
        ("assets/../../evil", "which would lie outside"),
        ("assets\\..\\evil", "which would lie outside"),
        ("code.py", "'code.py', which is none of the files of a Keras archive"),
        ("net/config.json", r"They have to lie at its top: .*zip -0 \.\./NAME\.keras metadata\.json config\.json"),
        ("model.weights.npz", r"its weights as model\.weights\.npz, which is not read"),
    ],
)
def test_other_files_are_refused(tmp_path, folder, name, message):
    with pytest.raises(ModelError, match=message):
        unpack(write_keras_archive(tmp_path / "m.keras", {**archived_members(), name: b"x"}), folder)
    assert not list(folder.iterdir())


def test_a_name_that_hides_another_is_refused(tmp_path, folder):
    path = write_keras_archive(tmp_path / "m.keras", {**archived_members(), "assets/aXpy": b"x"})
    path.write_bytes(path.read_bytes().replace(b"assets/aXpy", b"assets/a\0py"))
    with pytest.raises(ModelError, match="which would lie outside"):
        unpack(path, folder)


def test_a_file_that_is_there_twice_is_refused(tmp_path, folder):
    path = write_keras_archive(tmp_path / "m.keras")
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("config.json", b"{}")
    with pytest.raises(ModelError, match=r"holds config\.json twice"):
        unpack(path, folder)


def test_more_files_than_an_archive_has_are_refused(tmp_path, folder):
    members = {**archived_members(), **{f"assets/{number}": b"" for number in range(1000)}}
    with pytest.raises(ModelError, match="holds 1003 files; a Keras archive holds three"):
        unpack(write_keras_archive(tmp_path / "m.keras", members), folder)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO])
def test_links_and_the_like_are_refused(tmp_path, folder, kind):
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        for name, content in archived_members().items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (kind if name == "config.json" else stat.S_IFREG) << 16
            archive.writestr(info, content)
    with pytest.raises(ModelError, match=r"config\.json in the archive is no regular file but a link"):
        unpack(tmp_path / "m.keras", folder)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"flag_bits": 1}, "is encrypted, or packed in a way"),
        ({"compress_type": zipfile.ZIP_LZMA}, "is encrypted, or packed in a way"),
        ({"file_size": 1 << 30}, r"model\.weights\.h5 in the archive unpacks to 1073741824 bytes; at most"),
        ({"file_size": 10**6, "compress_size": 10**6}, r"the archive is damaged|has not the length that it says"),
    ],
)
def test_what_a_member_says_of_itself_is_not_believed(tmp_path, folder, monkeypatch, changed, message):
    path = write_keras_archive(tmp_path / "m.keras")
    listed = zipfile.ZipFile.infolist

    def lying(archive):
        members = listed(archive)
        for key, value in changed.items():
            setattr(members[-1], key, value)
        return members

    monkeypatch.setattr(zipfile.ZipFile, "infolist", lying)
    with pytest.raises(ModelError, match=message):
        unpack(path, folder)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, folder):
    with zipfile.ZipFile(tmp_path / "m.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in archived_members(weights=bytes(80 << 20)).items():
            archive.writestr(name, content)
    with pytest.raises(ModelError, match=r"model\.weights\.h5 in the archive unpacks to 83886080 bytes; at most 67"):
        unpack(tmp_path / "m.keras", folder)
    assert not list(folder.iterdir())


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_half_an_archive_is_said(tmp_path, folder, share):
    path = write_keras_archive(tmp_path / "m.keras")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelError, match="the archive is damaged or not complete"):
        unpack(path, folder)


def test_a_byte_that_is_another_one_is_said(tmp_path, folder):
    path = write_keras_archive(tmp_path / "m.keras")
    content = bytearray(path.read_bytes())
    content[content.index(b"\x89HDF") + 2000] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"the archive is damaged or not complete \(Bad CRC-32"):
        unpack(path, folder)


def test_an_archive_that_cannot_be_read_is_said(tmp_path, folder):
    with pytest.raises(ModelError, match=r"the archive cannot be read \(No such file"):
        unpack(tmp_path / "gone.keras", folder)


def test_a_folder_that_cannot_be_written_is_no_fault_of_the_file(tmp_path):
    path = write_keras_archive(tmp_path / "m.keras")
    with pytest.raises(OutputError, match=r"cannot be written \(No such file or directory\)"):
        unpack(path, tmp_path / "gone")


def test_a_full_disk_is_no_fault_of_the_file(tmp_path, folder):
    path = write_keras_archive(tmp_path / "m.keras")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    try:
        with pytest.raises(OutputError, match=r"cannot be written \(File too large\), and the archive"):
            unpack(path, folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
