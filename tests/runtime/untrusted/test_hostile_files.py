"""Files with anything changed in them: a map comes out, or one sentence; never a traceback, a hang or half a result."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import time

import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.engines import SPEC
from helpers.models import brightness_model
from helpers.rasters import CRS, LEFT, TOP, elevation, rgb, write
from landslip.runtime.artifacts.spec import METADATA_KEY
from landslip.runtime.cli.main import run
from landslip.runtime.run.product_names import PRODUCTS

SLOWEST = 60.0
"""Seconds a small map may take on a machine that does other things too: a hang, not a matter of speed."""

FEW = settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])

AREA = {
    "type": "FeatureCollection",
    "crs": {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{CRS[5:]}"}},
    "features": [
        {
            "type": "Feature",
            "properties": {},
            "geometry": {
                "type": "Polygon",
                "coordinates": [
                    [[LEFT + x, TOP - y] for x, y in ((20, 20), (300, 40), (280, 290), (40, 260), (20, 20))],
                    [[LEFT + x, TOP - y] for x, y in ((90, 90), (90, 150), (150, 150), (90, 90))],
                ],
            },
        }
    ],
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """Options and files of a small scene, compressed in blocks, and the folder they are in."""
    folder = tmp_path_factory.mktemp("scene")
    tiled = {"tiled": True, "blockxsize": 16, "blockysize": 16}
    (folder / "area.geojson").write_text(json.dumps(AREA))
    clouds = rgb(60, 60, 5)[0] > 200
    files = {
        "-m": brightness_model(folder / "model.onnx"),
        "--pre": write(folder / "pre.tif", rgb(34, 33), 10.0, compress="deflate", **tiled),
        "--post": write(folder / "post.tif", rgb(56, 55, 1), 6.0, compress="lzw", nodata=0),
        "--dem": write(folder / "dem.tif", elevation(18, 18), 30.0, left=LEFT - 100, top=TOP + 100, **tiled),
        "--mask": write(folder / "clouds.tif", clouds.astype("uint8"), 6.0, compress="packbits"),
        "--aoi": folder / "area.geojson",
    }
    pyogrio.raw.write(
        folder / "area.gpkg", shapely.to_wkb([shapely.from_geojson(json.dumps(AREA["features"][0]))]), [], [],
        geometry_type="Polygon", crs=CRS, driver="GPKG",
    )  # fmt: skip
    assert landslip_map(files, folder / "whole")[0] == 0  # no time counts here: it may compile all loops first
    return folder, files


def landslip_map(files, out):
    """Map a scene: exit code and what was said."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        code = run(["map", *(str(part) for pair in files.items() for part in pair), "-o", str(out), "--tile", "32"])
    return code, said.getvalue()


def mapped(files, out):
    """Map a scene in a time that no hostile file may draw out: exit code and what was said."""
    started = time.perf_counter()
    result = landslip_map(files, out)
    assert time.perf_counter() - started < SLOWEST
    return result


def map_or_sentence(files, out):
    """Map a scene, and check that it ends as it may end."""
    shutil.rmtree(out, ignore_errors=True)
    code, said = mapped(files, out)
    found = {path.name for path in out.iterdir()} if out.exists() else set()
    if code == 0:
        assert found >= set(PRODUCTS)
        return
    assert code in {1, 2, 3, 4}, said
    assert not found & set(PRODUCTS)
    lines = said.strip().splitlines()
    assert lines[-1].startswith("landslip: ")
    assert lines[-1].endswith((".", ")", "'"))
    assert "Traceback" not in said


def changed(content, changes, length):
    """Bytes with stretches replaced, cut to a share of their length."""
    result = bytearray(content)
    for place, inserted, removed in changes:
        start = int(place * len(result))
        result[start : start + removed] = inserted
    return bytes(result[: round(length * len(result))])


PLACES = st.one_of(st.floats(0, 0.999), st.floats(0, 0.1), st.floats(0, 0.02))
CHANGES = st.lists(st.tuples(PLACES, st.binary(max_size=6), st.integers(0, 6)), max_size=4)
LENGTHS = st.one_of(st.just(1.0), st.just(1.0), st.floats(0, 1))


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ("--pre", "pre.tif"),
        ("--post", "post.tif"),
        ("--dem", "dem.tif"),
        ("--mask", "clouds.tif"),
        ("--aoi", "area.geojson"),
        ("--aoi", "area.gpkg"),
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # rasterio quotes what is no text
@FEW
@given(changes=CHANGES, length=LENGTHS)
@pytest.mark.slow
def test_changed_files(scene, option, name, changes, length):
    folder, files = scene
    path = folder / f"changed-{name}"
    path.write_bytes(changed((folder / name).read_bytes(), changes, length))
    map_or_sentence(files | {option: path}, folder / "out")


@FEW
@given(place=st.floats(0.2, 0.999), damage=st.binary(min_size=1, max_size=400))
@pytest.mark.slow
def test_damaged_blocks_behind_a_sound_header(scene, place, damage):
    folder, files = scene
    content = bytearray(files["--pre"].read_bytes())
    start = int(place * len(content))
    content[start : start + len(damage)] = damage
    (folder / "damaged.tif").write_bytes(content[: len(files["--pre"].read_bytes())])
    map_or_sentence(files | {"--pre": folder / "damaged.tif"}, folder / "out")


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, -1, 2, 3, 32, 96, 224.0, 1 << 70, 0.5, 6.5, -6.0, 1e300, 1e-300, float("nan")]),
    st.sampled_from(["", "pre", "slope", "confidence", "uint8", "float32", "../x", "\x1b[2J", "dem"]),
    st.sampled_from([[], {}, [1, 2, 3], [[]]]),
)


def places(value, path=()):
    """Where something can be changed in JSON."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield from places(each, (*path, key))


@FEW
@given(data=st.data())
def test_changed_descriptions_of_the_model(scene, data):
    folder, files = scene
    description = json.loads(SPEC.to_json())
    for _ in range(data.draw(st.integers(1, 2))):
        *parents, key = data.draw(st.sampled_from([place for place in places(description) if place]))
        holder = description
        for parent in parents:
            holder = holder[parent]
        if data.draw(st.booleans()):
            holder[key] = data.draw(VALUES)
        else:
            del holder[key]
    path = brightness_model(folder / "changed.onnx", None, extra={METADATA_KEY: json.dumps(description)})
    map_or_sentence(files | {"-m": path}, folder / "out")


@FEW
@given(changes=CHANGES, length=LENGTHS)
def test_changed_models(scene, changes, length):
    folder, files = scene
    path = folder / "changed.onnx"
    path.write_bytes(changed(files["-m"].read_bytes(), changes, length))
    map_or_sentence(files | {"-m": path}, folder / "out")
