"""Pooling, padding, cropping and enlarging."""

from __future__ import annotations

from landslip.export.layers import values
from landslip.export.layers.convolution import PADDINGS, slid
from landslip.export.layers.layer_kind import Kind, Shape, Shapes, image, known
from landslip.export.layers.values import Options


def _read_pooling(options: Options) -> Options:
    values.bands_last(options)
    size = values.pair(options, "pool_size")
    return {
        "pool_size": size,
        "strides": values.pair(options, "strides", size),
        "padding": values.one_of(options, "padding", *PADDINGS),
    }


def _pooled(options: Options, shapes: Shapes) -> Shape:
    rows, cols, bands = image(shapes[0])
    size, strides, padding = options["pool_size"], options["strides"], options["padding"]
    return slid(rows, size[0], strides[0], padding), slid(cols, size[1], strides[1], padding), bands


def _read_global(options: Options) -> Options:
    values.bands_last(options)
    return {"keepdims": values.flag(options, "keepdims", False)}


def _globally_pooled(options: Options, shapes: Shapes) -> Shape:
    bands = image(shapes[0])[2]
    return (1, 1, bands) if options["keepdims"] else (bands,)


def _read_padding(options: Options) -> Options:
    values.bands_last(options)
    return {"padding": values.margins(options, "padding")}


def _padded(options: Options, shapes: Shapes) -> Shape:
    rows, cols, bands = image(shapes[0])
    high, wide = (sum(side) for side in options["padding"])
    return rows if rows is None else rows + high, cols if cols is None else cols + wide, bands


def _read_cropping(options: Options) -> Options:
    values.bands_last(options)
    return {"cropping": values.margins(options, "cropping")}


def _cut(size: int | None, margin: int) -> int | None:
    if size is not None and size <= margin:
        raise ValueError(f"cropping of {margin} pixels from {size}")
    return size if size is None else size - margin


def _cropped(options: Options, shapes: Shapes) -> Shape:
    rows, cols, bands = image(shapes[0])
    high, wide = (sum(side) for side in options["cropping"])
    return _cut(rows, high), _cut(cols, wide), bands


def _read_upsampling(options: Options) -> Options:
    values.bands_last(options)
    interpolation = values.one_of(options, "interpolation", "nearest", "bilinear", default="nearest")
    return {"size": values.pair(options, "size"), "interpolation": interpolation}


def _upsampled(options: Options, shapes: Shapes) -> Shape:
    rows, cols, bands = image(shapes[0])
    down, across = options["size"]
    return rows if rows is None else rows * down, cols if cols is None else cols * across, bands


def _read_resizing(options: Options) -> Options:
    for key in ("antialias", "crop_to_aspect_ratio", "pad_to_aspect_ratio", "preserve_aspect_ratio"):
        values.only(options, key, False)
    values.bands_last(options)
    size = options["size"] if "size" in options else [options["height"], options["width"]]
    if not isinstance(size, list) or len(size) != 2:
        raise ValueError(f"size {size!r}")
    height, width = (values.integer(each, 1, values.MAX_SIZE, "size") for each in size)
    interpolation = values.one_of(options, "interpolation", "nearest", "bilinear", default="bilinear")
    return {"height": height, "width": width, "interpolation": interpolation}


def _resized(options: Options, shapes: Shapes) -> Shape:
    # From a size that is open to one that is not: by no factor, so that it suits one size of tiles alone.
    known(image(shapes[0]))
    return options["height"], options["width"], image(shapes[0])[2]


RESIZING = Kind(_read_resizing, _resized)
"""Enlarging or reducing to one size."""

KINDS: dict[str, Kind] = {
    "AveragePooling2D": Kind(_read_pooling, _pooled),
    "Cropping2D": Kind(_read_cropping, _cropped),
    "GlobalAveragePooling2D": Kind(_read_global, _globally_pooled),
    "GlobalMaxPooling2D": Kind(_read_global, _globally_pooled),
    "MaxPooling2D": Kind(_read_pooling, _pooled),
    "Resizing": RESIZING,
    "UpSampling2D": Kind(_read_upsampling, _upsampled),
    "ZeroPadding2D": Kind(_read_padding, _padded),
}
"""Kinds by Keras class name."""
