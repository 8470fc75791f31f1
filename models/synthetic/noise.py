"""Hashes and gradient noise on an unbounded lattice: the only source of randomness of a synthetic event.

All functions are pure: they take positions and a seed, and neither keep nor advance any state. They are compiled by
numba without fast-math, so that the same arguments give the same bits wherever they are called from.
"""

from __future__ import annotations

import math

import numpy as np

from landslip.runtime.compiled.kernel import kernel

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_X = np.uint64(0xD6E8FEB86659FD93)
_MIX_Y = np.uint64(0xA0761D6478BD642F)
_MIX_A = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B = np.uint64(0x94D049BB133111EB)
_S27, _S30, _S31, _S11 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(11)
_TO_UNIT = 1.0 / 9007199254740992.0  # 2**-53
_TURN = 2.0 * math.pi


@kernel
def hash_unit(col: int, row: int, seed: int) -> float:
    """A number in [0, 1) that looks random: splitmix64 (Steele et al. 2014) of three integers."""
    bits = np.uint64(col) * _MIX_X + np.uint64(row) * _MIX_Y + (np.uint64(seed) + np.uint64(1)) * _GOLDEN
    bits = (bits ^ (bits >> _S30)) * _MIX_A
    bits = (bits ^ (bits >> _S27)) * _MIX_B
    bits ^= bits >> _S31
    return float(bits >> _S11) * _TO_UNIT


@kernel
def gradient_noise(x: float, y: float, seed: int) -> float:
    """Gradient noise of unit wavelength (Perlin 2002): -1..1, mean 0, standard deviation 0.32."""
    col, row = math.floor(x), math.floor(y)
    u, v = x - col, y - row
    near_left = _corner(col, row, u, v, seed)
    near_right = _corner(col + 1, row, u - 1.0, v, seed)
    far_left = _corner(col, row + 1, u, v - 1.0, seed)
    far_right = _corner(col + 1, row + 1, u - 1.0, v - 1.0, seed)
    fade_u, fade_v = _fade(u), _fade(v)
    near = near_left + fade_u * (near_right - near_left)
    far = far_left + fade_u * (far_right - far_left)
    return 1.5 * (near + fade_v * (far - near))


@kernel
def fractal_noise(x: float, y: float, octaves: int, seed: int) -> float:
    """Sum of `octaves` of gradient noise, each of half the wavelength and half the height; about -1..1."""
    total, height, norm = 0.0, 1.0, 0.0
    for octave in range(octaves):
        total += height * gradient_noise(x, y, seed + 7919 * octave)
        norm += height
        height *= 0.5
        x, y = 2.03 * x + 17.7, 2.03 * y - 9.1
    return total / norm


@kernel
def smoothstep(low: float, high: float, value: float) -> float:
    """0 up to `low`, 1 from `high` on, and a smooth cubic between."""
    t = min(1.0, max(0.0, (value - low) / (high - low)))
    return t * t * (3.0 - 2.0 * t)


@kernel
def nearest_seed(x: float, y: float, seed: int) -> tuple[float, float]:
    """The cell of a jittered unit lattice that (x, y) lies in (Worley 1996).

    Returns:
        A number in [0, 1) that names the cell, and the distance to the border with the nearest other cell.
    """
    col, row = math.floor(x), math.floor(y)
    best, second, name = 9.0, 9.0, 0.0
    for j in range(row - 1, row + 2):
        for i in range(col - 1, col + 2):
            dx = i + hash_unit(i, j, seed) - x
            dy = j + hash_unit(i, j, seed + 1) - y
            distance = dx * dx + dy * dy
            if distance < best:
                best, second, name = distance, best, hash_unit(i, j, seed + 2)
            elif distance < second:
                second = distance
    return name, 0.5 * (math.sqrt(second) - math.sqrt(best))


@kernel
def _corner(col: int, row: int, u: float, v: float, seed: int) -> float:
    angle = _TURN * hash_unit(col, row, seed)
    return math.cos(angle) * u + math.sin(angle) * v


@kernel
def _fade(t: float) -> float:
    return t * t * t * (t * (6.0 * t - 15.0) + 10.0)
