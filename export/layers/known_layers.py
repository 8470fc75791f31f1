"""The layer classes landslip knows: what is not here is refused by name.

No class is here that can carry code. Nothing in this room imports TensorFlow: what a saved layer takes, gives and
weighs is worked out before anything is instantiated.
"""

from __future__ import annotations

from landslip.export.layers import (
    arithmetic,
    convolution,
    merging,
    normalising,
    pointwise,
    resampling,
    reshaping,
    slicing,
)
from landslip.export.layers.layer_kind import Kind

KINDS: dict[str, Kind] = {
    **convolution.KINDS,
    **merging.KINDS,
    **normalising.KINDS,
    **pointwise.KINDS,
    **resampling.KINDS,
    **reshaping.KINDS,
}
"""Layers that are rebuilt, by Keras class name."""

OPERATIONS: dict[str, Kind] = {**arithmetic.KINDS, **slicing.KINDS}
"""Functions called on values that are rebuilt as layers, by our own names; no file declares them."""

REBUILT: dict[str, Kind] = {**KINDS, **OPERATIONS}
"""Layers and functions that are rebuilt, by name."""

TRANSPARENT = frozenset(
    {
        "ActivityRegularization",
        "AlphaDropout",
        "Dropout",
        "GaussianDropout",
        "GaussianNoise",
        "Identity",
        "RandomBrightness",
        "RandomContrast",
        "RandomFlip",
        "RandomRotation",
        "RandomTranslation",
        "RandomZoom",
        "SpatialDropout2D",
    }
)
"""Layers that do nothing once training is over, and are left out."""

ONLY_TRAINS = frozenset({"Resizing", *(kind for kind in TRANSPARENT if kind.startswith("Random"))})
"""Layers of images that Keras 3 saves as called in training, and calls as the whole model is called."""

ALIASES = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
}
"""Other names of the same thing: TensorFlow 1.13 and 1.14 saved the first two."""

MODELS = frozenset({"Functional", "Model", "Sequential"})
"""Models, which can also be layers of another model."""

OP_LAYERS = frozenset({"TensorFlowOpLayer"})
"""Layers that carry a raw TensorFlow op. None is rebuilt: a served output must do without them."""

KNOWN = frozenset({*KINDS, *TRANSPARENT, *ALIASES, *MODELS, *OP_LAYERS})
"""Every class a file may declare, whether its served output needs it or not."""
