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
from landslip.runtime.products.geopackage import Summary, write_landslides
from landslip.runtime.products.geopackage_check import faults_of
from landslip.runtime.products.tracing import Landslide

UTM = CRS.from_epsg(32648)


def landslides(count: int) -> Iterator[Landslide]:
    for i in range(count):
        square = shapely.box(10 * i, 0, 10 * i + 6, 6)
        apart = shapely.box(10 * i + 6, 6, 10 * i + 8, 8)
        yield Landslide(
            geometry=shapely.MultiPolygon([square.difference(shapely.box(10 * i + 1, 1, 10 * i + 2, 2)), apart]),
            pixels=39,
            area_m2=39.0 + i,
            confidence_mean=0.625,
            confidence_max=0.75,
            slope_mean=None if i % 3 == 1 else 30.0 + i,
        )


@pytest.mark.parametrize("chunk", [1, 3, 5, 1000])
def test_what_is_written_can_be_read(tmp_path: Path, chunk: int) -> None:
    path = tmp_path / "landslides.gpkg"
    expected = list(landslides(5))
    assert write_landslides(path, iter(expected), UTM, chunk=chunk) == Summary(5, 5 * 39 + 10)

    assert [name for name, _ in pyogrio.list_layers(path)] == ["landslides"]
    meta, _, geometry, fields = pyogrio.raw.read(path, layer="landslides")
    assert CRS.from_user_input(meta["crs"]) == UTM
    assert meta["geometry_type"] == "MultiPolygon"
    assert list(meta["fields"]) == ["id", "area_m2", "confidence_mean", "confidence_max", "slope_mean"]
    assert list(shapely.from_wkb(geometry)) == [one.geometry for one in expected]
    ids, areas, means, maxima, slopes = fields
    assert ids.dtype == np.int64
    assert ids.tolist() == [1, 2, 3, 4, 5]
    assert areas.tolist() == [one.area_m2 for one in expected]
    assert set(means.tolist()) == {0.625}
    assert set(maxima.tolist()) == {0.75}
    np.testing.assert_array_equal(slopes, [30, np.nan, 32, 33, np.nan])


def test_an_unknown_slope_is_null_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "landslides.gpkg"
    write_landslides(path, landslides(5), UTM)
    database = sqlite3.connect(path)
    kinds = database.execute("SELECT typeof(slope_mean) FROM landslides ORDER BY id").fetchall()
    checked = database.execute("PRAGMA integrity_check").fetchone()
    database.close()
    assert [kind for (kind,) in kinds] == ["real", "null", "real", "real", "null"]
    assert checked == ("ok",)


def test_no_landslides_make_an_empty_layer(tmp_path: Path) -> None:
    path = tmp_path / "landslides.gpkg"
    assert write_landslides(path, [], UTM) == Summary(0, 0.0)
    info = pyogrio.read_info(path, layer="landslides")
    assert info["features"] == 0
    assert info["crs"] == "EPSG:32648"
    assert info["geometry_type"] == "MultiPolygon"
    assert info["fields"].tolist()[0] == "id"
    assert [file.name for file in tmp_path.iterdir()] == ["landslides.gpkg"]


def test_a_crs_without_a_code_survives(tmp_path: Path) -> None:
    crs = CRS.from_proj4("+proj=laea +lat_0=33 +lon_0=104 +datum=WGS84 +units=m")
    write_landslides(tmp_path / "landslides.gpkg", landslides(1), crs)
    found = pyogrio.read_info(tmp_path / "landslides.gpkg")["crs"]
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
    assert pyogrio.read_info(path)["features"] == 3


def test_equal_landslides_make_equal_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "a" / "landslides.gpkg", tmp_path / "b" / "landslides.gpkg"
    for path in (first, second):
        path.parent.mkdir()
        write_landslides(path, landslides(50), UTM, chunk=20)
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
    "count": "UPDATE gpkg_ogr_contents SET feature_count = 6",
}
"""What GDAL has been seen to leave out where a call of the system failed, and more of the kind."""


@pytest.mark.parametrize("lost", DAMAGE)
def test_what_a_failed_call_left_out_is_found(tmp_path: Path, lost: str) -> None:
    path = tmp_path / "landslides.gpkg"
    write_landslides(path, landslides(7), UTM)
    box = (0.0, 0.0, 68.0, 8.0)
    assert list(faults_of(path, "landslides", 7, box)) == []
    database = sqlite3.connect(path)
    database.execute(DAMAGE[lost])
    database.commit()
    database.close()
    assert len(list(faults_of(path, "landslides", 7, box))) == 1


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
import shapely
from rasterio.crs import CRS
from landslip.runtime.errors import OutputError
from landslip.runtime.products.geopackage import write_landslides
from landslip.runtime.products.geopackage_check import faults_of
from landslip.runtime.products.tracing import Landslide

square = shapely.MultiPolygon([shapely.box(0, 0, 6, 6)])
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
try:
    write_landslides(Path(sys.argv[1]), [Landslide(square, 1, 36.0, 0.5, 0.5, None)] * 3000, CRS.from_epsg(32648))
except OutputError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on file sizes")
@pytest.mark.parametrize("room", [20_000, 120_000, 300_000])
def test_a_full_disk_is_reported_and_leaves_nothing(tmp_path: Path, room: int) -> None:
    path = tmp_path / "landslides.gpkg"
    done = subprocess.run(
        [sys.executable, "-c", WRITE_WITHOUT_ROOM, str(path), str(room)], capture_output=True, text=True, check=True
    )
    assert f"{path} cannot be written" in done.stdout
    assert list(tmp_path.iterdir()) == []
