"""Registered models for tests: small files of known content."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np

from landslip.models.registry.registry import M_ALL_006, RegisteredModel

CONTENT = np.random.default_rng(11).bytes(300_001)
"""No multiple of any block, and nothing that repeats."""


def tiny_model(url: str, content: bytes = CONTENT, **changes: object) -> RegisteredModel:
    facts = {"name": "NET", "url": url, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return dataclasses.replace(M_ALL_006, **(facts | changes))
