"""A program that makes maps in its own process is left as it was: signals, environment, folder, output, loggers."""

from __future__ import annotations

import json
import subprocess
import sys

from helpers.models import brightness_model
from helpers.rasters import scene_mixed

CODE = """
import json, logging, os, signal, sys

def state():
    handlers = {}
    for number in signal.valid_signals():
        handlers[int(number)] = str(signal.getsignal(number))
    names = ["", "landslip"]
    loggers = {name: [logging.getLogger(name).level, len(logging.getLogger(name).handlers)] for name in names}
    return {"signals": handlers, "folder": os.getcwd(), "environment": dict(os.environ), "loggers": loggers,
            "hooks": [sys.excepthook is sys.__excepthook__]}

before = state()
import landslip
with landslip.open_mapper("m.onnx") as mapper:
    mapper.map(pre="pre.tif", post="post.tif", dem="dem.tif", masks="mask.tif", out="out", deadline=600)
    try:
        mapper.map(pre="gone.tif", post="post.tif", dem="dem.tif", out="other")
    except landslip.InputMissingError:
        pass
after = state()
with open("states.json", "w") as file:
    json.dump([before, after], file)
"""


def test_a_map_leaves_the_process_as_it_was(tmp_path):
    scene_mixed(tmp_path)
    brightness_model(tmp_path / "m.onnx")
    done = subprocess.run([sys.executable, "-c", CODE], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    before, after = json.loads((tmp_path / "states.json").read_text())
    assert after.pop("environment") == before.pop("environment") | {"ORT_DISABLE_TELEMETRY": "1"}
    assert after == before
