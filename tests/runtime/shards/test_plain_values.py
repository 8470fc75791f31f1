"""Requests as JSON and back."""

from __future__ import annotations

import json
import math
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from helpers.shards import shard_event
from landslip.runtime.access.raster_array import RasterArray
from landslip.runtime.declared.acquired import Acquired
from landslip.runtime.engines import EngineOptions
from landslip.runtime.errors import UsageError
from landslip.runtime.inputs.granules import BandFile, Granule, ProductMask
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import ItemGranule, SceneFiles, SourceItem
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.shards.map_anywhere import map_scene
from landslip.runtime.shards.plain_values import parsed, plain

ROOT = Path("/data")
WHEN = Acquired(datetime(2018, 9, 6, 3, 8, tzinfo=timezone.utc), whole_day=False, source="name")
GRANULE = Granule(
    "Sentinel-2 L2A", "S2A_…", WHEN, {"red": BandFile(ROOT / "B04.jp2", scale=1e-4, nodata=0.0)}, None,
    ProductMask("/vsizip//data/a.zip/SCL.jp2", "scl"),
)  # fmt: skip
FILES = SceneFiles(
    pre=(ROOT / "a.tif", "https://host/b.tif?key=1"),
    post=ROOT / "c.tif",
    dem=f'NETCDF:"{ROOT}/dem.nc":height',
    masks=(ROOT / "m.tif",),
    aoi="9.5,46.1,9.6,46.2",
    reading=ReadOptions(nodata=-9999.0, bands=(3, 2, 1), rgb_range=(0.0, math.pi), on_error="skip"),
    sources=(SourceItem(ROOT / "a.tif", "item", None),),
    item_granules=(ItemGranule("pre", (ROOT / "a.tif",), GRANULE),),
)


def through_json(value):
    return parsed(json.loads(json.dumps(plain(value))))


def test_a_request_comes_back_as_it_was():
    request = MapRequest(ROOT / "m.onnx", FILES, ROOT / "out", threshold=0.1 + 0.2, engine=EngineOptions(device="cuda"))
    assert through_json(request) == request


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.datetimes(),
        lambda inner: st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    )
)
def test_values_come_back_bit_by_bit(value):
    assert through_json(value) == value


def test_relative_paths_become_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert through_json(Path("a.tif")) == tmp_path / "a.tif"
    assert through_json('NETCDF:"a.nc":height') == f'NETCDF:"{tmp_path}/a.nc":height'
    assert through_json("/vsizip//data/a.zip/b.tif") == "/vsizip//data/a.zip/b.tif"


@pytest.mark.parametrize("content", [{"class": "Path", "fields": {}}, {"class": "EngineOptions", "fields": {"x": 1}}])
def test_what_is_none_of_the_classes_is_refused(content):
    with pytest.raises(ValueError, match="not understood"):
        parsed(content)


def test_arrays_are_refused_with_the_reason(tmp_path):
    event = shard_event(tmp_path / "event", height_m=600.0)
    values = np.ones((3, 100, 100), np.uint8)
    array = RasterArray(values, Affine(10.0, 0, 600000, 0, -10.0, 5000000), "EPSG:32633")
    with pytest.raises(UsageError) as caught:
        map_scene(
            pre=array, post=event.files.post, dem=event.files.dem, model=event.model, out=tmp_path / "out",
            on="processes:1", tile=64, force=True,
        )  # fmt: skip
    assert caught.value.option == "on"
