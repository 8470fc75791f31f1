"""Pictures with and without fill, for tests: (3, rows, cols) uint8."""

from __future__ import annotations

import numpy as np


def smooth(shape, scale, seed):
    """A field that varies slowly, with mean 0 and deviation 1: (rows, cols)."""
    values = np.random.default_rng(seed).normal(size=shape)
    kernel = np.exp(-0.5 * (np.arange(-3 * scale, 3 * scale + 1) / scale) ** 2)
    for axis in (0, 1):
        around = [(3 * scale, 3 * scale) if axis == padded else (0, 0) for padded in (0, 1)]
        values = np.apply_along_axis(np.convolve, axis, np.pad(values, around, "wrap"), kernel, "valid")
    return (values - values.mean()) / values.std()


def land(height=240, width=320, seed=0):
    """Ground with structure at several scales, nowhere black or white."""
    shape = (height, width)
    base = 110 + 22 * smooth(shape, 14, seed) + 12 * smooth(shape, 4, seed + 1)
    tints = np.array([1, 0.9, 0.7])[:, None, None]
    bands = base * tints + np.random.default_rng(seed).normal(0, 5, (3, *shape))
    return np.clip(np.round(bands), 8, 245).astype(np.uint8)


def framed(picture, width, value=0):
    filled = picture.copy()
    filled[:, :width] = filled[:, -width:] = value
    filled[:, :, :width] = filled[:, :, -width:] = value
    return filled


def turned(picture, value=0, angle=0.2):
    """A picture in the corners of which nothing was seen, as after a rotation."""
    rows, cols = np.mgrid[: picture.shape[1], : picture.shape[2]] - np.array(picture.shape[1:])[:, None, None] / 2
    across, along = cols * np.cos(angle) + rows * np.sin(angle), rows * np.cos(angle) - cols * np.sin(angle)
    outside = (abs(across) > 0.44 * picture.shape[2]) | (abs(along) > 0.44 * picture.shape[1])
    return np.where(outside, np.uint8(value), picture), outside


def swath(picture, value=0):
    """A picture that ends along a slanted line."""
    rows, cols = np.mgrid[: picture.shape[1], : picture.shape[2]]
    outside = cols < 0.4 * picture.shape[2] - 0.2 * rows
    return np.where(outside, np.uint8(value), picture), outside


def blended(picture, level, noise, steep, seed=7):
    """A sea, lake or field of snow that begins within a few pixels."""
    share = np.clip((smooth(picture.shape[1:], 16, seed) - 0.7) * steep, 0, 1)
    surface = np.random.default_rng(seed).normal(level, noise, picture.shape)
    return np.clip(np.round(picture * (1 - share) + surface * share), 0, 255).astype(np.uint8)


def stretched_hard(picture, percent):
    """As from a tool that makes so many percent of each band black, and as many white."""
    low, high = (np.percentile(picture, p, axis=(1, 2), keepdims=True) for p in (percent, 100 - percent))
    return np.clip(np.round((picture - low) * 255 / (high - low)), 0, 255).astype(np.uint8)


def with_holes(picture, share, value=0, seed=3):
    """A picture of which clouds were masked away from its edges."""
    field = smooth(picture.shape[1:], 9, seed)
    rows, cols = np.mgrid[: picture.shape[1], : picture.shape[2]]
    inner = np.minimum.reduce([rows, cols, picture.shape[1] - 1 - rows, picture.shape[2] - 1 - cols]) > 20
    holes = inner & (field > np.quantile(field[inner], 1 - share * inner.size / inner.sum()))
    return np.where(holes, np.uint8(value), picture), holes
