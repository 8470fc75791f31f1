from __future__ import annotations

import numpy as np
import onnx
import pytest

from helpers.foreign_onnx import (
    DESCRIPTION,
    POST,
    SPEC,
    TORCH_NETWORKS,
    Net,
    described,
    pictures,
    tiny,
    torch_network,
)
from landslip.export.adoption.adopted_network import read_adopted
from landslip.export.precisions.graph_session import opened
from landslip.export.specification.description import Served
from landslip.runtime.artifacts.spec import METADATA_KEY, ClassSpec, InputSpec, ModelSpec
from landslip.runtime.engines import EngineOptions, open_engine
from landslip.runtime.errors import ModelError


def answer(adopted, batch):
    return opened(adopted.network.graph).run(batch)[0]


def saved(tmp_path, net, **options):
    path = tmp_path / "net.onnx"
    onnx.save(net if isinstance(net, onnx.ModelProto) else net.model(**options), path)
    return path


@pytest.mark.parametrize("name", TORCH_NETWORKS)
def test_a_network_of_pytorch_says_what_pytorch_says(name):
    known = torch_network(name)
    adopted = read_adopted(known.onnx, known.description)
    assert np.ptp(known.confidence) > 0.9
    np.testing.assert_allclose(adopted.network.confidence(known.batch), known.confidence, rtol=0, atol=1e-5)
    np.testing.assert_allclose(answer(adopted, known.batch), known.confidence, rtol=0, atol=1e-5)


def test_what_was_one_size_and_one_tile_is_one_size_and_many_tiles():
    known = torch_network("planet")
    adopted = read_adopted(known.onnx, known.description)
    (entry,) = adopted.network.graph.graph.input
    assert [dim.dim_param or dim.dim_value for dim in entry.type.tensor_type.shape.dim] == ["batch", 4, 64, 64]
    assert adopted.network.spec.fixed
    many = {name: np.repeat(values, 3, axis=0) for name, values in known.batch.items()}
    expected = np.repeat(known.confidence, 3, axis=0)
    np.testing.assert_allclose(answer(adopted, many), expected, rtol=0, atol=1e-5)


def test_open_sizes_stay_open(tmp_path):
    adopted = read_adopted(tiny(tmp_path / "net.onnx"), DESCRIPTION)
    assert not adopted.network.spec.fixed
    assert answer(adopted, pictures(3, 32)).shape == (3, 1, 32, 32)
    metadata = {entry.key: entry.value for entry in adopted.network.graph.metadata_props}
    assert ModelSpec.from_json(metadata[METADATA_KEY], "net") == adopted.network.spec


def test_values_that_are_not_known_are_fed_as_0(tmp_path):
    slope = InputSpec("slope", 1, "float32", "degree", 45.0, -1.0)
    path = saved(tmp_path, Net(("n", 1, "rows", "cols")).add("Sigmoid"))
    adopted = read_adopted(path, described(slope))
    batch = {"slope": np.full((1, 1, 16, 16), np.nan, np.float32)}
    expected = np.full((1, 1, 16, 16), 1 / (1 + np.e))
    np.testing.assert_allclose(answer(adopted, batch), expected, atol=1e-7)
    np.testing.assert_allclose(adopted.network.confidence(batch), expected, atol=1e-7)


def test_inputs_that_feed_one_are_joined_in_the_order_of_the_description(tmp_path):
    pre, slope = InputSpec("pre", 3, "uint8", "8-bit", 255.0, 0.0), InputSpec("slope", 1, "float32", "degree", 90.0, 0)
    net = Net(("n", 4, "rows", "cols")).add("Slice", np.array([3]), np.array([4]), np.array([1]))
    adopted = read_adopted(saved(tmp_path, net), described(pre, slope, feeds=(0, "image")))
    batch = {"pre": np.zeros((1, 3, 16, 16), np.uint8), "slope": np.full((1, 1, 16, 16), 45, np.float32)}
    assert (answer(adopted, batch) == 0.5).all()


@pytest.mark.parametrize("dims", [("n", "rows", "cols", 3), (1, 16, 16, 3), (1, "rows", "cols", "channels")])
def test_channels_behind_columns_are_found(tmp_path, dims):
    net = Net(dims).add("Transpose", perm=[0, 3, 1, 2]).conv(3, 1).add("Sigmoid").add("Transpose", perm=[0, 2, 3, 1])
    first = Net().conv(3, 1).add("Sigmoid")
    adopted = read_adopted(saved(tmp_path, net, dims=(*dims[:3], 1)), DESCRIPTION)
    (tmp_path / "first").mkdir()
    usual = read_adopted(saved(tmp_path / "first", first), DESCRIPTION)
    batch = pictures()
    np.testing.assert_allclose(answer(adopted, batch), answer(usual, batch), atol=1e-6)
    np.testing.assert_allclose(adopted.network.confidence(batch), answer(usual, batch), atol=1e-6)


def test_a_network_that_runs_both_ways_is_refused(tmp_path):
    path = saved(tmp_path, Net(("n", "a", "b", "c")).add("Sigmoid"), dims=("n", "a", "b", "c"))
    with pytest.raises(ModelError, match="does not say which it means") as refused:
        read_adopted(path, DESCRIPTION)
    assert "number of channels" in refused.value.remedy


def test_an_answer_without_channels_gets_one(tmp_path):
    net = Net().conv(3, 1).add("Sigmoid").add("Squeeze", np.array([1]))
    adopted = read_adopted(saved(tmp_path, net, dims=("n", "rows", "cols")), DESCRIPTION)
    assert answer(adopted, pictures()).shape == (2, 1, 16, 16)


@pytest.mark.parametrize(
    ("served", "expected"),
    [
        (Served(activation="softmax", bands=(2,)), lambda p: p[:, 2:]),
        (Served(activation="softmax", bands=(0, 2)), lambda p: p[:, [0]] + p[:, [2]]),
        (Served(activation="sigmoid", bands=(1,)), None),
    ],
)
def test_bands_are_kept_or_added_up_after_the_activation(tmp_path, served, expected):
    path = saved(tmp_path, Net().conv(3, 3), dims=("n", 3, "rows", "cols"))
    adopted = read_adopted(path, described(served=served))
    batch = pictures()
    logits = opened(onnx.load(path)).run({"image": (batch["post"] / np.float32(127.5) - 1).astype(np.float32)})[0]
    powers = np.exp(logits.astype(np.float64))
    shares = powers / powers.sum(axis=1, keepdims=True)
    wanted = expected(shares) if expected else 1 / (1 + np.exp(-logits[:, 1:2]))
    np.testing.assert_allclose(answer(adopted, batch), wanted, atol=1e-6)
    np.testing.assert_allclose(adopted.network.confidence(batch), wanted, atol=1e-6)


def test_classes_are_all_kept(tmp_path):
    classes = tuple(ClassSpec(name, name != "rest") for name in ("rest", "fall", "flow"))
    path = saved(tmp_path, Net().conv(3, 3), dims=("n", 3, "rows", "cols"))
    adopted = read_adopted(path, described(served=Served(activation="softmax"), classes=classes))
    found = answer(adopted, pictures())
    assert found.shape == (2, 3, 16, 16)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


def test_classes_that_do_not_add_up_to_1_are_refused(tmp_path):
    classes = tuple(ClassSpec(name, name != "rest") for name in ("rest", "fall"))
    path = saved(tmp_path, Net().conv(3, 2).add("Sigmoid"), dims=("n", 2, "rows", "cols"))
    network = read_adopted(path, described(classes=classes)).network
    with pytest.raises(ModelError, match="1 is expected"):
        network.confidence(pictures())


def test_logits_without_an_activation_are_no_confidence(tmp_path):
    path = saved(tmp_path, Net().conv(3, 1))
    with pytest.raises(ModelError, match="no confidence from 0 to 1") as refused:
        read_adopted(path, DESCRIPTION).network.confidence(pictures())
    assert 'activation = "sigmoid"' in refused.value.remedy


def test_other_outputs_are_left_out(tmp_path):
    net = Net().conv(3, 1).add("Sigmoid")
    wanted = net.last
    net.add("Neg")
    path = saved(tmp_path, net.model(outputs=[net.last, wanted]))
    for chosen in (wanted, 1):
        adopted = read_adopted(path, DESCRIPTION, output=chosen)
        assert adopted.network.left_out.outputs == (net.last,)
        assert adopted.network.left_out.layers == 1
        assert len(adopted.network.graph.graph.output) == 1
        assert answer(adopted, pictures()).min() >= 0
    with pytest.raises(ModelError, match="has no output 'nothing'") as refused:
        read_adopted(path, DESCRIPTION, output="nothing")
    assert wanted in refused.value.remedy


def test_names_of_the_network_do_not_meet_those_of_landslip(tmp_path):
    net = Net(name="post").conv(3, 1).add("Sigmoid")
    net.nodes[0].output[0] = net.nodes[1].input[0] = "confidence"
    path = saved(tmp_path, net)
    np.testing.assert_array_equal(
        answer(read_adopted(path, described(feeds=(0,))), pictures()),
        answer(read_adopted(tiny_sigmoid(tmp_path), DESCRIPTION), pictures()),
    )


def tiny_sigmoid(tmp_path):
    (tmp_path / "other").mkdir()
    return saved(tmp_path / "other", Net().conv(3, 1).add("Sigmoid"))


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("count", [1, "n"])
def test_a_network_that_mixes_tiles_gets_one_at_a_time(tmp_path, count, engine):
    # The mean over the batch: a batch of one shows nothing of it.
    net = Net((count, 3, "rows", "cols")).conv(3, 2)
    net.node("ReduceMean", [net.last], axes=[0], keepdims=1)
    net.node("Sub", ["value_0_0", net.last]).node("Concat", [net.last, "value_0_0"], axis=1).conv(4, 1).add("Sigmoid")
    adopted = read_adopted(saved(tmp_path, net, dims=(count, 1, "rows", "cols")), DESCRIPTION)
    assert adopted.network.spec.single
    (tmp_path / "out.onnx").write_bytes(adopted.network.graph.SerializeToString())
    batch = pictures(4)
    each = [answer(adopted, {"post": batch["post"][k : k + 1]}) for k in range(4)]
    with open_engine(tmp_path / "out.onnx", EngineOptions(engine, "cpu", 4, 16)) as running:
        assert running.spec.single
        np.testing.assert_allclose(running.infer(batch), np.concatenate(each), atol=1e-6)


def test_nodes_without_names_or_with_the_same_get_their_own(tmp_path):
    adopted = read_adopted(tiny(tmp_path / "net.onnx"), DESCRIPTION)
    names = [node.name for node in adopted.network.graph.graph.node]
    assert all(names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("dims", "description", "message"),
    [
        ((1, 3, 32, 32), DESCRIPTION, r"images of 32 pixels, and the description says tiles of 16"),
        ((1, 3, 16, 32), DESCRIPTION, r"images of 16 x 32 pixels"),
        (("n", 4, "rows", "cols"), DESCRIPTION, r"is 4 x open x open, and the description gives it 3 bands"),
        (("n", 3, "rows", "cols"), described(feeds=("picture",)), "has no input 'picture' for post to feed"),
        (("n", 3, "rows", "cols"), described(feeds=(1,)), "has no input 1 for post to feed"),
        ((4, 3, "rows", "cols"), DESCRIPTION, "takes batches of 4 tiles alone"),
        (("n", 3, "rows"), DESCRIPTION, "of 3 dimensions is no batch of images"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(tmp_path, dims, description, message):
    net = Net(dims).add("Sigmoid")
    with pytest.raises(ModelError, match=message) as refused:
        read_adopted(saved(tmp_path, net, dims=dims), description)
    assert refused.value.remedy


def test_an_answer_that_is_none_for_each_pixel_is_refused(tmp_path):
    net = Net().conv(3, 1).add("MaxPool", kernel_shape=[2, 2], strides=[2, 2]).add("Sigmoid")
    with pytest.raises(ModelError, match="1 x 1 x 8 x 8 for a tile of 16 x 16"):
        read_adopted(saved(tmp_path, net), DESCRIPTION)


def test_a_multiple_that_is_too_small_is_refused(tmp_path):
    halves = Net().conv(3, 1).add("MaxPool", kernel_shape=[8, 8], strides=[8, 8])
    net = halves.add("Resize", np.zeros(0, np.float32), np.array([1, 1, 8, 8], np.float32)).add("Sigmoid")
    path = saved(tmp_path, net)
    with pytest.raises(ModelError, match="allows all multiples of 4") as refused:
        read_adopted(path, DESCRIPTION)
    assert "larger multiple" in refused.value.remedy
    assert not read_adopted(path, described(multiple=8)).network.spec.fixed


def test_an_input_of_bytes_is_fed_bytes(tmp_path):
    net = Net(kind=onnx.TensorProto.UINT8).add("Cast", to=onnx.TensorProto.FLOAT).conv(3, 1).add("Sigmoid")
    path = saved(tmp_path, net)
    plain = InputSpec("post", 3, "uint8", "8-bit", 1.0, 0.0)
    assert answer(read_adopted(path, described(plain)), pictures()).shape == (2, 1, 16, 16)
    with pytest.raises(ModelError, match="takes whole numbers"):
        read_adopted(path, described(POST))


def test_the_spec_of_tests_is_sound():
    SPEC.check()
