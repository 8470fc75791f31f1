"""The published loop as a baseline: what it measures is the authors' map."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.rasters import rgb

pytestmark = pytest.mark.tensorflow

HEIGHT, WIDTH, HOP = 339, 451, 112


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """The file of a narrow stand-in, and the Keras model it was written from."""
    from landslip.models.keras.standin import standin_model, write_standin

    source = tmp_path_factory.mktemp("standin") / "standin.hdf5"
    write_standin(source, width=1 / 8, seed=3, damped=True)
    return source, standin_model(1 / 8, 3, damped=True)


def arrays():
    rng = np.random.default_rng(1)
    hillshade = rng.integers(1, 256, (1, HEIGHT, WIDTH)).astype(np.uint8)
    slope = rng.uniform(0, 60, (1, HEIGHT, WIDTH)).astype(np.float32)
    return {"pre": rgb(HEIGHT, WIDTH), "post": rgb(HEIGHT, WIDTH, 1), "hillshade": hillshade, "slope": slope}


def reference(model, raw, valid):
    """Tile by tile, with the model as Keras made it and its first output."""
    scaled = [raw["pre"] / 127.5 - 1, raw["post"] / 127.5 - 1]
    scaled += [np.concatenate([raw["hillshade"] / 127.5 - 1, raw["slope"] / 45 - 1])]
    landslide = np.zeros((HEIGHT, WIDTH))
    for y in range(113, HEIGHT - 113, HOP):
        for x in range(113, WIDTH - 113, HOP):
            rows, cols = slice(y - HOP, y + HOP), slice(x - HOP, x + HOP)
            if valid[rows, cols].mean() < 0.5:
                continue
            tile = [np.moveaxis(raster[:, rows, cols], 0, -1)[None].astype(np.float32) for raster in scaled]
            landslide[y - 56 : y + 56, x - 56 : x + 56] = model(tile, training=False)[0].numpy()[0, 56:168, 56:168, 0]
    return landslide * valid * 100


def test_the_loop_makes_the_published_map(network):
    from landslip.benchmarks.baselines.published import keras_network
    from landslip.benchmarks.baselines.published_loop import published_inputs, published_map

    source, model = network
    raw, valid = arrays(), np.ones((HEIGHT, WIDTH), bool)
    valid[:200, :200] = False
    loaded, inputs = keras_network(source), published_inputs(raw, valid)
    expected = reference(model, raw, valid)
    percent, tiles = published_map(loaded, inputs)
    assert tiles == 5  # of 2 x 3, one is not half valid
    assert ((percent > expected - 1.01) & (percent < expected + 0.01)).all()
    assert np.unique(percent).size > 20
    # Batches change the time it takes, and no more than the sixth digit.
    batched, tiles = published_map(loaded, inputs, batch=4)
    assert tiles == 5
    assert np.abs(batched.astype(int) - percent).max() <= 1


def test_an_edge_holds_as_many_tiles_as_asked():
    from landslip.benchmarks.baselines.published_loop import published_edge

    for along in (1, 2, 7):
        edge = published_edge(along)
        assert len(range(113, edge - 113, HOP)) == along
        assert len(range(113, edge - 1 - 113, HOP)) == along - 1


def test_the_loop_stops_after_so_many_tiles(network):
    from landslip.benchmarks.baselines.published import keras_network
    from landslip.benchmarks.baselines.published_loop import published_inputs, published_map

    percent, tiles = published_map(keras_network(network[0]), published_inputs(arrays()), batch=2, most=3)
    assert tiles == 3
    assert np.count_nonzero(percent) == pytest.approx(3 * HOP * HOP, rel=0.05)
