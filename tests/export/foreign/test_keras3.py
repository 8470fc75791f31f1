"""Operations that Keras 3 saves as classes of their own: a genuine file, exported, and compared with Keras 3."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys

import numpy as np
import pytest

from helpers.foreign import answers_of_engines
from landslip.export.specification.description import published_description
from landslip.runtime.errors import ModelError

pytestmark = pytest.mark.tensorflow

ASSUMED = published_description("foreign", "a test")

CODE = """
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, numpy as np
from keras import ops
kl = keras.layers
a, b = keras.Input((12, 10, 4), name="a"), keras.Input((12, 10, 4), name="b")
image = keras.Input((12, 10, 4))
inner = keras.Model(image, ops.relu(1.0 - kl.Conv2D(4, 3, padding="same")(image)), name="inner")
groups = {
    "sums": [a + b, a - b, a * b, a / (b * b + 1.0), ops.add(x1=a, x2=b), ops.divide(a, 3), ops.maximum(a, b), a + a],
    "constants": [1 - a, a - 1.5, 2 * b, a / 2, -b, a * np.array([1.0, 2, 3, 4], "float32"), ops.minimum(a, 0.1)],
    "activations": [
        *(ops.relu(a), ops.relu6(a * 9), ops.sigmoid(a), ops.leaky_relu(b, 0.1), ops.leaky_relu(a), ops.softmax(a)),
        *(keras.activations.relu(a, max_value=0.5), ops.silu(b), ops.tanh(a), abs(b), ops.cast(b, "float32")),
    ],
    "slices": [a[:, 2:, ::2, 1:3], b[:, :-2, 1::2, :], ops.concatenate([a, b], axis=-1)[:, 2:, ::2]],
    "one_band": [a[..., 0], b[..., 3]],
    "resized": [
        *(ops.image.resize(a, (24, 30)), ops.image.resize(b, (24, 30), interpolation="nearest")),
        *(kl.Resizing(24, 30)(a), ops.image.resize(a[:, :7], (24, 30))),
    ],
    "unpacked": [ops.nn.depth_to_space(a, 2), kl.UpSampling2D()(b)],
    "normalised": [kl.LayerNormalization()(a), kl.GroupNormalization(2)(b)],
    "weighted": [
        kl.SeparableConv2D(4, 3, padding="same")(kl.DepthwiseConv2D(3, padding="same", depth_multiplier=2)(a)),
        *(kl.PReLU(shared_axes=[1, 2])(b), kl.Conv2DTranspose(2, 3, padding="same")(b), kl.Dense(2)(b)),
        *(kl.BatchNormalization()(a), kl.Normalization(mean=[1.0, 2, 3, 4], variance=[1.0, 2, 3, 4])(a)),
    ],
    "trained": [kl.Identity()(kl.RandomFlip()(kl.Dropout(0.5)(a))), b],
    "nested": [inner(a) - inner(b), inner(b)],
}
outputs = []
for name, parts in groups.items():
    value = kl.Concatenate(axis=-1)(parts)
    outputs.append(kl.Activation("linear", name=name)(value))
outputs.append(kl.Activation("linear", name="squared")(a**2))
model = keras.Model([a, b], outputs)
rng = np.random.default_rng(0)
model.set_weights([rng.uniform(0.2, 0.8, weight.shape) for weight in model.get_weights()])
model.save(sys.argv[1])
values = [rng.normal(size=(2, 12, 10, 4)).astype("float32") for _ in "ab"]
answers = model(values, training=False)
np.savez(sys.argv[2], a=values[0], b=values[1], **{name: answer for name, answer in zip(groups, answers)})
"""
GROUPS = (
    "sums",
    "constants",
    "activations",
    "slices",
    "one_band",
    "resized",
    "unpacked",
    "normalised",
    "weighted",
    "trained",
    "nested",
)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    source, answers = (tmp_path_factory.mktemp("keras3") / name for name in ("keras3.h5", "answers.npz"))
    environment = {key: value for key, value in os.environ.items() if key != "TF_USE_LEGACY_KERAS"}
    done = subprocess.run(
        [sys.executable, "-c", CODE, source, answers], check=False, capture_output=True, env=environment
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    with np.load(answers) as stored:
        return source, dict(stored)


@pytest.fixture(scope="module")
def read_network():
    return importlib.import_module("landslip.export.conversion.network").read_network


@pytest.mark.parametrize("group", GROUPS)
def test_an_operation_gives_what_keras_3_gives(written, read_network, group):
    source, stored = written
    network = read_network(source, ASSUMED, insist=False, output=group)
    batch = {port.name: stored[port.name] for port in network.interface.inputs}
    np.testing.assert_allclose(network.confidence(batch), stored[group], atol=2e-5)
    for name, answer in answers_of_engines(network, batch).items():
        np.testing.assert_allclose(answer, stored[group], atol=2e-5, err_msg=name)


def test_an_operation_that_is_not_known_is_refused_by_name(written, read_network):
    with pytest.raises(
        ModelError, match=r"layer 'power.*' calls 'ops.Power', a function that landslip does not support"
    ):
        read_network(written[0], ASSUMED, insist=False, output="squared")
