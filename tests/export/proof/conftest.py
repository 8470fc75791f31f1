from __future__ import annotations

import pytest

from helpers.exports import write_export


@pytest.fixture
def export(tmp_path):
    """A folder with an fp32 artifact, its record, and reference tiles that it meets."""
    folder = tmp_path / "export"
    folder.mkdir()
    return write_export(folder)
