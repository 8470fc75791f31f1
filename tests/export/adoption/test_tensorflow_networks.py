from __future__ import annotations

import numpy as np
import pytest

from helpers.foreign_onnx import described, pictures
from landslip.export.adoption.adopted_network import read_adopted
from landslip.export.precisions.graph_session import opened
from landslip.runtime.artifacts.spec import InputSpec

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("size", [None, 16])
def test_an_onnx_of_tensorflow_says_what_keras_says(tmp_path, size):
    """Images of TensorFlow have their channels behind."""
    from landslip.models.keras.quiet_tensorflow import keras, tf  # isort: skip
    import tf2onnx

    layers = keras.layers
    image = keras.Input((size, size, 3))
    down = layers.Conv2D(8, 3, strides=2, padding="same", activation="swish")(image)
    up = layers.Conv2DTranspose(4, 3, strides=2, padding="same")(layers.BatchNormalization()(down))
    joined = layers.Concatenate()([up, layers.UpSampling2D(2, interpolation="bilinear")(down)])
    model = keras.Model(image, layers.Conv2D(1, 1, activation="sigmoid")(joined))
    signature = [tf.TensorSpec((None, size, size, 3), tf.float32, name="image")]
    tf2onnx.convert.from_keras(model, signature, opset=15, output_path=str(tmp_path / "net.onnx"))

    post = InputSpec("post", 3, "uint8", "8-bit", 255.0, 0.0)
    adopted = read_adopted(tmp_path / "net.onnx", described(post, feeds=(0,)))
    assert adopted.network.spec.fixed == (size is not None)
    batch = pictures(3)
    expected = model(np.moveaxis(batch["post"] / np.float32(255), 1, -1), training=False).numpy()
    found = opened(adopted.network.graph).run(batch)[0]
    np.testing.assert_allclose(found, np.moveaxis(expected, -1, 1), rtol=0, atol=1e-5)
