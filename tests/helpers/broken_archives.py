"""More broken and hostile files, beside :mod:`helpers.broken_files`: Keras archives."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from helpers.broken_files import broken, payload
from helpers.keras_archives import archived_members, archived_weights, write_keras_archive
from helpers.keras_files import conv, layer, layers_with, model_layer, tiny_config


def saved(entry: dict, module: str | None = "keras.layers", registered: str | None = None) -> dict:
    """A layer as Keras 3 saves it in an archive."""
    return {**entry, "module": module, "registered_name": registered, "build_config": {"input_shape": [None] * 4}}


def with_saved(path: Path, entry: dict, **parts: object) -> None:
    """The tiny network in an archive, with one more layer, which its first output needs."""
    write_keras_archive(path, config={**tiny_config(layers_with(entry)), **parts})


@broken("half.keras", r"the archive is damaged or not complete \(File is not a zip file\)\. Fetch the file again")
def half_an_archive(path: Path) -> None:
    """A download that broke off."""
    path.write_bytes(write_keras_archive(path).read_bytes()[:6000])


@broken("unpacked", r"is a Keras archive that was unpacked\. .*zip -0")
def unpacked_archive(path: Path) -> None:
    """The folder that ``keras.saving`` writes with ``zipped=False``, or that somebody unpacked."""
    path.mkdir()
    for name, content in archived_members().items():
        (path / name).write_bytes(content)


@broken("other.keras", r"holds 'notes\.txt', which is none of the files of a Keras archive")
def other_archive(path: Path) -> None:
    """Any ZIP under the name of a model."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "x")


@broken("outside.keras", r"names a file '\.\./\.\./evil\.py', which would lie outside of it")
def name_that_leads_out(path: Path) -> None:
    """A member with a name that leads out of the folder it is unpacked to."""
    write_keras_archive(path, {**archived_members(), "../../evil.py": b"x"})


@broken("bomb.keras", r"model\.weights\.h5 in the archive unpacks to \d+ bytes; at most \d+ are read")
def bomb(path: Path) -> None:
    """Two hundred kilobytes that unpack to two hundred megabytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in archived_members(weights=bytes(200 << 20)).items():
            archive.writestr(name, content)


@broken("swapped.keras", r"holds weights of layer '\w+' where those of '\w+' belong: .*not of one model")
def weights_of_another_network(path: Path) -> None:
    """The weights of another network whose layers have the same shapes."""
    swapped = {"layers/conv2d": "first", "layers/batch_normalization": "norm", "layers/conv2d_1": "conv_out_2"}
    write_keras_archive(path, weights=archived_weights(swapped, named=True))


@broken("lambda.keras", "layer 'payload' is of class 'Lambda'.*does not load it")
def lambda_in_an_archive(path: Path) -> None:
    """A Lambda layer as Keras 3 saves it."""
    function = {"class_name": "__lambda__", "config": {"code": payload(path)[0], "defaults": None, "closure": None}}
    with_saved(path, saved(layer("Lambda", "payload", ("add",), function=function)))


@broken("lambda-nested.keras", "layer 'payload' is of class 'Lambda'.*does not load it")
def lambda_in_a_model_in_an_archive(path: Path) -> None:
    """A Lambda layer inside a model that is used as a layer."""
    hidden = saved(layer("Lambda", "payload", ("inner_input",), function=payload(path), function_type="lambda"))
    inside = layer("InputLayer", "inner_input", batch_input_shape=[None, 224, 224, 4])
    model = model_layer("inner", [inside, hidden], ["payload"], [[["add", 0, 0, {}]]], kind="Functional")
    with_saved(path, saved(model, "keras.src.models.functional", "Functional"))


@broken("main.keras", r"layer 'mine' is of class 'Conv2D' \(keras, Conv2D\), which landslip does not know")
def class_of_the_main_program(path: Path) -> None:
    """A class of the author's own with the name of one of Keras's, from the program that saved it."""
    with_saved(path, saved(conv("mine", "add", 4, 1), None, "Conv2D"))


@broken("registered.keras", "layer 'mine' is of class 'Conv2D'.*which landslip does not know")
def registered_class(path: Path) -> None:
    """A class that was registered in a package."""
    with_saved(path, saved(conv("mine", "add", 4, 1), "keras.layers", "evil>Conv2D"))


@broken("module.keras", r"layer 'mine' is of class 'Conv2D' \(subprocess, Popen\), which landslip does not know")
def class_of_another_module(path: Path) -> None:
    """A module that Keras would import."""
    with_saved(path, saved(conv("mine", "add", 4, 1), "subprocess", "Popen"))


@broken("model-class.keras", "is a Keras model of class 'Functional'.*A class of its own is code")
def model_of_another_module(path: Path) -> None:
    """A model of the author's own class, which bears the name of Keras's."""
    write_keras_archive(path, config={**tiny_config(), "class_name": "Functional", "module": "evil.models"})


@broken(
    "activation.keras",
    r"layer 'mine' \(Conv2D\) has a setting that landslip does not know: activation \{'module': 'os'",
)
def function_as_activation(path: Path) -> None:
    """A function of a module as the activation of a layer."""
    function = {"module": "os", "class_name": "function", "config": "system", "registered_name": "function"}
    with_saved(path, saved(conv("mine", "add", 4, 1, activation=function)))


@broken("compiled.keras", r"holds weights in 'layers/stranger', which belong to none of its layers")
def hostile_compile_config(path: Path) -> None:
    """Hostile settings of training and of building, which are not looked at; the weights are what is wrong."""
    code = {"module": "os", "class_name": "function", "config": "system", "registered_name": "function"}
    config = {**tiny_config(), "compile_config": {"loss": code}, "build_config": {"input_shape": payload(path)}}
    groups = {"layers/stranger": "first"}
    write_keras_archive(path, config=config, weights=archived_weights(groups))


@broken("not-json.keras", r"its config\.json is not valid JSON")
def description_that_is_no_json(path: Path) -> None:
    """A description cut in half."""
    write_keras_archive(path, config=json.dumps(tiny_config()).encode()[:2000])
