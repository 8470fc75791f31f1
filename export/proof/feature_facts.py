"""Facts of the features that overlapping tiles can share: how many there are, and what share of the work they are."""

from __future__ import annotations

from typing import Any

import numpy as np

from landslip.export.proof.graph_work import multiplications
from landslip.runtime.artifacts.feature_cut import FeatureCut, cut_features
from landslip.runtime.artifacts.graph_parts import GraphParts
from landslip.runtime.artifacts.onnx_file import OnnxFile
from landslip.runtime.engines import BACKENDS
from landslip.runtime.errors import UsageError
from landslip.runtime.untrusted.protobuf import MalformedError


def describe_shared_features(file: OnnxFile) -> dict[str, Any]:
    """Tell whether overlapping tiles can share features of an artifact, and which; or why not.

    Returns:
        ``possible``; then ``why_not``, or the engines, the number of tensors and of their bands, the pixels to each
        side that they see, the bytes that they take for each pixel of a row, and their share of the operations of a
        tile (None where it cannot be counted).

    Raises:
        ModelError: the file is damaged.
    """
    engines = [each.name for each in BACKENDS.values() if each.shares_features and each.objection(file) is None]
    if not engines:
        return {"possible": False, "why_not": f"No engine that shares features runs a file made for {file.target}."}
    try:
        cut = cut_features(file)
    except UsageError as error:
        return {"possible": False, "why_not": error.what}
    values = cut.shared.values
    return {
        "possible": True,
        "engines": engines,
        "tensors": len(values),
        "bands": sum(each.bands for each in values),
        "pixels_seen_to_each_side": cut.shared.reach,
        "bytes_per_pixel": sum(each.bands * np.dtype(each.dtype).itemsize for each in values),
        "share_of_operations": _share(cut),
    }


def _share(cut: FeatureCut) -> float | None:
    """Share of the multiplications of a tile that lead to its features."""
    try:
        found = [multiplications(GraphParts.read(half.content)) for half in (cut.features, cut.rest)]
    except MalformedError:
        return None
    first, rest = found
    return None if not first or rest is None else round(first / (first + rest), 4)
