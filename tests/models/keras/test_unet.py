from __future__ import annotations

import importlib

import numpy as np
import pytest

from landslip.runtime.errors import UsageError

pytestmark = pytest.mark.tensorflow

HEADS = [f"tf_op_layer_out_{number}/ResizeBilinear" for number in (5, 4, 3, 2)]


@pytest.fixture(scope="module")
def unet():
    return importlib.import_module("landslip.models.keras.unet")


@pytest.fixture(scope="module")
def full(unet):
    return unet.build_unet()


def of_kind(model, kind):
    return [layer for layer in model.layers if type(layer).__name__ == kind]


def test_the_published_network_has_its_published_number_of_parameters(full):
    assert full.count_params() == 20_775_893


def test_inputs_and_outputs_come_in_the_published_order(full):
    assert full.input_names == ["input_1", "input_2", "input_3"]
    assert full.input_shape == [(None, 224, 224, 3), (None, 224, 224, 3), (None, 224, 224, 2)]
    assert full.output_names == ["prediction", *HEADS]
    assert full.output_shape == [(None, 224, 224, 1)] * 5


@pytest.mark.parametrize(
    ("layer", "shape"),
    {
        "conv1_A": (112, 112, 24),
        "conv1_C": (112, 112, 16),
        "concatenate": (112, 112, 64),
        "pool1_pool": (56, 56, 64),
        "res2c_out": (56, 56, 64),
        "res3d_out": (28, 28, 128),
        "res4f_out": (14, 14, 256),
        "res5c_out": (7, 7, 256),
        "concatenate_1": (224, 224, 64),
        "res6c_out": (14, 14, 256),
        "res7c_out": (28, 28, 128),
        "res8c_out": (56, 56, 64),
        "res9c_out": (112, 112, 64),
        "res10c_out": (224, 224, 64),
        "conv_out_5": (14, 14, 1),
        "conv_out_2": (112, 112, 1),
    }.items(),
)
def test_parts_have_their_published_shape(full, layer, shape):
    assert full.get_layer(layer).output_shape[1:] == shape


def test_published_layer_names_are_there(full):
    names = {layer.name for layer in full.layers}
    assert {
        "conv1_pad_pre",
        "conv1_pad_post",
        "conv1_pad_topo",
        "pool1_pad",
        "res2a_branch1",
        "res4f_branch2a",
        "bn10c_branch2c",
        "res1conv_preImage_Skip_a_branch1",
        "res1conv_postImage_Skip_b_branch2a",
        "res1conv_topoImage_Skip_c_branch2c",
    } <= names


def test_every_convolution_has_a_bias_and_every_norm_the_published_epsilon(full):
    assert all(layer.use_bias for layer in of_kind(full, "Conv2D"))
    assert {layer.epsilon for layer in of_kind(full, "BatchNormalization")} == {1e-3}


def test_only_the_first_block_of_a_stage_projects_with_three_by_three(full):
    projections = [layer for layer in of_kind(full, "Conv2D") if layer.name.endswith("_branch1")]
    assert {layer.kernel_size for layer in projections} == {(3, 3)}
    assert all(layer.name.removesuffix("_branch1").endswith("a") for layer in projections)
    assert len(projections) == 9 + 3


@pytest.mark.parametrize("width", [1 / 100, 0.3])
def test_width_scales_channels_and_keeps_the_graph(unet, full, width):
    narrow = unet.build_unet(width)
    assert [layer.name for layer in narrow.layers] == [layer.name for layer in full.layers]
    for layer, published in zip(of_kind(narrow, "Conv2D"), of_kind(full, "Conv2D"), strict=True):
        single = published.filters == 1
        assert layer.filters == (1 if single else max(1, round(published.filters * width)))


def test_an_open_tile_takes_any_multiple_of_32(unet):
    model = unet.build_unet(1 / 32, None)
    outputs = model([np.zeros((1, 64, 96, bands), np.float32) for bands in (3, 3, 2)])
    assert [tuple(output.shape) for output in outputs] == [(1, 64, 96, 1)] * 5


@pytest.mark.parametrize(("width", "tile"), [(0, 224), (-1, 224), (1, 100), (1, 0), (float("nan"), 224)])
def test_what_cannot_be_built_is_said(unet, width, tile):
    with pytest.raises(UsageError, match="cannot be built"):
        unet.build_unet(width, tile)


def test_heads_are_enlarged_as_tensorflow_1_did(unet):
    line = np.random.default_rng(0).random(5).astype(np.float32)
    image = np.broadcast_to(line[None, None, :, None], (1, 3, 5, 1))
    enlarged = unet.ResizeBilinear(4)(image).numpy()
    # Pixel i of the result lies at i / 4 of the source; beyond the last pixel its value goes on.
    at = np.minimum(np.arange(20) / 4, 4)
    assert enlarged.shape == (1, 12, 20, 1)
    np.testing.assert_allclose(enlarged[0, 0, :, 0], np.interp(at, np.arange(5), line), atol=1e-6)
