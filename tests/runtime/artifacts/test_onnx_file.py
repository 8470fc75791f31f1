"""ONNX files are described without any ONNX library, and whatever the bytes are."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import tracemalloc

import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.engines import SPEC
from helpers.models import brightness_model
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.artifacts.onnx_file import read_onnx_file, read_onnx_header
from landslip.runtime.artifacts.spec import METADATA_KEY, PRECISION_KEY, TARGET_KEY, ModelSpec
from landslip.runtime.errors import InputMissingError, ModelError

METADATA, GRAPH = 14, 7


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    return brightness_model(tmp_path_factory.mktemp("model") / "m.onnx").read_bytes()


def varint(value):
    groups = [value >> shift & 0x7F for shift in range(0, max(1, value.bit_length()), 7)]
    return bytes(group | 0x80 for group in groups[:-1]) + bytes(groups[-1:])


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def entry(key, value):
    return field(METADATA, field(1, key) + field(2, value))


def test_what_onnx_reads_is_read():
    model = onnx.load(DEMO_MODEL)
    file = read_onnx_file(DEMO_MODEL)
    assert file.header.metadata == {prop.key: prop.value for prop in model.metadata_props}
    assert [file.header.opset] == [operators.version for operators in model.opset_import if not operators.domain]
    assert file.header.producer == f"{model.producer_name} {model.producer_version}"
    assert file.spec == ModelSpec.from_json(file.header.metadata[METADATA_KEY], "here")
    assert (file.precision, file.target) == ("fp32", "onnx")


def test_precision_and_target_are_read(tmp_path):
    extra = {PRECISION_KEY: "int8", TARGET_KEY: "openvino"}
    file = read_onnx_file(brightness_model(tmp_path / "m.onnx", extra=extra))
    assert (file.spec, file.precision, file.target) == (SPEC, "int8", "openvino")


def test_a_foreign_file_has_a_header(tmp_path):
    header = read_onnx_header(brightness_model(tmp_path / "m.onnx", None))
    assert (header.opset, header.metadata) == (18, {PRECISION_KEY: "fp32"})


def test_the_graph_is_never_read(tmp_path):
    path = tmp_path / "huge.onnx"
    size = 8 << 30
    with path.open("wb") as file:  # a hole, where the file system knows them: it takes no space
        file.write(varint(GRAPH << 3 | 2) + varint(size))
        file.seek(size, os.SEEK_CUR)
        file.write(entry(METADATA_KEY.encode(), SPEC.to_json().encode()))
    tracemalloc.start()
    try:
        assert read_onnx_file(path).spec == SPEC
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


HOSTILE = {
    "only numbers": (b"\x08" * 1001, "ends within a number"),
    "endless number": (b"\x08" + b"\xff" * 100, "more than 64 bits"),
    "longer than the file": (field(GRAPH, b"") + varint(METADATA << 3 | 2) + varint(1 << 60), "bytes too early"),
    "no graph": (entry(b"a", b"b"), "holds no graph"),
    "groups": (b"\x0b\x0b\x0b\x0c", "no known form"),
    "countless fields": (b"\x08\x01" * 200_000, "more than 10000 fields"),
    "endless text": (field(GRAPH, b"") + entry(b"a", b"b" * (2 << 20)), "has more than 1048576 bytes"),
    "many texts": (field(GRAPH, b"") + entry(b"a", b"b" * 1000) * 2000, "has more than 1048576 bytes"),
    "not UTF-8": (field(GRAPH, b"") + entry(b"a", b"\xff\xfe"), "not in UTF-8"),
    "number for a text": (field(GRAPH, b"") + field(METADATA, b"\x08\x01"), "a text is none"),
    "number for an entry": (field(GRAPH, b"") + varint(METADATA << 3) + b"\x01", "is no message"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_in_words(tmp_path, name):
    content, words = HOSTILE[name]
    path = tmp_path / "hostile.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=rf"hostile\.onnx is damaged or no ONNX model \(.*{words}"):
        read_onnx_header(path)


def test_a_cut_file_is_refused_wherever_it_is_cut(tmp_path, content):
    path = tmp_path / "cut.onnx"
    for end in range(len(content)):
        path.write_bytes(content[:end])
        with pytest.raises(ModelError):
            read_onnx_file(path)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        (PRECISION_KEY, "fp8", "knows fp32, fp16, int8"),
        (TARGET_KEY, "abacus", "knows onnx, openvino, tensorrt"),
        (METADATA_KEY, "[" * 100_000, "model description"),
        (METADATA_KEY, json.dumps({"inputs": [1]}), "model description"),
    ],
)
def test_descriptions_of_other_versions_are_refused(tmp_path, key, value, words):
    with pytest.raises(ModelError, match=words):
        read_onnx_file(brightness_model(tmp_path / "m.onnx", extra={key: value}))


MISTAKEN = {
    "folder": (None, "is a folder"),
    "weights.hdf5": (b"", "is a Keras file.*landslip export"),
    "weights.onnx": (b"\x89HDF\r\n\x1a\n", "is a Keras file.*landslip export"),
    "abc.engine": (b"ftrt", "is a TensorRT engine.*ONNX file"),
    "empty.onnx": (b"", "is empty"),
    "pointer.onnx": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n", "git lfs pull"),
    "page.onnx": (b"\n<!DOCTYPE html><html>404</html>", "is a web page"),
    "packed.onnx": (b"PK\x03\x04", "is a ZIP archive"),
    "net.pt": (b"PK\x03\x04" + bytes(26) + b"net/data.pkl", "is a PyTorch file"),
    "renamed.onnx": (b"PK\x03\x04" + bytes(26) + b"archive/data.pkl", "is a PyTorch file"),
    "net.keras": (b"PK\x03\x04" + bytes(26) + b"metadata.json", "is a Keras file.*landslip export"),
    "keras.onnx": (b"PK\x03\x04" + bytes(26) + b"config.json", "is a Keras file.*landslip export"),
}


@pytest.mark.parametrize("name", MISTAKEN)
def test_what_is_mistaken_for_a_model_is_called_by_its_name(tmp_path, name):
    content, words = MISTAKEN[name]
    path = tmp_path / name
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(ModelError, match=words):
        read_onnx_file(path)


def test_a_missing_file_and_a_pipe_are_no_models(tmp_path):
    with pytest.raises(InputMissingError, match="does not exist"):
        read_onnx_file(tmp_path / "missing.onnx")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.onnx")
        with pytest.raises(ModelError, match="no regular file"):
            read_onnx_file(tmp_path / "pipe.onnx")


def read_or_refuse(path, content):
    path.write_bytes(content)
    started = time.process_time()
    with contextlib.suppress(ModelError):
        assert read_onnx_file(path).path == path
    assert time.process_time() - started < 20  # seconds: a hang, not a matter of speed


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
def test_random_bytes_are_refused_or_read(tmp_path, content):
    read_or_refuse(tmp_path / "random.onnx", content)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.floats(0, 0.999), st.binary(max_size=12), st.integers(0, 12)), max_size=4))
def test_changed_files_are_refused_or_read(tmp_path, content, changes):
    changed = bytearray(content)
    for place, inserted, removed in changes:
        start = int(place * len(changed))
        changed[start : start + removed] = inserted
    read_or_refuse(tmp_path / "changed.onnx", bytes(changed))


def test_no_library_is_needed():
    code = (
        "import sys; from pathlib import Path; from landslip.runtime.artifacts.onnx_file import read_onnx_file; "
        "read_onnx_file(Path(sys.argv[1])); "
        "assert not {'onnx', 'onnxruntime', 'openvino', 'google.protobuf', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, DEMO_MODEL], check=True)
