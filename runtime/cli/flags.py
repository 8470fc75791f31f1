"""Switches as the command line names them, in messages that name them as Python does."""

from __future__ import annotations

import re

_SWITCH = re.compile(r"\b(resume|overwrite|force)=True\b")


def with_flags(text: str) -> str:
    """A message with ``--resume`` where it says ``resume=True``, and so on."""
    return _SWITCH.sub(r"--\1", text)
