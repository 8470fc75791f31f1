"""``landslip.export_model``, ``landslip.verify`` and ``landslip.score``: what the commands do, for programs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import landslip
from helpers.exports import write_export
from helpers.models import brightness_model
from helpers.rasters import scene_on_grid
from landslip.runtime.scoring.score_run import score_map

WITHOUT = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"tensorflow", "tf_keras", "h5py", "onnx", "tf2onnx"}:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Refuse())
import landslip
"""


def test_artifacts_are_verified(tmp_path):
    folder = write_export(tmp_path)
    report = landslip.verify(str(folder))
    assert isinstance(report, landslip.VerifyReport)
    assert report.passed
    assert all(isinstance(outcome, landslip.TrialOutcome) for outcome in report.outcomes)
    assert {outcome.verdict for outcome in report.outcomes} >= {"PASS"}
    one = landslip.verify(folder / "test.fp32.onnx", engine="onnxruntime", limits="fp32:mean=none")
    assert {outcome.engine for outcome in one.outcomes} == {"onnxruntime"}


def test_what_strays_does_not_pass(tmp_path):
    folder = write_export(tmp_path, error=0.1)
    assert not landslip.verify(folder, engine="onnxruntime").passed
    assert landslip.verify(folder, engine="onnxruntime", limits=["fp32:max=0.2"]).passed


def test_arguments_of_verify_are_checked(tmp_path):
    folder = write_export(tmp_path)
    with pytest.raises(landslip.UsageError, match="`spec` and `output` describe the file of `reference`") as raised:
        landslip.verify(folder, spec="spec.toml")
    assert raised.value.option == "reference"
    with pytest.raises(landslip.UsageError, match="Engine 'onyx' is unknown"):
        landslip.verify(folder, engine="onyx")
    with pytest.raises(landslip.UsageError, match="limit 'fp33:max=1' is not understood"):
        landslip.verify(folder, limits="fp33:max=1")


def test_what_is_missing_is_said_with_its_remedy(tmp_path):
    code = f"""{WITHOUT}
for name in landslip.__all__:
    getattr(landslip, name)
print(landslip.verify({str(write_export(tmp_path))!r}, engine="onnxruntime").passed)
try:
    landslip.export_model("m.hdf5", "out")
except landslip.UsageError as error:
    print(error.what, error.remedy, sep="|")
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    passed, error = said.splitlines()
    assert passed == "True"
    what, remedy = error.split("|")
    assert what.startswith("export_model needs the package ")
    assert remedy == "Install it with: pip install 'landslip[export]'"


def test_arguments_of_an_export_are_checked_before_anything_is_loaded():
    with pytest.raises(landslip.UsageError, match="without effect: what is exported is fp32"):
        landslip.export_model("m.hdf5", "out", limits="int8:iou=0.9")
    with pytest.raises(landslip.UsageError, match="empty"):
        landslip.export_model("", "out")


@pytest.mark.tensorflow
def test_a_keras_file_is_exported(tiny_file, tmp_path):
    (artifact,) = landslip.export_model(str(tiny_file), tmp_path / "out", name="small")
    assert isinstance(artifact, landslip.Artifact)
    assert artifact.path == tmp_path / "out" / "small.fp32.onnx"
    assert artifact.path.is_file()
    assert artifact.parity
    assert all(isinstance(figure, landslip.Parity) for figure in artifact.parity)
    with pytest.raises(landslip.UsageError, match=r"small\.fp32\.onnx is there already"):
        landslip.export_model(tiny_file, tmp_path / "out", precisions=["fp32"], name="small")


def test_a_map_is_scored(tmp_path):
    import pyogrio
    import shapely

    result = landslip.map_scene(
        scene_on_grid(tmp_path, 90, 80), model=brightness_model(tmp_path / "m.onnx"), out=tmp_path / "out",
        threshold=0.6,
    )  # fmt: skip
    truth = tmp_path / "truth.gpkg"
    outline = shapely.box(500_000, 4_999_700, 500_200, 5_000_000)
    pyogrio.raw.write(
        truth, geometry=np.array([shapely.to_wkb(outline)]), field_data=[], fields=[], crs="EPSG:32632",
        geometry_type="Polygon",
    )  # fmt: skip
    scores = landslip.score(result, str(truth))
    assert isinstance(scores, landslip.Scores)
    assert scores == score_map(tmp_path / "out" / "confidence.tif", truth, 0.6)
    assert landslip.score(tmp_path / "out" / "confidence.tif", truth, threshold=0.6) == scores
    assert landslip.score(str(Path(tmp_path / "out" / "confidence.tif")), truth) != scores
