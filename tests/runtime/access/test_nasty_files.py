"""Files made to hang, to fill the memory, or to break something: each gets a sentence, or a map."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys

import numpy as np
import pytest

from helpers.models import brightness_model
from helpers.rasters import LEFT, TOP, elevation, rgb, write
from landslip.runtime.cli.main import run
from landslip.runtime.run.product_names import PRODUCTS

WIDTH, LENGTH, BANDS, OFFSETS, STRIP = 256, 257, 277, 273, 278
"""Tags of a TIFF."""
HOME = f"{LEFT}, 6, 0, {TOP}, 0, -6"


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scene")
    files = {
        "-m": brightness_model(folder / "model.onnx"),
        "--pre": write(folder / "pre.tif", rgb(60, 60), 6.0),
        "--post": write(folder / "post.tif", rgb(60, 60, 1), 6.0),
        "--dem": write(folder / "dem.tif", elevation(20, 20), 30.0, left=LEFT - 100, top=TOP + 100),
    }
    return folder, files


def command(files, out):
    return ["map", *(str(part) for pair in files.items() for part in pair), "-o", str(out), "--tile", "32"]


def virtual(path, transform=HOME, size=60, source="pre.tif"):
    """A virtual raster over another one."""
    part = (
        "<SimpleSource><SourceFilename relativeToVRT='1'>{}</SourceFilename><SourceBand>{}</SourceBand></SimpleSource>"
    )
    bands = "".join(
        f"<VRTRasterBand dataType='Byte' band='{band}'>{part.format(source, band)}</VRTRasterBand>"
        for band in (1, 2, 3)
    )
    head = f"<VRTDataset rasterXSize='{size}' rasterYSize='{size}'><SRS>EPSG:32632</SRS>"
    path.write_text(f"{head}<GeoTransform>{transform}</GeoTransform>{bands}</VRTDataset>")


def tagged(path, changes):
    """The image before, with other numbers in its TIFF directory."""
    content = bytearray((path.parent / "pre.tif").read_bytes())
    start = struct.unpack("<I", content[4:8])[0]
    for entry in range(struct.unpack_from("<H", content, start)[0]):
        place = start + 2 + 12 * entry
        tag = struct.unpack_from("<H", content, place)[0]
        if tag in changes:
            struct.pack_into("<HHII", content, place, tag, 4, 1, changes[tag])
    path.write_bytes(content)


def endless(path):
    """A directory of a TIFF that is its own next one."""
    content = bytearray((path.parent / "pre.tif").read_bytes())
    start = struct.unpack("<I", content[4:8])[0]
    struct.pack_into("<I", content, start + 2 + 12 * struct.unpack_from("<H", content, start)[0], start)
    path.write_bytes(content)


def outline(path, coordinates):
    """One polygon, in whatever numbers."""
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": coordinates}}
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32632"}}
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": [feature]}))


def heights(path, value, dtype):
    """Ground with a hole of one value."""
    dem = elevation(20, 20).astype(dtype)
    dem[8:10, 8:10] = value
    write(path, dem, 30.0, left=LEFT - 100, top=TOP + 100)


BIG, INF, NAN = 1e308, float("inf"), float("nan")
SPIKE = [[[LEFT, TOP], [LEFT + 300, TOP], [LEFT + 300, TOP - 300], [LEFT, TOP]]]

NASTY = {
    "itself.vrt": ("--pre", lambda path: virtual(path, source="itself.vrt"), "cannot be read"),
    "endless.vrt": (
        "--pre",
        lambda path: virtual(path, f"{LEFT - 1e9}, 6, 0, {TOP + 1e9}, 0, -6", 2**31 - 1),
        "would be observed",
    ),
    "dust.vrt": ("--pre", lambda path: virtual(path, f"{LEFT}, 1e-7, 0, {TOP}, 0, -1e-7", 2**31 - 1), "under a single"),
    "nan.vrt": ("--post", lambda path: virtual(path, f"nan, 6, 0, {TOP}, 0, -6"), "no usable georeferencing"),
    "inf.vrt": ("--post", lambda path: virtual(path, f"{LEFT}, inf, 0, {TOP}, 0, -6"), "no usable georeferencing"),
    "flat.vrt": ("--pre", lambda path: virtual(path, f"{LEFT}, 1e-320, 0, {TOP}, 0, -6"), "no area in common"),
    "vast.vrt": ("--post", lambda path: virtual(path, f"{LEFT}, 1e300, 0, {TOP}, 0, -1e300"), "on the globe"),
    "wide.tif": ("--pre", lambda path: tagged(path, {WIDTH: 2**31 - 1}), "blocks of"),
    "huge.tif": (
        "--pre",
        lambda path: tagged(path, {WIDTH: 2**20, LENGTH: 2**20, STRIP: 2**20}),
        "cannot be read in rows",
    ),
    "bands.tif": ("--pre", lambda path: tagged(path, {BANDS: 65535}), "cannot be read as a raster"),
    "beyond.tif": ("--pre", lambda path: tagged(path, {OFFSETS: 2**31}), "cannot be read in rows"),
    "circle.tif": ("--pre", endless, None),
    "far.tif": ("--post", lambda path: write(path, rgb(60, 60), 6.0, left=5e8, top=5e9), "on the globe"),
    "degrees.tif": ("--pre", lambda path: write(path, rgb(60, 60), 6.0, crs="EPSG:4326"), "lies outside the globe"),
    "nan.geojson": ("--aoi", lambda path: outline(path, [[[NAN, 1], [2, 3], [4, 5], [NAN, 1]]]), "damaged outlines"),
    "two.geojson": ("--aoi", lambda path: outline(path, [SPIKE[0][:2]]), "damaged outlines"),
    "big.geojson": (
        "--aoi",
        lambda path: outline(path, [[[-BIG, -BIG], [BIG, -BIG], [BIG, BIG], [-BIG, -BIG]]]),
        "brought",
    ),
    "inf.geojson": ("--aoi", lambda path: outline(path, [[[-INF, 0], [9, 9], [0, 9], [-INF, 0]]]), "no numbers"),
    "point.geojson": ("--aoi", lambda path: outline(path, [[[0, 0]] * 4]), "lies outside"),
    "none.geojson": ("--aoi", lambda path: outline(path, []), "no polygon"),
    "spike.geojson": ("--aoi", lambda path: outline(path, SPIKE), None),
    "deep.geojson": ("--aoi", lambda path: path.write_text("[" * 100_000), "cannot be read"),
    "lowest.tif": ("--dem", lambda path: heights(path, np.finfo(np.float32).min, np.float32), None),
}
"""For each name the option it is given to, what writes it, and what is said of it; None where it can be mapped."""


SLOW = {"huge.tif", "dust.vrt", "endless.vrt"}


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in NASTY])
def test_nasty_files_get_a_sentence(scene, tmp_path, name, capsys):
    folder, files = scene
    option, make, words = NASTY[name]
    path = folder / name
    make(path)
    code, said = run(command(files | {option: path}, tmp_path / "out")), capsys.readouterr().err
    if words is None:
        assert code == 0, said
        assert {path.name for path in (tmp_path / "out").iterdir()} >= set(PRODUCTS)
        return
    last = said.strip().splitlines()[-1]
    assert (code, last[:10]) == (3, "landslip: ")
    assert words in last
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.name == "nt", reason="names of any bytes, and of limited length")
@pytest.mark.parametrize("option", ["--pre", "--dem", "--mask", "--aoi", "--scene", "-m"])
@pytest.mark.parametrize("name", ["x" * 300, os.fsdecode(b"caf\xe9.tif")], ids=["long", "no text"])
def test_names_that_no_library_takes_get_a_sentence(scene, tmp_path, option, name, capsys):
    _, files = scene
    if len(name) < 300:
        (tmp_path / name).write_bytes((files.get(option) or files["--pre"]).read_bytes())
    assert run(command(files | {option: tmp_path / name}, tmp_path / "out")) == 3
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith("landslip: ")
    assert "Error" not in said
    assert "codec" not in said


@pytest.mark.parametrize("option", ["--pre", "--mask", "--aoi", "--scene", "-m", "-o"])
def test_an_empty_name_is_not_the_working_folder(scene, tmp_path, option, capsys, monkeypatch):
    _, files = scene
    monkeypatch.chdir(tmp_path)
    arguments = command(files, tmp_path / "out")
    assert run([*arguments, option, ""]) == 2
    assert "The name is empty" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
@pytest.mark.parametrize("option", ["--pre", "--aoi", "-m"])
def test_a_pipe_is_not_waited_for(scene, tmp_path, option):
    _, files = scene
    os.mkfifo(tmp_path / "pipe.tif")
    arguments = command(files | {option: tmp_path / "pipe.tif"}, tmp_path / "out")
    code = "import sys; from landslip.runtime.cli.main import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 3
    assert "is no regular file" in ended.stderr.splitlines()[-1]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
def test_a_virtual_file_that_leads_to_a_pipe_is_not_waited_for(scene, tmp_path, capsys):
    _, files = scene
    os.mkfifo(tmp_path / "pipe.tif")
    virtual(tmp_path / "inner.vrt", source="pipe.tif")
    virtual(tmp_path / "outer.vrt", source="inner.vrt")
    assert run(command(files | {"--pre": tmp_path / "outer.vrt"}, tmp_path / "out")) == 3
    assert re.search(r"inner\.vrt leads to .*pipe\.tif, which is no regular file", capsys.readouterr().err)


@pytest.mark.parametrize("name", ["/vsistdin/", "/vsistdin?buffer_limit=1GB", "/vsigzip//vsistdin/"])
def test_standard_input_is_not_waited_for(scene, tmp_path, name, capsys):
    _, files = scene
    for option in ("--pre", "--aoi"):
        assert run(command(files | {option: name}, tmp_path / "out")) == 3
        assert "is standard input. Save what comes from it as a file first" in capsys.readouterr().err


def test_virtual_files_that_lead_to_each_other_a_million_times_are_refused(scene, tmp_path, capsys):
    _, files = scene
    name = "<SourceFilename relativeToVRT='1'>{}.vrt</SourceFilename>"
    part = f"<SimpleSource>{name}<SourceBand>1</SourceBand></SimpleSource>"
    for level in range(12):
        virtual(tmp_path / f"{level}.vrt", source=str(files["--pre"]) if level == 0 else f"{level - 1}.vrt")
        text = (tmp_path / f"{level}.vrt").read_text()
        if level:
            more = part.format(level - 1) * 8
            (tmp_path / f"{level}.vrt").write_text(text.replace("</VRTRasterBand>", f"{more}</VRTRasterBand>"))
    assert run(command(files | {"--pre": tmp_path / "11.vrt"}, tmp_path / "out")) == 3
    assert "leads to other virtual files" in capsys.readouterr().err
    (tmp_path / "wide.vrt").write_text((tmp_path / "1.vrt").read_text())
    assert run(command(files | {"--pre": tmp_path / "wide.vrt"}, tmp_path / "out")) == 0
