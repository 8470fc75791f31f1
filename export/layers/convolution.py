"""Convolutions and dense layers."""

from __future__ import annotations

from landslip.export.layers import values
from landslip.export.layers.layer_kind import Kind, Shape, Shapes, SizeNeededError, image, last_axis
from landslip.export.layers.values import Options

PADDINGS = ("valid", "same")


def _read_window(options: Options) -> Options:
    """Read the settings that all convolutions have in common."""
    values.bands_last(options)
    read: Options = {
        "kernel_size": values.pair(options, "kernel_size"),
        "strides": values.pair(options, "strides"),
        "dilation_rate": values.pair(options, "dilation_rate", (1, 1)),
        "padding": values.one_of(options, "padding", *PADDINGS),
        "activation": values.activation(options),
        "use_bias": values.flag(options, "use_bias"),
    }
    if max(read["strides"]) > 1 and max(read["dilation_rate"]) > 1:
        raise ValueError(f"strides {read['strides']} with dilation_rate {read['dilation_rate']}")
    return read


def _filters(options: Options) -> int:
    return values.integer(options["filters"], 1, values.MAX_FILTERS, "filters")


def _read_conv(options: Options) -> Options:
    filters, groups = _filters(options), values.integer(options.get("groups", 1), 1, values.MAX_FILTERS, "groups")
    if filters % groups:
        raise ValueError(f"groups {groups} of {filters} filters")
    return {"filters": filters, **_read_window(options), **({"groups": groups} if groups > 1 else {})}


def _multiplier(options: Options) -> int:
    return values.integer(options.get("depth_multiplier", 1), 1, values.MAX_SPATIAL, "depth_multiplier")


def _read_depthwise(options: Options) -> Options:
    values.only(options, "groups", 1)
    read = _read_window(options)
    if len(set(read["strides"])) > 1:
        raise ValueError(f"strides {read['strides']}, which TensorFlow cannot run")
    return {**read, "depth_multiplier": _multiplier(options)}


def _read_separable(options: Options) -> Options:
    return {"filters": _filters(options), **_read_depthwise(options)}


def _read_transpose(options: Options) -> Options:
    values.only(options, "groups", 1)
    read = _read_window(options)
    if max(read.pop("dilation_rate")) > 1:
        raise ValueError(f"dilation_rate {options['dilation_rate']}")
    return {"filters": _filters(options), **read, **_read_output_padding(options, read)}


def _read_output_padding(options: Options, read: Options) -> Options:
    """Read what is added at the far ends, where a file says it; without it Keras adds what makes the size fit."""
    if options.get("output_padding") is None:
        return {}
    added = values.pair(options, "output_padding", least=0)
    for kernel, stride, more in zip(read["kernel_size"], read["strides"], added, strict=True):
        # TensorFlow wants the convolution of the result to have the size of the input, which others have not.
        if more >= stride or (read["padding"] == "same" and not 0 <= stride - kernel % 2 - more < stride):
            raise ValueError(f"output_padding {list(added)}, which TensorFlow cannot run")
    return {"output_padding": added}


def _read_dense(options: Options) -> Options:
    return {
        "units": values.integer(options["units"], 1, values.MAX_UNITS, "units"),
        "activation": values.activation(options),
        "use_bias": values.flag(options, "use_bias"),
    }


def slid(size: int | None, window: int, stride: int, padding: str) -> int | None:
    """Number of places that a window takes along an axis."""
    if size is None:
        return None
    places = size if padding == "same" else size - window + 1
    if places < 1:
        raise ValueError(f"a window of {window} pixels over {size}")
    return -(-places // stride)


def _extent(options: Options, shape: Shape) -> tuple[int | None, int | None]:
    rows, cols, _ = image(shape)
    reach = [(size - 1) * step + 1 for size, step in zip(options["kernel_size"], options["dilation_rate"], strict=True)]
    strides, padding = options["strides"], options["padding"]
    return slid(rows, reach[0], strides[0], padding), slid(cols, reach[1], strides[1], padding)


def _conv(options: Options, shapes: Shapes) -> Shape:
    bands, groups = image(shapes[0])[2], options.get("groups", 1)
    if bands % groups:
        raise ValueError(f"groups {groups} of {bands} bands")
    return (*_extent(options, shapes[0]), options["filters"])


def _depthwise(options: Options, shapes: Shapes) -> Shape:
    return (*_extent(options, shapes[0]), image(shapes[0])[2] * options["depth_multiplier"])


def _enlarged(size: int | None, kernel: int, stride: int, padding: str, added: int | None) -> int | None:
    if added is not None:
        more = added - stride + (kernel if padding == "valid" else kernel % 2)
    else:
        more = max(kernel - stride, 0) if padding == "valid" else 0
    if size is not None:
        return size * stride + more
    if more > kernel - stride:
        # tf2onnx leaves out the bias of what lies beyond the last kernel, where it has to compute the size.
        raise SizeNeededError("an input of open size, and a result that ends beyond its last kernel")
    return None


def _transpose(options: Options, shapes: Shapes) -> Shape:
    rows, cols, _ = image(shapes[0])
    kernel, strides, padding = options["kernel_size"], options["strides"], options["padding"]
    added = options.get("output_padding", (None, None))
    return (
        _enlarged(rows, kernel[0], strides[0], padding, added[0]),
        _enlarged(cols, kernel[1], strides[1], padding, added[1]),
        options["filters"],
    )


def _dense(options: Options, shapes: Shapes) -> Shape:
    last_axis(shapes[0])
    return (*shapes[0][:-1], options["units"])


def _with_bias(options: Options, count: int, **weights: Shape) -> dict[str, Shape]:
    return {**weights, "bias": (count,)} if options["use_bias"] else weights


def _conv_weights(options: Options, shape: Shape) -> dict[str, Shape]:
    bands, filters = last_axis(shape) // options.get("groups", 1), options["filters"]
    return _with_bias(options, filters, kernel=(*options["kernel_size"], bands, filters))


def _depthwise_weights(options: Options, shape: Shape) -> dict[str, Shape]:
    bands, multiplier = last_axis(shape), options["depth_multiplier"]
    return _with_bias(options, bands * multiplier, depthwise_kernel=(*options["kernel_size"], bands, multiplier))


def _separable_weights(options: Options, shape: Shape) -> dict[str, Shape]:
    bands, multiplier, filters = last_axis(shape), options["depth_multiplier"], options["filters"]
    return _with_bias(
        options,
        filters,
        depthwise_kernel=(*options["kernel_size"], bands, multiplier),
        pointwise_kernel=(1, 1, bands * multiplier, filters),
    )


def _transpose_weights(options: Options, shape: Shape) -> dict[str, Shape]:
    filters = options["filters"]
    return _with_bias(options, filters, kernel=(*options["kernel_size"], filters, last_axis(shape)))


def _dense_weights(options: Options, shape: Shape) -> dict[str, Shape]:
    return _with_bias(options, options["units"], kernel=(last_axis(shape), options["units"]))


_KERNEL = ("kernel_initializer",)
_DEPTHWISE = ("depthwise_initializer",)

KINDS: dict[str, Kind] = {
    "Conv2D": Kind(_read_conv, _conv, _conv_weights, initializers=_KERNEL),
    "Conv2DTranspose": Kind(_read_transpose, _transpose, _transpose_weights, initializers=_KERNEL),
    "Dense": Kind(_read_dense, _dense, _dense_weights, initializers=_KERNEL),
    "DepthwiseConv2D": Kind(_read_depthwise, _depthwise, _depthwise_weights, initializers=_DEPTHWISE),
    "SeparableConv2D": Kind(
        _read_separable, _conv, _separable_weights, initializers=(*_DEPTHWISE, "pointwise_initializer")
    ),
}
"""Kinds by Keras class name."""
