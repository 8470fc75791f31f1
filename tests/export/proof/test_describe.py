"""``landslip describe`` prints a SPEC.toml to fill in, and the reader takes it once it is filled in."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from helpers.graphs import small_network
from helpers.keras_archives import write_keras_archive
from helpers.keras_files import tiny_config, write_keras_hdf5
from helpers.pages import ROOT
from landslip.export.proof.description_form import form_for
from landslip.export.proof.onnx_face import onnx_face
from landslip.export.specification.description import Served
from landslip.export.specification.network_face import InputFace, NetworkFace, OutputFace
from landslip.export.specification.spec_form import spec_toml_text
from landslip.export.specification.spec_toml import OPEN, read_description
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.artifacts.spec import ClassSpec
from landslip.runtime.cli.main import run
from landslip.runtime.errors import InputError

KERAS = DEMO_MODEL.with_name("demo.hdf5")


def conv(name, source, weights, **attributes):
    return helper.make_node("Conv", [source, weights], [name], **attributes)


def weights(name, *shape):
    return numpy_helper.from_array(np.zeros(shape, np.float32), name)


def save(path, nodes, initializers, inputs, outputs):
    """An ONNX file as another program writes it."""

    def value(name, dims):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, dims)

    graph = helper.make_graph(
        nodes, "main_graph", [value(*each) for each in inputs.items()], [value(*each) for each in outputs.items()],
        initializers,
    )  # fmt: skip
    onnx.save(helper.make_model(graph, producer_name="pytorch", opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


def unet(path, *, bands=4, classes=2, size="h", end=None):
    """Two strides of 2 down and up again."""
    nodes = [
        conv("a", "image", "w0", pads=[1] * 4, kernel_shape=[3, 3]),
        helper.make_node("MaxPool", ["a"], ["b"], kernel_shape=[2, 2], strides=[2, 2]),
        conv("c", "b", "w1", pads=[1] * 4, kernel_shape=[3, 3], strides=[2, 2]),
        helper.make_node("Resize", ["c", "", "scales"], ["d"]),
        helper.make_node("ConvTranspose", ["d", "w2"], ["e"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Concat", ["a", "e"], ["f"], axis=1),
        conv("logits" if end is None else "g", "f", "w3", kernel_shape=[1, 1]),
    ]
    if end:
        nodes += [helper.make_node(end, ["g"], ["h"], **({"axis": 1} if end == "Softmax" else {}))]
        nodes += [helper.make_node("Identity", ["h"], ["logits"])]
    stored = [weights("w0", 4, bands, 3, 3), weights("w1", 4, 4, 3, 3), weights("w2", 4, 4, 2, 2)]
    stored += [weights("w3", classes, 8, 1, 1), numpy_helper.from_array(np.float32([1, 1, 2, 2]), "scales")]
    dims = ["n", bands, size, size]
    return save(path, nodes, stored, {"image": dims, "scales": [4]}, {"logits": ["n", None, size, size]})


def printed(capsys, path):
    assert run(["describe", str(path)]) == 0
    return capsys.readouterr().out


def filled(tmp_path, text, *values):
    """The description that a form gives once each open place has its value, in their order."""
    head, body = text.split("\n\n", 1)
    assert body.count(f'"{OPEN}"') == len(values), text
    for value in values:
        body = body.replace(f'"{OPEN}"', str(value), 1)
    path = tmp_path / "SPEC.toml"
    path.write_text(f"{head}\n\n{body}")
    return read_description(path, tmp_path / "net.onnx")


def test_a_network_of_pytorch(tmp_path, capsys):
    text = printed(capsys, unet(tmp_path / "net.onnx"))
    assert "landslip adopt net.onnx --spec SPEC.toml -o FOLDER" in text
    assert re.search(r"^multiple = 4 ", text, re.MULTILINE)
    bands = [f'"{name}"' for name in ("blue", "green", "red", "nir")]
    values = [128, 10.0, '"post"', *bands, '"reflectance"', 0.3, 0.0, '"softmax"', '"ground"', '"slide"', '"slide"']
    found = filled(tmp_path, text, *values)
    assert (found.spec.tile, found.spec.multiple, found.spec.resolution) == (128, 4, 10.0)
    assert (found.feeds, found.served) == (("image",), Served("logits", "softmax", (1,)))
    assert found.spec.inputs[0].channels == ("post.blue", "post.green", "post.red", "post.nir")


def test_limits_are_taken_once_their_line_is_no_comment(tmp_path, capsys):
    text = printed(capsys, unet(tmp_path / "net.onnx")).replace("# clip = ", "clip = ")
    bands = [f'"{name}"' for name in ("blue", "green", "red", "nir")]
    values = [128, 10.0, '"post"', *bands, '"reflectance"', 0.3, 0.0, '"softmax"', '"ground"', '"slide"', '"slide"']
    assert filled(tmp_path, text, *values).spec.inputs[0].clip == ((0.0, 0.3),) * 4


def test_a_form_that_is_not_filled_in_is_refused_with_what_is_open(tmp_path, capsys):
    path = tmp_path / "SPEC.toml"
    path.write_text(printed(capsys, unet(tmp_path / "net.onnx")))
    with pytest.raises(
        ValueError, match=r"tile, resolution, inputs\[0\]\.role, inputs\[0\]\.bands\[0\], .* more are still"
    ):
        read_description(path, tmp_path / "net.onnx")


def test_sizes_that_are_fixed_are_the_tile(tmp_path, capsys):
    text = printed(capsys, unet(tmp_path / "net.onnx", size=96))
    assert re.search(r"^tile = 96 ", text, re.MULTILINE)
    assert "multiple" not in text


@pytest.mark.parametrize(("end", "bands", "words"), [("Sigmoid", 1, "sigmoid"), ("Softmax", 3, "softmax")])
def test_an_activation_of_the_network_is_not_asked_for(tmp_path, capsys, end, bands, words):
    text = printed(capsys, unet(tmp_path / "net.onnx", classes=bands, end=end))
    assert re.search(rf'^activation = "none" +# the network ends in a {words} itself', text, re.MULTILINE)
    assert ("classes" in text) is (bands > 1)


def test_bands_that_are_told_apart_alone_are_chosen_by_number(tmp_path, capsys):
    text = printed(capsys, unet(tmp_path / "net.onnx", classes=3, end="Sigmoid"))
    assert re.search(r'^band = "\?" ', text, re.MULTILINE)


def test_a_network_of_tensorflow_has_its_bands_last(tmp_path, capsys):
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2]),
        conv("c", "t", "w", kernel_shape=[1, 1]),
        helper.make_node("Sigmoid", ["c"], ["s"]),
        helper.make_node("Transpose", ["s"], ["y"], perm=[0, 2, 3, 1]),
    ]
    path = save(
        tmp_path / "tf.onnx", nodes, [weights("w", 1, 14, 1, 1)], {"x": [1, 128, 128, 14]}, {"y": [1, 128, 128, 1]}
    )
    text = printed(capsys, path)
    assert "the network's input, with 14 bands" in text
    assert "# 14\n]\n" in text
    assert re.search(r"^tile = 128 ", text, re.MULTILINE)
    assert re.search(r'^output = "y" +# 1 band$', text, re.MULTILINE)


def test_classes_make_a_map_of_classes(tmp_path, capsys):
    text = printed(capsys, unet(tmp_path / "net.onnx", bands=1, classes=3, end="Softmax", size=64))
    values = [6.0, '"slope"', '"slope"', '"degree"', 90.0, 0.0, '"a"', '"b"', '"c"', '["a", "b"]']
    found = filled(tmp_path, text, *values)
    assert found.spec.classes == (ClassSpec("a", True), ClassSpec("b", True), ClassSpec("c", False))
    assert found.spec.inputs[0].name == "slope"


def test_a_keras_file_needs_no_tensorflow(capsys, tmp_path):
    text = printed(capsys, shutil.copy(KERAS, tmp_path / "own.hdf5"))
    assert "landslip export own.hdf5 --spec SPEC.toml -o FOLDER" in text
    values = [6.0]
    for role, bands in (("pre", ("red", "green", "blue")), ("post", ("red", "green", "blue"))):
        values += [f'"{role}"', *(f'"{band}"' for band in bands), '"rgb8"', 127.5, -1.0]
    values += ['"post"', '"hillshade"', '"slope"', '"rgb8"', 127.5, -1.0]
    found = filled(tmp_path, text, *values)
    assert (found.spec.tile, found.spec.multiple) == (224, 32)
    assert (found.feeds, found.served.output) == (("input_1", "input_2", "input_3"), "prediction")
    assert found.spec.inputs[2].channels == ("hillshade", "slope")
    code = (
        "import sys; from landslip.runtime.cli.main import run; "
        f"assert run(['describe', {str(KERAS)!r}]) == 0; "
        "heavy = {'onnx', 'onnxruntime', 'tensorflow', 'tf_keras'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_an_archive_of_keras_is_described_whatever_it_is_called(capsys, tmp_path):
    text = printed(capsys, write_keras_archive(tmp_path / "network.zip"))
    assert 'feeds = "input_1"' in text


def test_an_archive_of_keras_is_like_a_file_of_hdf5(capsys, tmp_path):
    archive = printed(capsys, write_keras_archive(tmp_path / "tiny.keras"))
    hdf5 = printed(capsys, write_keras_hdf5(tmp_path / "tiny.hdf5", tiny_config()))
    assert archive == hdf5.replace("tiny.hdf5", "tiny.keras")


def test_other_outputs_of_a_keras_file_are_named(tmp_path, capsys):
    path = write_keras_hdf5(tmp_path / "tiny.hdf5", tiny_config())
    assert 'output = "prediction"' in printed(capsys, path)  # the other one cannot be exported
    config = tiny_config()
    config["config"]["output_layers"][1][0] = "relu"
    text = printed(capsys, write_keras_hdf5(path, config))
    assert re.search(
        r'^output = "\?" .*\n# 0: prediction, 1 band, ends in a sigmoid\n# 1: relu, 4 bands$', text, re.MULTILINE
    )
    assert re.search(r"^multiple = 2 ", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("dims", "bands", "tile"),
    [
        (["n", 3, "h", "w"], 3, None),
        (["n", None, None, 6], 6, None),
        ([1, 3, 480, 640], 3, None),
        ([1, 480, 640, 3], 3, None),
        ([1, 3, 3, 3], 3, 3),
        ([1, 14, 128, 128], 14, 128),
        ([1, 512, 512, 4], 4, 512),
        (["n", None, 64, 64], None, 64),
        ([1, 10], None, None),
    ],
)
def test_bands_come_first_or_last(tmp_path, dims, bands, tile):
    path = save(tmp_path / "n.onnx", [helper.make_node("Relu", ["x"], ["y"])], [], {"x": dims}, {"y": dims})
    face = onnx_face(path)
    assert (face.inputs[0].bands, face.outputs[0].bands, face.tile) == (bands, bands, tile)


def test_names_that_do_not_print_are_positions(tmp_path, capsys):
    path = save(
        tmp_path / "odd.onnx", [conv('a"\n', "\x1b[2J", "w", kernel_shape=[1, 1])], [weights("w", 1, 2, 1, 1)],
        {"\x1b[2J": [1, 2, 64, 64]}, {'a"\n': [1, 1, 64, 64]},
    )  # fmt: skip
    text = printed(capsys, path)
    assert "feeds = 0 " in text
    assert "output = 0 " in text
    assert text.replace("\n", "").isprintable()


def test_an_artifact_says_itself_what_it_takes(capsys):
    assert run(["describe", str(DEMO_MODEL)]) == 3
    assert "is an artifact of landslip, and says itself what it takes. Look at it with" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("net.onnx", b"\x08\x07", "damaged or no ONNX model"),
        ("net.onnx", b"\x08\x07\x3a\x03\x0a\x01\x7f", "damaged or no ONNX model"),
        ("net.pt", b"PK\x03\x04", "is a PyTorch file"),
        ("net.h5", b"\x89HDF\r\n\x1a\n" + bytes(100), "net.h5"),
        ("net.onnx", b"", "is empty"),
    ],
)
def test_other_files_are_bad_input_in_words(tmp_path, capsys, name, content, words):
    (tmp_path / name).write_bytes(content)
    assert run(["describe", str(tmp_path / name)]) == 3
    captured = capsys.readouterr()
    assert words in captured.err
    assert (captured.out, len(captured.err.splitlines())) == ("", 1)


def test_a_graph_of_seventeen_inputs_is_no_network_for_images(tmp_path, capsys):
    names = [f"x{number}" for number in range(17)]
    path = save(
        tmp_path / "n.onnx", [helper.make_node("Sum", names, ["y"])], [],
        {key: [1, 1, 8, 8] for key in names}, {"y": [1, 1, 8, 8]},
    )  # fmt: skip
    assert run(["describe", str(path)]) == 3
    assert "has 17 inputs and 1 outputs, and landslip maps with networks of 1 to 16 inputs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "bands", "tile", "multiple", "outputs"),
    [
        ("picture", 3, None, 4, [("logits", 1, "none")]),
        ("planet", 4, 64, 2, [("two", 2, "none")]),
        ("landslide4sense", 14, None, 4, [("aside", 1, "sigmoid"), ("out", 1, "sigmoid")]),
    ],
)
def test_networks_that_pytorch_wrote(name, bands, tile, multiple, outputs):
    face = onnx_face(ROOT / "tests/data/torch" / f"{name}.onnx")
    assert [entry.bands for entry in face.inputs] == [bands]
    assert (face.tile, face.multiple) == (tile, multiple)
    assert [(each.name, each.bands, each.ends_in) for each in face.outputs] == outputs


def test_what_outputs_have_in_common_is_filled_in(tmp_path):
    outputs = (OutputFace("a", 2, "softmax"), OutputFace("b", 2, "softmax"))
    face = NetworkFace("n.onnx", "landslip adopt", (InputFace("x", 1, (8, 8)),), outputs, None, only_size=True)
    values = [6.0, '"slope"', '"slope"', '"degree"', 90, 0, 1, '"ground"', '"slide"', '"slide"']
    found = filled(tmp_path, spec_toml_text(face), *values)
    assert found.served == Served(1, "none", (1,))
    other = spec_toml_text(replace(face, outputs=(*outputs, OutputFace("c", None, "none"))))
    assert re.search(r'^activation = "\?"', other, re.MULTILINE)
    assert "# 2: c, bands that the file does not tell" in other


@given(st.data())
def test_damaged_files_give_a_form_or_a_sentence(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("damaged")
    content = bytearray(unet(folder / "net.onnx").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = folder / "net.onnx"
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    try:
        said = form_for(path)
    except InputError as error:
        said = str(error)
    assert said.replace("\n", "").isprintable()
    assert len(said) < 20_000


def test_folders_and_missing_files(tmp_path, capsys):
    assert run(["describe", str(tmp_path)]) == 3
    assert "is a folder. Give the file of a network." in capsys.readouterr().err
    (tmp_path / "saved_model.pb").touch()
    assert run(["describe", str(tmp_path)]) == 3
    assert "is a SavedModel folder of TensorFlow. Make an ONNX file of it with" in capsys.readouterr().err
    assert run(["describe", str(tmp_path / "gone.onnx")]) == 3
    assert "does not exist" in capsys.readouterr().err


def test_the_graph_of_an_export_is_read_like_any_other(tmp_path, capsys):
    model = small_network()
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "plain.onnx")
    text = printed(capsys, tmp_path / "plain.onnx")
    assert text.count("[[inputs]]") == 4
