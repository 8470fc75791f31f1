"""The written layer, read back."""

import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pyogrio.raw
import pytest
import shapely
from pyogrio.errors import DataSourceError
from rasterio.crs import CRS

from landslip.runtime.errors import EngineError, OutputError, UsageError
from landslip.runtime.products import geopackage
from landslip.runtime.products.geopackage import write_landslides
from landslip.runtime.products.geopackage_check import damage_of, faults_of
from landslip.runtime.products.landslide import Landslide
from landslip.runtime.products.landslide_summary import CountedLandslides, Summary
from landslip.runtime.products.not_observed import NotObserved
from landslip.runtime.styles import field_labels

UTM = CRS.from_epsg(32648)


def landslides(count: int) -> Iterator[Landslide]:
    for i in range(count):
        square = shapely.box(10 * i, 0, 10 * i + 6, 6)
        apart = shapely.box(10 * i + 6, 6, 10 * i + 8, 8)
        known = i % 3 != 1
        yield Landslide(
            geometry=shapely.MultiPolygon([square.difference(shapely.box(10 * i + 1, 1, 10 * i + 2, 2)), apart]),
            pixels=39,
            area_m2=39.0 + i,
            area_ha=0.0039,
            perimeter_m=36.0,
            length_m=9.5,
            width_m=8.25,
            elev_min=100.5 if known else None,
            elev_max=120.5 if known else None,
            relief_m=20.0 if known else None,
            reach_angle=45.5 if known else None,
            slope_mean=30.0 + i if known else None,
            aspect_mean=271.5 if known else None,
            confidence_mean=0.625,
            confidence_max=0.75,
            confidence_class=("possible", "probable", "likely")[i % 3],
            lon=104.5 if known else None,
            lat=-33.5 if known else None,
            date_from="2018-09-05" if known else None,
            date_to="2018-09-06T01:20:21Z" if known else None,
            edge=i % 2 == 1,
        )


def unseen(count: int) -> Iterator[NotObserved]:
    for i in range(count):
        shape = shapely.MultiPolygon([shapely.box(100 * i, 50, 100 * i + 60, 60)])
        yield NotObserved(shape, ("nodata", "mask")[i % 2], 600.5 + i)


@pytest.mark.parametrize("chunk", [1, 3, 5, 1000])
def test_what_is_written_can_be_read(tmp_path: Path, chunk: int) -> None:
    path = tmp_path / "landslides.gpkg"
    expected = list(landslides(5))
    counted = CountedLandslides(iter(expected))
    write_landslides(path, counted, UTM, not_observed=unseen(3), chunk=chunk)
    assert counted.summary == Summary(5, 5 * 39 + 10, {"possible": 2, "probable": 2, "likely": 1}, 2)

    assert [name for name, _ in pyogrio.list_layers(path)] == ["landslides", "not_observed", "layer_styles"]
    meta, _, geometry, fields = pyogrio.raw.read(path, layer="landslides")
    assert CRS.from_user_input(meta["crs"]) == UTM
    assert meta["geometry_type"] == "MultiPolygon"
    assert list(meta["fields"]) == list(field_labels.LANDSLIDE_LABELS)
    assert list(shapely.from_wkb(geometry)) == [one.geometry for one in expected]
    found = dict(zip(meta["fields"], fields, strict=True))
    assert found.pop("id").tolist() == [1, 2, 3, 4, 5]
    days = {name: np.datetime_as_string(found.pop(name)).tolist() for name in ("date_from", "date_to")}
    assert days == {
        "date_from": ["2018-09-05", "NaT", "2018-09-05", "2018-09-05", "NaT"],
        "date_to": ["2018-09-06", "NaT", "2018-09-06", "2018-09-06", "NaT"],
    }
    for name, values in found.items():
        wanted = [getattr(one, name) for one in expected]
        assert [None if value != value else value for value in values.tolist()] == wanted, name


def test_what_was_not_observed_can_be_read(tmp_path: Path) -> None:
    path, expected = tmp_path / "landslides.gpkg", list(unseen(5))
    write_landslides(path, landslides(2), UTM, not_observed=iter(expected), chunk=2)
    meta, _, geometry, (ids, reasons, areas) = pyogrio.raw.read(path, layer="not_observed")
    assert CRS.from_user_input(meta["crs"]) == UTM
    assert list(meta["fields"]) == list(field_labels.NOT_OBSERVED_LABELS)
    assert list(shapely.from_wkb(geometry)) == [one.geometry for one in expected]
    assert ids.tolist() == [1, 2, 3, 4, 5]
    assert reasons.tolist() == [one.reason for one in expected]
    assert areas.tolist() == [one.area_m2 for one in expected]


def test_each_layer_says_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "landslides.gpkg"
    write_landslides(path, landslides(2), UTM, notice="Look out.")
    said = {
        layer: pyogrio.read_info(path, layer=layer)["layer_metadata"]["DESCRIPTION"]
        for layer in ("landslides", "not_observed")
    }
    assert said["landslides"].startswith("Look out. area_m2: square metres on the ground; ")
    assert "hide none whole" in said["not_observed"]


def test_polygons_with_many_corners_are_written_a_few_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    write = pyogrio.raw.write

    def counted(*args: Any, **options: Any) -> Any:
        sizes.append(0 if args[1] is None else len(args[1]))
        return write(*args, **options)

    monkeypatch.setattr(geopackage, "MOST_COORDINATES", 30)
    monkeypatch.setattr(pyogrio.raw, "write", counted)
    write_landslides(tmp_path / "landslides.gpkg", landslides(5), UTM)  # of 15 coordinates each
    assert [size for size in sizes if size] == [3, 2]


def test_what_is_unknown_is_null_and_types_are_those_of_sql(tmp_path: Path) -> None:
    path = tmp_path / "landslides.gpkg"
    write_landslides(path, landslides(5), UTM)
    database = sqlite3.connect(path)
    kinds = {
        name: database.execute(f"SELECT typeof({name}) FROM landslides ORDER BY id").fetchall()  # noqa: S608
        for name in ("slope_mean", "lon", "date_from")
    }
    types = dict(database.execute("SELECT name, type FROM pragma_table_info('landslides')").fetchall())
    checked = database.execute("PRAGMA integrity_check").fetchone()
    database.close()
    assert [kind for (kind,) in kinds["slope_mean"]] == ["real", "null", "real", "real", "null"]
    assert [kind for (kind,) in kinds["lon"]] == ["real", "null", "real", "real", "null"]
    assert [kind for (kind,) in kinds["date_from"]] == ["text", "null", "text", "text", "null"]
    assert (types["date_from"], types["edge"], types["confidence_class"]) == ("DATE", "BOOLEAN", "TEXT")
    assert checked == ("ok",)


def test_no_landslides_make_an_empty_layer(tmp_path: Path) -> None:
    path = tmp_path / "landslides.gpkg"
    counted = CountedLandslides([])
    write_landslides(path, counted, UTM)
    assert counted.summary == Summary(0, 0.0, {"possible": 0, "probable": 0, "likely": 0}, 0)
    for layer in ("landslides", "not_observed"):
        info = pyogrio.read_info(path, layer=layer)
        assert info["features"] == 0
        assert info["crs"] == "EPSG:32648"
        assert info["geometry_type"] == "MultiPolygon"
        assert info["fields"].tolist()[0] == "id"
    assert [file.name for file in tmp_path.iterdir()] == ["landslides.gpkg"]


def test_a_crs_without_a_code_survives(tmp_path: Path) -> None:
    crs = CRS.from_proj4("+proj=laea +lat_0=33 +lon_0=104 +datum=WGS84 +units=m")
    write_landslides(tmp_path / "landslides.gpkg", landslides(1), crs)
    found = pyogrio.read_info(tmp_path / "landslides.gpkg", layer="landslides")["crs"]
    assert CRS.from_user_input(found).to_dict()["proj"] == "laea"
    assert CRS.from_user_input(found).to_dict()["lat_0"] == 33


def test_only_the_result_is_left_and_it_replaces_an_older_one(tmp_path: Path) -> None:
    path = tmp_path / "landslides.gpkg"
    path.write_bytes(b"something older")
    (tmp_path / "landslides.gpkg-wal").write_bytes(b"its log")
    for ending in ("", "-journal"):
        left = tmp_path / f".landslip-partial-0badcafe-landslides.gpkg{ending}"
        left.write_bytes(b"left by a crash")
        os.utime(left, (0, 0))
    write_landslides(path, landslides(3), UTM, chunk=2)
    assert [file.name for file in tmp_path.iterdir()] == ["landslides.gpkg"]
    assert pyogrio.read_info(path, layer="landslides")["features"] == 3


def test_equal_landslides_make_equal_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "a" / "landslides.gpkg", tmp_path / "b" / "landslides.gpkg"
    for path in (first, second):
        path.parent.mkdir()
        write_landslides(path, landslides(50), UTM, not_observed=unseen(50), chunk=20)
        time.sleep(0.01)  # GeoPackage dates have milliseconds
    assert first.read_bytes() == second.read_bytes()
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") is None


DAMAGE = {
    "extent": "UPDATE gpkg_contents SET min_x = NULL, min_y = NULL, max_x = NULL, max_y = NULL",
    "smaller extent": "UPDATE gpkg_contents SET max_x = max_x - 1",
    "trigger of the index": "DROP TRIGGER rtree_landslides_geom_insert",
    "trigger of a change": "DROP TRIGGER rtree_landslides_geom_update3",
    "trigger of the count": "DROP TRIGGER trigger_insert_feature_count_landslides",
    "index": "DELETE FROM rtree_landslides_geom WHERE id = 3",
    "count": "UPDATE gpkg_ogr_contents SET feature_count = 6 WHERE table_name = 'landslides'",
}
"""What GDAL has been seen to leave out where a call of the system failed, and more of the kind."""


@pytest.mark.parametrize("layer", ["landslides", "not_observed"])
@pytest.mark.parametrize("lost", DAMAGE)
def test_what_a_failed_call_left_out_is_found(tmp_path: Path, lost: str, layer: str) -> None:
    path = tmp_path / "landslides.gpkg"
    write_landslides(path, landslides(7), UTM, not_observed=unseen(7))
    boxes = {"landslides": (0.0, 0.0, 68.0, 8.0), "not_observed": (0.0, 50.0, 660.0, 60.0)}
    assert [list(faults_of(path, name, 7, box)) for name, box in boxes.items()] == [[], []]
    database = sqlite3.connect(path)
    database.execute(DAMAGE[lost].replace("landslides", layer))
    database.commit()
    database.close()
    found = {name: len(list(faults_of(path, name, 7, box))) for name, box in boxes.items()}
    assert found == {name: int(name == layer or "UPDATE gpkg_contents" in DAMAGE[lost]) for name in boxes}


@pytest.mark.parametrize(
    "lost", ["DELETE FROM layer_styles", "DELETE FROM gpkg_contents WHERE data_type = 'attributes'"]
)
def test_styles_that_a_failed_call_left_out_are_found(tmp_path: Path, lost: str) -> None:
    path = tmp_path / "landslides.gpkg"
    write_landslides(path, landslides(7), UTM)
    assert list(damage_of(path, "layer_styles", 2)) == []
    database = sqlite3.connect(path)
    database.execute(lost)
    database.commit()
    database.close()
    assert list(damage_of(path, "layer_styles", 2)) == ["its styles are not whole"]


WRITE_AND_SAY = """
import sys
from pathlib import Path
from rasterio.crs import CRS
from test_geopackage import landslides
from landslip.runtime.errors import OutputError
from landslip.runtime.products.geopackage import write_landslides
print("ready", flush=True)
for line in sys.stdin:
    try:
        write_landslides(Path(line.strip()), landslides(7), CRS.from_epsg(32648), chunk=3)
        print("written", flush=True)
    except OutputError as error:
        print("said", flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="changes limits of another process")
def test_while_files_cannot_be_opened_it_is_whole_or_said(tmp_path: Path) -> None:
    """The limit on open files comes and goes, as where other threads of a service open and close many."""
    write_landslides(tmp_path / "whole.gpkg", landslides(7), UTM, chunk=3)
    chance = random.Random(0)  # noqa: S311 - moments, no secrets
    path = os.pathsep.join([str(Path(__file__).parent), *(entry for entry in sys.path if entry)])
    with subprocess.Popen(
        [sys.executable, "-c", WRITE_AND_SAY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": path},
    ) as child:  # fmt: skip
        assert child.stdin
        assert child.stdout
        assert child.stdout.readline() == "ready\n"
        ended = Event()
        for number in range(20):
            child.stdin.write(f"{tmp_path / f'{number}.gpkg'}\n")
            child.stdin.flush()
            ended.clear()
            flipping = Thread(target=_flip_limit, args=(child.pid, ended, chance))
            flipping.start()
            verdict = child.stdout.readline()
            ended.set()
            flipping.join()
            written = (tmp_path / f"{number}.gpkg").exists()
            assert verdict == ("written\n" if written else "said\n")
            if written:
                assert (tmp_path / f"{number}.gpkg").read_bytes() == (tmp_path / "whole.gpkg").read_bytes()
        child.stdin.close()


def _flip_limit(process: int, ended: Event, chance: random.Random) -> None:
    import resource

    before = resource.prlimit(process, resource.RLIMIT_NOFILE)
    while not ended.is_set():
        time.sleep(chance.uniform(0, 0.004))
        resource.prlimit(process, resource.RLIMIT_NOFILE, (3, before[1]))
        time.sleep(chance.uniform(0, 0.002))
        resource.prlimit(process, resource.RLIMIT_NOFILE, before)


WRITE_ON_CORES = """
import hashlib, os, sys
from pathlib import Path
import pyogrio
from rasterio.crs import CRS
from test_geopackage import landslides
from landslip.runtime.products.geopackage import write_landslides

cores, path = int(sys.argv[1]), Path(sys.argv[2])
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
pyogrio.set_gdal_config_options({"GDAL_NUM_THREADS": str(cores), "OGR_GPKG_THREADED_RTREE_AT_FIRST_FEATURE": "YES"})
write_landslides(path, landslides(300), CRS.from_epsg(32648), chunk=100)
print(hashlib.sha256(path.read_bytes()).hexdigest(), pyogrio.get_gdal_config_option("OGR_GPKG_ALLOW_THREADED_RTREE"))
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs to choose cores")
def test_any_number_of_cores_makes_the_same_bytes(tmp_path: Path) -> None:
    """GDAL fills the index in a thread of its own where it has several cores, and leaves another tree then."""
    path = os.pathsep.join([str(Path(__file__).parent), *(entry for entry in sys.path if entry)])
    written = [
        subprocess.run(
            [sys.executable, "-c", WRITE_ON_CORES, str(cores), str(tmp_path / f"{cores}.gpkg")],
            capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": path},
        ).stdout
        for cores in (1, 2)
    ]  # fmt: skip
    assert written[0] == written[1]
    assert written[0].endswith(" None\n")


@pytest.mark.slow
def test_layers_written_in_threads_are_equal_and_settings_of_the_host_stay(tmp_path: Path) -> None:
    """The date is a setting of the whole process: another thread must not take it back too early."""
    date = "2020-02-02T02:02:02.000Z"
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": date})
    try:
        with ThreadPoolExecutor(8) as pool:
            paths = [tmp_path / f"{number}.gpkg" for number in range(48)]
            list(pool.map(lambda path: write_landslides(path, landslides(7), UTM, chunk=3), paths))
        assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") == date
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
    write_landslides(tmp_path / "alone.gpkg", landslides(7), UTM, chunk=3)
    assert {path.read_bytes() for path in paths} == {(tmp_path / "alone.gpkg").read_bytes()}


def _locks_refused(monkeypatch: pytest.MonkeyPatch, name: str, why: str) -> None:
    """Let a call of pyogrio's end as it does where SQLite may lock no file, as on a Windows share mounted in Linux."""
    call = getattr(pyogrio.raw, name)

    def refused(*args: Any, **options: Any) -> Any:
        if not pyogrio.get_gdal_config_option("SQLITE_USE_OGR_VFS"):
            raise DataSourceError(f"sqlite3_exec(CREATE TABLE a (b);{' INSERT (1);' * 300}) failed: {why}")
        return call(*args, **options)

    monkeypatch.setattr(pyogrio.raw, name, refused)


def test_where_nothing_can_be_locked_the_same_bytes_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_landslides(tmp_path / "usual.gpkg", landslides(7), UTM, chunk=3)
    for name in ("write", "read"):
        _locks_refused(monkeypatch, name, "database is locked")
    write_landslides(tmp_path / "share.gpkg", landslides(7), UTM, chunk=3)
    assert (tmp_path / "share.gpkg").read_bytes() == (tmp_path / "usual.gpkg").read_bytes()
    assert len(list(tmp_path.iterdir())) == 2
    assert pyogrio.get_gdal_config_option("SQLITE_USE_OGR_VFS") is None


def test_the_reason_is_said_without_the_statement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _locks_refused(monkeypatch, "read", "disk I/O error")
    with pytest.raises(OutputError, match=r"share\.gpkg cannot be written: disk I/O error\. Check"):
        write_landslides(tmp_path / "share.gpkg", landslides(7), UTM)
    assert list(tmp_path.iterdir()) == []


def test_an_error_in_the_landslides_passes_and_leaves_nothing(tmp_path: Path) -> None:
    def failing() -> Iterator[Landslide]:
        yield from landslides(3)
        raise EngineError("the device is gone")

    with pytest.raises(EngineError, match="the device is gone"):
        write_landslides(tmp_path / "landslides.gpkg", failing(), UTM, chunk=2)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "landslides.gpkg"
    with pytest.raises(OutputError, match=r"nowhere/landslides\.gpkg cannot be written: .*folder exists"):
        write_landslides(path, landslides(1), UTM)


def test_chunks_of_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give 1 or more"):
        write_landslides(tmp_path / "landslides.gpkg", landslides(1), UTM, chunk=0)


WRITE_WITHOUT_ROOM = """
import resource, sys
from pathlib import Path
from rasterio.crs import CRS
from landslip.runtime.errors import OutputError
from landslip.runtime.products.geopackage import write_landslides
from test_geopackage import landslides

resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
try:
    write_landslides(Path(sys.argv[1]), landslides(3000), CRS.from_epsg(32648))
except OutputError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on file sizes")
@pytest.mark.parametrize("room", [20_000, 120_000, 300_000])
def test_a_full_disk_is_reported_and_leaves_nothing(tmp_path: Path, room: int) -> None:
    path = tmp_path / "landslides.gpkg"
    modules = os.pathsep.join([str(Path(__file__).parent), *(entry for entry in sys.path if entry)])
    done = subprocess.run(
        [sys.executable, "-c", WRITE_WITHOUT_ROOM, str(path), str(room)],
        capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": modules},
    )  # fmt: skip
    assert f"{path} cannot be written" in done.stdout
    assert list(tmp_path.iterdir()) == []
