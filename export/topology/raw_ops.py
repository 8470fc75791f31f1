"""Reads which raw TensorFlow op a layer carries, without TensorFlow."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf.empty_pb2 import Empty  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from google.protobuf.unknown_fields import UnknownFieldSet  # type: ignore[import-untyped]

ALLOWED_OPS = frozenset({"ResizeBilinear"})
"""Raw TensorFlow ops a model may declare in op layers; none of them is ever run."""

_OP = 2
"""Number of the field of a NodeDef that names the op."""


def op_of(node_def: Any) -> str | None:
    """The op of a NodeDef, saved as a JSON object, as JSON text, or as protobuf bytes in a string."""
    if isinstance(node_def, str):
        try:
            node_def = json.loads(node_def)
        except (ValueError, RecursionError):
            return _op_of_protobuf(node_def)
    op = node_def.get("op") if isinstance(node_def, dict) else None
    return op if isinstance(op, str) else None


def _op_of_protobuf(text: str) -> str | None:
    # Read as a message without fields, every field of which is unknown: no definition of NodeDef is needed.
    try:
        fields = UnknownFieldSet(Empty.FromString(text.encode("utf-8")))
        ops = [field.data.decode("utf-8") for field in fields if field.field_number == _OP and field.wire_type == 2]
    except (DecodeError, UnicodeError):
        return None
    return ops[-1] if ops else None
