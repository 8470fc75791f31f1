"""Descriptions of networks of many kinds, and small networks for them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from helpers.pages import ROOT
from landslip.export.specification.description import Description, Served
from landslip.runtime.artifacts.spec import ClassSpec, InputSpec, published_spec

PLANET = ("post.blue", "post.green", "post.red", "post.nir")
SENTINEL = tuple(
    f"post.{band}"
    for band in (
        "coastal",
        "blue",
        "green",
        "red",
        "rededge071",
        "rededge075",
        "rededge078",
        "nir",
        "nir08",
        "nir09",
        "swir16",
        "swir22",
    )
)
BOTH_DATES = tuple(f"{date}.{band}" for date in ("pre", "post") for band in ("red", "nir"))
KINDS = tuple(ClassSpec(name, name != "background") for name in ("background", "debris flow", "rock fall", "slide"))


def image(name: str, channels: tuple[str, ...], unit: str = "reflectance", **options: Any) -> InputSpec:
    """An input of image bands, in float32."""
    scaling = {"divisor": 0.25, "offset": -1.0} | options
    return InputSpec(name, len(channels), "float32", unit, channels=channels, **scaling)


def description(*inputs: InputSpec, feeds: tuple[int | str, ...] = (0,), **options: Any) -> Description:
    """A description of a network of tiles of 32 pixels of 10 m."""
    spec = replace(
        published_spec("test", "a test"),
        inputs=inputs,
        tile=32,
        multiple=4,
        resolution=10.0,
        classes=options.pop("classes", ()),
    )
    return Description(spec, feeds, options.pop("output_band", None), Served(**options))


SLOPE_AND_DEM = ((0.25,) * 12 + (45.0, 1000.0), (-1.0,) * 13 + (0.0,))

DESCRIPTIONS: dict[str, Description] = {
    "rgb-after": description(InputSpec("post", 3, "uint8", "8-bit", 127.5, -1.0)),
    "bgr": description(
        InputSpec("image", 3, "uint8", "8-bit", 255.0, 0.0, channels=("post.blue", "post.green", "post.red"))
    ),
    "planet": description(image("image", PLANET, clip=((0.0, 0.3),) * 4), activation="sigmoid"),
    "fourteen-bands": description(
        image("image", (*SENTINEL, "slope", "dem"), divisor=SLOPE_AND_DEM[0], offset=SLOPE_AND_DEM[1]),
        activation="softmax",
        bands=(1,),
    ),
    "ndvi-change": description(
        image("image", ("pre.ndvi", "post.ndvi", "difference(post.ndvi, pre.ndvi)"), divisor=1.0)
    ),
    "two-classes": description(image("image", PLANET), bands=(1,)),
    "four-classes": description(image("image", PLANET), classes=KINDS, activation="softmax"),
    "three-of-four-summed": description(image("image", PLANET), activation="softmax", bands=(1, 3, 2)),
    "two-of-four-summed": description(image("image", PLANET), bands=(3, 1)),
    "joined-and-several": description(
        InputSpec("hillshade", 1, "uint8", "8-bit", 127.5, -1.0),
        image("image", BOTH_DATES, unit="dn", divisor=(1000.0, 2000.0, 1000.0, 2000.0)),
        InputSpec("aspect", 1, "float32", "degree", 360.0, 0.0),
        InputSpec("dem", 1, "float32", "metre", 1000.0, -0.5, channels=("dem",)),
        feeds=(1, 0, 1, 1),
    ),
}
"""Descriptions by name. Feeds are all positions, or all names."""


EXAMPLES = sorted((ROOT / "docs/examples/specs").glob("*.toml"))
"""Worked examples of the documentation."""


def changed_example(example: Path, path: Path, **keys: object) -> Path:
    """A file like an example with other values of some keys at its top."""
    lines = [line for line in example.read_text().splitlines() if line.partition(" =")[0] not in keys]
    path.write_text("\n".join([*(f"{key} = {value}" for key, value in keys.items()), *lines]) + "\n")
    return path


def small_network(keras: Any, found: Description, *, by_pixel: bool = False) -> Any:
    """A small network that a description fits, with the activation at its end that the description does not add.

    With ``by_pixel`` the answer for a pixel depends on that pixel alone.
    """
    kl = keras.layers
    bands = Counter[int | str]()
    for entry, feed in zip(found.spec.inputs, found.feeds, strict=True):
        bands[feed] += entry.bands
    outputs = len(found.spec.classes) or 1 + max(found.served.bands or (found.output_band or 0,))
    activation = None if found.served.activation != "none" else "sigmoid" if outputs == 1 else "softmax"
    inputs = [
        keras.Input((None, None, bands[feed]), name=feed if isinstance(feed, str) else f"input_{feed}")
        for feed in _in_order(found)
    ]
    joined = kl.Concatenate()(inputs) if len(inputs) > 1 else inputs[0]
    both = kl.Conv2D(8, 1, activation="relu")(joined) if by_pixel else _two_scales(kl, joined)
    name = found.served.output if isinstance(found.served.output, str) else "answer"
    return keras.Model(inputs, kl.Conv2D(outputs, 1, activation=activation, name=name)(both))


def _two_scales(kl: Any, joined: Any) -> Any:
    fine = kl.Conv2D(8, 3, padding="same", activation="relu")(joined)
    deep = kl.Conv2D(12, 3, padding="same", activation="relu")(kl.MaxPooling2D(2)(fine))
    wide = kl.UpSampling2D(2)(kl.Conv2D(8, 3, padding="same", activation="relu")(deep))
    return kl.Conv2D(8, 3, padding="same", activation="relu")(kl.Concatenate()([fine, wide]))


def decided(keras: Any, model: Any, found: Description, batch: dict[str, np.ndarray], spread: float = 0.6) -> Any:
    """The network with a last layer that makes up its mind about tiles one way or the other, as a trained one does.

    Args:
        keras: the library.
        model: changed, and returned.
        found: its description.
        batch: raw tiles.
        spread: standard deviation of its logits on them.
    """
    last = model.layers[-1]
    kernel, _ = last.get_weights()
    features = keras.Model(model.inputs, last.input)(network_values(found, batch), training=False)
    sums = features.numpy() @ kernel[0, 0]
    scale = spread / sums.std(axis=(0, 1, 2))
    last.set_weights([kernel * scale, -scale * sums.mean(axis=(0, 1, 2))])
    return model


def expected(model: Any, found: Description, batch: dict[str, np.ndarray]) -> np.ndarray:
    """Output for raw tiles by the model itself, with everything around it written once more, plainly."""
    answer = model(network_values(found, batch), training=False).numpy().astype(np.float64)
    if found.served.activation == "sigmoid":
        answer = 1.0 / (1.0 + np.exp(-answer))
    if found.served.activation == "softmax":
        answer = np.exp(answer) / np.exp(answer).sum(axis=-1, keepdims=True)
    if not found.spec.classes:
        kept = found.served.bands or (found.output_band or 0,)
        answer = sum(answer[..., band] for band in kept)[..., None]
    return answer.transpose(0, 3, 1, 2)


def network_values(found: Description, batch: dict[str, np.ndarray]) -> Any:
    """Values of the network's own inputs for raw tiles: scaled, joined, and the bands last."""
    network: dict[int | str, list[np.ndarray]] = {feed: [] for feed in _in_order(found)}
    for entry, feed in zip(found.spec.inputs, found.feeds, strict=True):
        values = np.nan_to_num(batch[entry.name].astype(np.float32))
        network[feed] += [values[:, band] / entry.divisors[band] + entry.offsets[band] for band in range(entry.bands)]
    given = [np.stack(each, axis=-1).astype(np.float32) for each in network.values()]
    return given if len(given) > 1 else given[0]


def _in_order(found: Description) -> list[int | str]:
    """Inputs of the network: positions by number, names as they come."""
    feeds = list(dict.fromkeys(found.feeds))
    return sorted(feeds) if all(isinstance(feed, int) for feed in feeds) else feeds
