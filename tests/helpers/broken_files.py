"""Hostile and broken files given to ``landslip export``, each with what is said about it.

Each function writes one file, or folder, and its docstring says what it is. None of them may execute anything, take
memory, or leave anything behind.
"""

from __future__ import annotations

import base64
import gzip
import json
import marshal
import os
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from helpers.keras_files import (
    conv,
    image,
    layer,
    layers_with,
    model_layer,
    op,
    tiny_config,
    tiny_layers,
    tiny_weights,
    write_keras_hdf5,
)
from landslip.models.registry.registry import M_ALL_006

MARKER = "code-was-executed"
"""Name of the file that hostile code would write, in the folder of the file that carries it."""


@dataclass(frozen=True)
class BrokenFile:
    """A file that must be refused."""

    name: str
    """What the file is called."""
    phrase: str
    """What has to be said about it, as a regular expression."""
    write: Callable[[Path], Any]
    """Writes it."""


BROKEN: list[BrokenFile] = []
"""All of them."""


def broken(name: str, phrase: str) -> Callable[[Callable[[Path], Any]], Callable[[Path], Any]]:
    """Register a file under its name."""

    def register(write: Callable[[Path], Any]) -> Callable[[Path], Any]:
        BROKEN.append(BrokenFile(name, phrase, write))
        return write

    return register


def payload(path: Path) -> list[Any]:
    """Marshalled bytecode as a ``Lambda`` layer carries it: it writes :data:`MARKER` beside the file."""
    code = compile(f"open({str(path.with_name(MARKER))!r}, 'w').write('ran')", "payload", "eval")
    return [base64.b64encode(marshal.dumps(code)).decode(), None, None]


def with_layer(path: Path, extra: dict[str, Any]) -> None:
    """The tiny network with one more layer, which its first output needs."""
    write_keras_hdf5(path, tiny_config(layers_with(extra)))


def with_setting(path: Path, name: str, **settings: Any) -> None:
    """The tiny network with other settings of a layer."""
    layers = tiny_layers()
    next(entry for entry in layers if entry["name"] == name)["config"].update(settings)
    write_keras_hdf5(path, tiny_config(layers))


def edited(path: Path) -> h5py.File:
    """The tiny network's file, open for damage."""
    return h5py.File(write_keras_hdf5(path), "r+")


# What people have instead of a model


@broken("pointer.hdf5", r"is a git-LFS pointer to M_ALL_006 .* Run `landslip fetch M_ALL_006`")
def lfs_pointer_of_a_published_model(path: Path) -> None:
    """What a clone without git-LFS leaves in place of the published weights."""
    path.write_text(
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{M_ALL_006.sha256}\nsize {M_ALL_006.size}\n"
    )


@broken("other-pointer.hdf5", r"is a git-LFS pointer and not the model itself.*git lfs pull.*landslip fetch")
def lfs_pointer(path: Path) -> None:
    """A pointer to something else."""
    path.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12\n")


@broken("M_ALL_006.hdf5", r"has 6000 of \d+ bytes: the download broke off\. Run `landslip fetch M_ALL_006`")
def truncated_download_of_a_published_model(path: Path) -> None:
    """A download that broke off, under the published name."""
    path.write_bytes(write_keras_hdf5(path).read_bytes()[:6000])


@broken("truncated.hdf5", r"has 6000 of \d+ bytes: the download broke off\. Download it again")
def truncated_download(path: Path) -> None:
    """A download that broke off."""
    path.write_bytes(write_keras_hdf5(path).read_bytes()[:6000])


@broken("page.hdf5", "is a web page: .*Download it again.*landslip fetch")
def web_page(path: Path) -> None:
    """What a wrong address gives."""
    path.write_text("\n<!DOCTYPE html>\n<html><body>404: not found</body></html>")


@broken("empty.hdf5", "is empty")
def empty(path: Path) -> None:
    """Nothing at all."""
    path.touch()


@broken("packed.hdf5.gz", r"is compressed with gzip\. Unpack it first")
def compressed(path: Path) -> None:
    """A model packed with gzip."""
    path.write_bytes(gzip.compress(write_keras_hdf5(path.with_name("plain.hdf5")).read_bytes()))


@broken("packed.zip", r"is a ZIP archive\. Unpack it")
def archived(path: Path) -> None:
    """A model in an archive."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.hdf5", b"\x89HDF")


@broken("saved_model", "is a SavedModel folder of TensorFlow")
def saved_model(path: Path) -> None:
    """The folder that TensorFlow saves."""
    path.mkdir()
    (path / "saved_model.pb").write_bytes(b"\x08\x01")
    (path / "variables").mkdir()


@broken("training", "is a TensorFlow checkpoint: weights without the network")
def checkpoints(path: Path) -> None:
    """What training leaves behind."""
    path.mkdir()
    (path / "checkpoint").write_text('model_checkpoint_path: "ckpt-1"\n')


@broken("ckpt-1.index", "is a TensorFlow checkpoint: weights without the network")
def checkpoint(path: Path) -> None:
    """One file of a checkpoint."""
    path.write_bytes(b"\x00\x01\x02\x01_CHECKPOINTABLE_OBJECT_GRAPH")


@broken("folder", "is a folder")
def folder(path: Path) -> None:
    """Just a folder."""
    path.mkdir()


@broken("network.json", "is JSON text, and so the plan of a network at best")
def architecture_alone(path: Path) -> None:
    """What ``model.to_json()`` gives."""
    path.write_text(json.dumps(tiny_config()))


@broken("weights.h5", r"holds no 'model_config'.*but weights alone.*not model\.save_weights\(\)")
def weights_alone(path: Path) -> None:
    """What ``model.save_weights()`` of Keras 2 gives."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"first"]
        file.create_group("first")


@broken("model.weights.h5", "holds no 'model_config'.*but weights alone")
def weights_alone_of_keras_3(path: Path) -> None:
    """What ``model.save_weights()`` of Keras 3 gives."""
    with h5py.File(path, "w") as file:
        file.create_group("layers/conv2d/vars")
        file.create_group("vars")


@broken("matlab.h5", r"holds no 'model_config', so it is not a whole Keras model\.")
def other_hdf5(path: Path) -> None:
    """HDF5 that has nothing to do with Keras."""
    with h5py.File(path, "w") as file:
        file["dem"] = np.zeros((4, 4))


@broken("noise.hdf5", "is not an HDF5 file")
def noise(path: Path) -> None:
    """Random bytes."""
    path.write_bytes(np.random.default_rng(0).bytes(4096))


@broken("signature.hdf5", "cannot be read|the download broke off")
def noise_behind_a_signature(path: Path) -> None:
    """Random bytes that begin like HDF5."""
    path.write_bytes(b"\x89HDF\r\n\x1a\n\x00\x00\x00\x00\x00\x08\x08\x00" + np.random.default_rng(1).bytes(4096))


@broken("pipe.hdf5", "is no regular file")
def pipe(path: Path) -> None:
    """A pipe that nobody writes into; opening it would wait for ever."""
    os.mkfifo(path)


@broken("scribbled.hdf5", "cannot be read|is damaged|holds no|is not valid JSON|damaged")
def scribbled_over(path: Path) -> None:
    """A model with a stretch of its middle overwritten."""
    content = bytearray(write_keras_hdf5(path).read_bytes())
    content[1000:3000] = b"\xa5" * 2000
    path.write_bytes(content)


# Code in the file


@broken("lambda.h5", "layer 'payload' is of class 'Lambda'.*does not load it")
def lambda_layer(path: Path) -> None:
    """A Lambda layer with bytecode."""
    with_layer(path, layer("Lambda", "payload", ("add",), function=payload(path), function_type="lambda"))


@broken("lambda-in-model.h5", "layer 'payload' is of class 'Lambda'")
def lambda_in_a_nested_model(path: Path) -> None:
    """A Lambda layer two models deep."""
    hidden = layer("Lambda", "payload", ("in",), function=payload(path), function_type="lambda")
    inner = model_layer("inner", [image("in", 4), hidden], ["payload"], [[["mid", 0, 0, {}]]], inputs=["in"])
    outer = model_layer("outer", [image("mid", 4), inner], ["inner"], [[["add", 0, 0, {}]]], inputs=["mid"])
    with_layer(path, outer)


@broken("lambda-in-sequence.h5", "layer 'payload' is of class 'Lambda'")
def lambda_in_a_sequence(path: Path) -> None:
    """A Lambda layer in a sequential model."""
    layers = [
        conv("first", "", 4, batch_input_shape=[None, 8, 8, 3]),
        layer("Lambda", "payload", function=payload(path)),
    ]
    write_keras_hdf5(path, {"class_name": "Sequential", "config": {"name": "s", "layers": layers}})


@broken("lambda-in-wrapper.h5", "layer 'wrapper' is of class 'TimeDistributed'")
def lambda_in_time_distributed(path: Path) -> None:
    """A Lambda layer inside a wrapper."""
    with_layer(path, layer("TimeDistributed", "wrapper", ("add",), layer=layer("Lambda", "p", function=payload(path))))


@broken("lambda-in-bidirectional.h5", "layer 'wrapper' is of class 'Bidirectional'")
def lambda_in_bidirectional(path: Path) -> None:
    """A Lambda layer inside another wrapper."""
    with_layer(path, layer("Bidirectional", "wrapper", ("add",), layer=layer("Lambda", "p", function=payload(path))))


@broken("lambda-as-activation.h5", r"layer 'first' \(Conv2D\) has a setting that landslip does not know: activation")
def lambda_as_activation(path: Path) -> None:
    """Bytecode where an activation belongs."""
    with_setting(path, "first", activation={"class_name": "__lambda__", "config": payload(path)})


@broken("lambda-model.h5", "is a Keras model of class 'Lambda'")
def lambda_as_model(path: Path) -> None:
    """A Lambda layer instead of a model."""
    write_keras_hdf5(path, {"class_name": "Lambda", "config": {"name": "p", "function": payload(path)}})


@broken("registered.h5", "layer 'payload' is of class 'Custom>Payload'")
def registered_class(path: Path) -> None:
    """A class that its author registered with Keras."""
    with_layer(path, layer("Custom>Payload", "payload", ("add",)))


@broken(
    "disguised.h5", r"layer 'payload' is of class 'Conv2D' \(payload\.layers, Conv2D\), which landslip does not know"
)
def class_with_a_known_name(path: Path) -> None:
    """A class of the author's own under a name of Keras's."""
    with_layer(path, conv("payload", "add", 1) | {"module": "payload.layers"})


@broken("disguised-registered.h5", "layer 'payload' is of class 'Conv2D'.*does not know")
def registered_class_with_a_known_name(path: Path) -> None:
    """The same by the name it is registered under."""
    with_layer(path, conv("payload", "add", 1) | {"module": "keras.layers", "registered_name": "My>Conv2D"})


@broken("op.h5", "layer 'tf_op_layer_run' holds the raw TensorFlow op 'PyFunc'")
def raw_op(path: Path) -> None:
    """A raw TensorFlow op that calls Python."""
    with_layer(path, op("run", "add", "PyFunc"))


@broken("op-bytes.h5", "holds the raw TensorFlow op 'WriteFile'")
def raw_op_as_protobuf(path: Path) -> None:
    """A raw op that writes files, serialised as TensorFlow 1.15 did."""
    entry = op("run", "add")
    entry["config"]["node_def"] = "\n\x03run\x12\x09WriteFile"
    with_layer(path, entry)


# Data from elsewhere


@broken("soft-link.h5", "/model_weights/stranger is a link to somewhere else")
def soft_link(path: Path) -> None:
    """A link within the file."""
    with edited(path) as file:
        file["model_weights/stranger"] = h5py.SoftLink("/model_weights/norm")


@broken("external-link.h5", "/model_weights is a link to somewhere else")
def external_link(path: Path) -> None:
    """All weights from another file."""
    with edited(path) as file:
        del file["model_weights"]
        file["model_weights"] = h5py.ExternalLink("/etc/passwd", "/")


@broken("external-data.h5", "bias:0 takes its data from other files")
def external_dataset(path: Path) -> None:
    """An array whose bytes are those of another file."""
    secret = path.with_name("secret.bin")
    secret.write_bytes(bytes(16))
    with edited(path) as file:
        del file["model_weights/first/first/bias:0"]
        file["model_weights/first"].create_dataset("first/bias:0", (4,), "f4", external=[(str(secret), 0, 16)])


@broken("virtual-data.h5", "bias:0 takes its data from other files")
def virtual_dataset(path: Path) -> None:
    """An array put together from other files."""
    source = path.with_name("source.h5")
    with h5py.File(source, "w") as file:
        file["secret"] = np.zeros(4, np.float32)
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource(str(source), "secret", (4,))
    with edited(path) as file:
        del file["model_weights/first/first/bias:0"]
        file["model_weights/first"].create_virtual_dataset("first/bias:0", layout)


@broken("stolen.h5", "layer 'first' has no weight 'kernel'")
def weights_outside_the_weights(path: Path) -> None:
    """Names of weights that lead out of the part that is screened."""
    with edited(path) as file:
        file.create_dataset("optimizer_weights/first/kernel:0", data=np.zeros((3, 3, 8, 4), np.float32))
        file["model_weights/first"].attrs["weight_names"] = [b"/optimizer_weights/first/kernel:0"]


@broken("rooted.h5", "holds no weights for layer '/optimizer_weights'")
def layer_outside_the_weights(path: Path) -> None:
    """A layer whose name leads out of the part that is screened."""
    layers = json.loads(json.dumps(tiny_layers()).replace('"first"', '"/optimizer_weights"'))
    write_keras_hdf5(path, tiny_config(layers))


# Too much


@broken("bomb.h5", "bomb:0 is stored in pieces or compressed")
def compressed_bomb(path: Path) -> None:
    """A gigabyte of zeros in a megabyte."""
    with edited(path) as file:
        bomb = file.create_dataset(
            "model_weights/first/bomb:0", (1 << 28,), "f4", chunks=(1 << 22,), compression="gzip"
        )
        bomb[: 1 << 22] = 0


@broken("terabytes.h5", r"huge:0 claims \d+ bytes and holds 0")
def terabytes(path: Path) -> None:
    """An array that claims four terabytes and stores none."""
    with edited(path) as file:
        file.create_dataset("model_weights/first/huge:0", (1 << 40,), "f4")


@broken("sparse.h5", r"has 9663676416 bytes; at most 8589934592 are read")
def sparse(path: Path) -> None:
    """A file of nine gigabytes that takes none on disk."""
    write_keras_hdf5(path)
    os.truncate(path, 9 << 30)


@broken("sparse-weights.h5", r"its weights take 7398752256 bytes; at most 4294967296 are read")
def sparse_weights(path: Path) -> None:
    """Six gigabytes of weights, all of them there, none of them on disk."""
    layers = [image("input_1", 3)]
    weights: dict[str, dict[str, Any]] = {}
    for number in range(6):
        layers.append(layer("Flatten", f"flat{number}", ("input_1",)))
        units = 1 << 11
        layers.append(layer("Dense", f"dense{number}", (f"flat{number}",), units=units, use_bias=False))
        weights[f"dense{number}"] = {"kernel": (224 * 224 * 3, units)}
    layers.append(layer("Add", "sum", tuple(f"dense{number}" for number in range(6))))
    body = {"layers": layers, "input_layers": [["input_1", 0, 0]], "output_layers": [["sum", 0, 0]]}
    write_keras_hdf5(path, {"class_name": "Model", "config": body}, {})
    with h5py.File(path, "r+") as file:
        for name, arrays in weights.items():
            group = file.create_group(f"model_weights/{name}")
            group.attrs["weight_names"] = [b"kernel:0"]
            plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            plan.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
            plan.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
            space = h5py.h5s.create_simple(arrays["kernel"])
            h5py.h5d.create(group.id, b"kernel:0", h5py.h5t.IEEE_F32LE, space, plan)


@broken("filters.h5", r"layer 'first' \(Conv2D\) has a setting that landslip does not know: filters 1000000")
def million_filters(path: Path) -> None:
    """A convolution with a million filters."""
    with_setting(path, "first", filters=1_000_000)


@broken("kernel.h5", r"layer 'first' \(Conv2D\) has a setting that landslip does not know: kernel_size 4000")
def huge_kernel(path: Path) -> None:
    """A kernel of 4000 pixels."""
    with_setting(path, "first", kernel_size=[3, 4000])


@broken("units.h5", r"units 1000000000000")
def trillion_units(path: Path) -> None:
    """A dense layer that would fill any memory."""
    layers = [conv("up", "pool", 4) if entry["name"] == "up" else entry for entry in tiny_layers()]
    dense = layer("Dense", "up", ("pool",), units=10**12, use_bias=True, activation="linear")
    write_keras_hdf5(path, tiny_config([dense if entry["name"] == "up" else entry for entry in layers]))


@broken("dense.h5", r"its layers have 157840048128 weights; an ONNX file holds at most 536870912")
def dense_over_all_pixels(path: Path) -> None:
    """A dense layer from every pixel to a million others."""
    dense = layer("Dense", "dense", ("flat",), units=1 << 20, use_bias=False, activation="linear")
    layers = [image("input_1", 3), layer("Flatten", "flat", ("input_1",)), dense]
    body = {"layers": layers, "input_layers": [["input_1", 0, 0]], "output_layers": [["dense", 0, 0]]}
    write_keras_hdf5(path, {"class_name": "Model", "config": body}, {})


@broken("padding.h5", r"layer 'pad' \(ZeroPadding2D\) has a setting that landslip does not know: padding 1000000000")
def huge_padding(path: Path) -> None:
    """A gigapixel of padding."""
    with_setting(path, "pad", padding=[[1_000_000_000, 0], [0, 0]])


@broken("factor.h5", r"layer 'up' \(UpSampling2D\) has a setting that landslip does not know: size 100000")
def huge_factor(path: Path) -> None:
    """An enlargement by a hundred thousand."""
    with_setting(path, "up", size=[100_000, 100_000])


@broken(
    "growing.h5", r"layer 'up\d' \(UpSampling2D\) gives \d+ x \d+ x 3 values for one tile; at most \d+ are believed"
)
def growing_activations(path: Path) -> None:
    """Enlargements that are small one by one."""
    ups = [layer("UpSampling2D", f"up{i}", (f"up{i - 1}" if i else "input_1",), size=[4, 4]) for i in range(9)]
    body = {
        "layers": [image("input_1", 3), *ups],
        "input_layers": [["input_1", 0, 0]],
        "output_layers": [["up8", 0, 0]],
    }
    write_keras_hdf5(path, {"class_name": "Model", "config": body}, {})


@broken("endless.h5", r"one tile takes \S+ multiplications; at most \S+ are believed")
def endless_work(path: Path) -> None:
    """One convolution of the largest allowed kernel, called over and over."""
    chain = [[[["input_1", 0, 0, {}]]], *([[["again", number, 0, {}]]] for number in range(2000))]
    again = conv("again", "", 128, 64) | {
        "inbound_nodes": [call if number else chain[0][0] for number, call in enumerate(chain)]
    }
    layers = [image("input_1", 128), again]
    body = {"layers": layers, "input_layers": [["input_1", 0, 0]], "output_layers": [["again", 2000, 0]]}
    write_keras_hdf5(path, {"class_name": "Model", "config": body}, {})


@broken("layers.h5", "declares more than 5000 layers")
def thousands_of_layers(path: Path) -> None:
    """More layers than any network has."""
    with_many = [layer("Activation", f"a{number}", ("add",), activation="relu") for number in range(6000)]
    write_keras_hdf5(path, tiny_config([*tiny_layers(), *with_many]))


@broken("calls.h5", "call each other so often that more than 20000 layers result")
def multiplying_models(path: Path) -> None:
    """Models that call models that call models."""

    def level(depth: int) -> dict[str, Any]:
        inside = level(depth - 1) if depth else conv("conv", "in0", 3)
        calls = [[[f"in{depth + 1}", 0, 0, {}]], *([[f"level{depth}", number, 0, {}]] for number in range(40))]
        last = [f"level{depth - 1}", 40, 0] if depth else ["conv", 0, 0]
        built = model_layer(f"level{depth}", [image(f"in{depth}", 3), inside], [], calls, inputs=[f"in{depth}"])
        built["config"]["output_layers"] = [last]
        return built

    body = {
        "layers": [image("in3", 3), level(2)],
        "input_layers": [["in3", 0, 0]],
        "output_layers": [["level2", 40, 0]],
    }
    write_keras_hdf5(path, {"class_name": "Model", "config": body}, {})


@broken("nested-models.h5", "or models more than 8 deep in models")
def models_in_models(path: Path) -> None:
    """Models in models, a hundred deep."""
    inside: dict[str, Any] = conv("m", "in", 4)
    for _ in range(99):
        inside = model_layer("m", [image("in", 4), inside], ["m"], [[["in", 0, 0, {}]]], inputs=["in"])
    with_layer(path, inside | {"inbound_nodes": [[["add", 0, 0, {}]]]})


@broken("groups.h5", "nests or holds more objects than a Keras model does")
def nested_groups(path: Path) -> None:
    """Groups in groups."""
    with edited(path) as file:
        file.create_group("model_weights/" + "/".join("abcdefghijklmnopq"))


@broken("attribute.h5", r"its 'model_config' has 9000002 bytes; at most 8388608 are read")
def huge_attribute(path: Path) -> None:
    """A description of nine megabytes."""
    write_keras_hdf5(path, '"' + "x" * 9_000_000 + '"')


@broken("many-objects.h5", "declares no layers|there is no 'class_name'|damaged")
def json_of_many_objects(path: Path) -> None:
    """Eight megabytes of JSON that take a few hundred in memory."""
    write_keras_hdf5(path, '{"class_name": "Model", "config": [' + "{}," * 2_700_000 + "{}]}")


@broken("name.h5", r"the name of a layer of class 'Add' has 1000000 characters")
def endless_name(path: Path) -> None:
    """A name of a million characters, which no message should repeat."""
    with_layer(path, layer("Add", "x" * 1_000_000, ("add", "up")))


@broken("outputs.h5", "names no good output layers: there are more than 100")
def endless_outputs(path: Path) -> None:
    """A hundred thousand outputs."""
    config = tiny_config()
    config["config"]["output_layers"] = [["prediction", 0, 0]] * 100_000
    write_keras_hdf5(path, config)


# What makes no sense


@broken("not-json.h5", "'model_config' is not valid JSON")
def no_json(path: Path) -> None:
    """A description that is no JSON."""
    write_keras_hdf5(path, "{class_name: Model}")


@broken("deep-json.h5", "'model_config' is not valid JSON")
def deep_json(path: Path) -> None:
    """JSON nested a hundred thousand times."""
    write_keras_hdf5(path, '{"class_name": ' + "[" * 100_000)


@broken("long-number.h5", "'model_config' is not valid JSON")
def long_number(path: Path) -> None:
    """A number of a hundred thousand digits."""
    write_keras_hdf5(path, '{"class_name": ' + "9" * 100_000 + "}")


@broken("cycle.h5", "layer '(pad|up)' feeds itself")
def cyclic_graph(path: Path) -> None:
    """A layer that takes what it gives."""
    layers = [conv("first", "up", 4) if entry["name"] == "first" else entry for entry in tiny_layers()]
    layers = [
        layer("ZeroPadding2D", "pad", ("up",), padding=[[1, 1], [1, 1]]) if e["name"] == "pad" else e for e in layers
    ]
    up = layer("UpSampling2D", "up", ("pad",), size=[2, 2])
    write_keras_hdf5(path, tiny_config([up if entry["name"] == "up" else entry for entry in layers]))


@broken("idle-cycle.h5", "layer 'dropout' feeds itself")
def cycle_of_layers_that_do_nothing(path: Path) -> None:
    """Dropout that takes what it gives."""
    loop = layer("Dropout", "dropout", ("dropout",), rate=0.5)
    write_keras_hdf5(path, tiny_config([loop if entry["name"] == "dropout" else entry for entry in tiny_layers()]))


@broken("twins.h5", "two of its layers have the same name")
def duplicated_names(path: Path) -> None:
    """Two layers of one name."""
    with_layer(path, tiny_layers()[0])


@broken("control.h5", r"the name of a layer of class 'Add' has 5 characters, of which 2 cannot be printed")
def names_with_control_characters(path: Path) -> None:
    """A name with NUL and escape characters, which would reach the terminal."""
    with_layer(path, layer("Add", "a\0b\x1bc", ("add", "up")))


@broken("nan.h5", "weight 'bias' of layer 'first' is not finite")
def weights_that_are_no_numbers(path: Path) -> None:
    """A weight that is NaN."""
    weights = tiny_weights()
    weights["first"]["bias"][2] = np.nan
    write_keras_hdf5(path, weights=weights)


@broken("infinite.h5", "epsilon")
def infinite_setting(path: Path) -> None:
    """A setting beyond all numbers."""
    with_setting(path, "norm", epsilon=float("inf"))


@broken("objects.h5", "first/text is not an array of numbers")
def texts_as_weights(path: Path) -> None:
    """Text of any length where numbers belong."""
    with edited(path) as file:
        file["model_weights/first/text"] = ["import os"] * 3


@broken("ragged.h5", "first/ragged is not an array of numbers")
def ragged_arrays_as_weights(path: Path) -> None:
    """Arrays of arrays where numbers belong."""
    with edited(path) as file:
        file.create_dataset("model_weights/first/ragged", (3,), h5py.vlen_dtype(np.float32))


@broken("types.h5", "first/type is not an array of numbers")
def stored_type(path: Path) -> None:
    """A stored data type among the weights."""
    with edited(path) as file:
        file["model_weights/first/type"] = np.dtype("f4")


@broken("references.h5", "its 'model_config' is no text")
def references_as_config(path: Path) -> None:
    """References to objects where text belongs."""
    with edited(path) as file:
        del file.attrs["model_config"]
        file.attrs["model_config"] = file["model_weights"].ref


@broken("numbers.h5", "its 'weight_names' is no text")
def numbers_as_names(path: Path) -> None:
    """Numbers where the names of weights belong."""
    with edited(path) as file:
        file["model_weights/first"].attrs["weight_names"] = np.arange(5)


@broken("hard-cycle.h5", "occurs twice in the file")
def groups_that_hold_themselves(path: Path) -> None:
    """A group inside itself."""
    with edited(path) as file:
        file["model_weights/first/again"] = file["model_weights/first"]


@broken("no-weights.h5", "holds no group 'model_weights'")
def no_weights(path: Path) -> None:
    """A network without its weights."""
    with edited(path) as file:
        del file["model_weights"]


@broken("shape.h5", r"weight 'kernel' of layer 'first' has shape \(3, 3, 8, 5\) where the layer needs \(3, 3, 8, 4\)")
def weights_of_another_shape(path: Path) -> None:
    """A weight that does not fit its layer."""
    weights = tiny_weights()
    weights["first"]["kernel"] = np.zeros((3, 3, 8, 5))
    write_keras_hdf5(path, weights=weights)


@broken("misfit.h5", r"layer 'add' \(Add\) does not fit what feeds it")
def layers_that_do_not_fit(path: Path) -> None:
    """Layers whose sizes exclude each other."""
    with_setting(path, "up", size=[3, 3])


@broken("superblock.h5", "cannot be read|the download broke off|is damaged")
def absurd_superblock(path: Path) -> None:
    """A file that claims to be as long as numbers go."""
    content = bytearray(write_keras_hdf5(path).read_bytes())
    content[40:48] = struct.pack("<Q", 2**63)
    path.write_bytes(content)
