"""Peers are loaded after pyogrio: some of them import TensorFlow, whose SQLite GDAL would take for its own."""

from __future__ import annotations

import os
import subprocess
import sys


def test_pyogrio_is_loaded_before_torch(tmp_path):
    (tmp_path / "torch.py").write_text("import sys\nprint('pyogrio.raw' in sys.modules)\n")
    loaded = subprocess.run(
        [sys.executable, "-c", "import landslip.benchmarks.baselines.torch_predictor"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout.split() == ["True"]
