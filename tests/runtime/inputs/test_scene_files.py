"""Names of files as programs write them."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from helpers.engines import mixing_engine
from helpers.rasters import scene_mixed
from landslip.runtime.engines import EngineOptions
from landslip.runtime.errors import UsageError
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping.given_scene import given_scene
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.mapping.run_record import describe_inputs


def test_texts_are_local_files(tmp_path):
    files = scene_mixed(tmp_path)
    mask = str(files.masks[0])
    texts = SceneFiles(pre=str(files.pre), post=str(files.post), dem=[str(files.dem)], masks=mask)  # type: ignore[arg-type]
    assert (texts.pre, texts.post, texts.dem, texts.masks) == (files.pre, files.post, (files.dem,), files.masks)
    assert describe_inputs(texts) == describe_inputs(files)
    assert all(entry["sha256"] for entry in describe_inputs(texts))


def test_a_map_from_texts_alone(tmp_path):
    files = scene_mixed(tmp_path)
    texts = SceneFiles(*map(str, (files.pre, files.post, files.dem)), masks=[str(files.masks[0])])  # type: ignore[arg-type]
    request = MapRequest("none", texts, str(tmp_path / "out"), engine=EngineOptions(tile=64))  # type: ignore[arg-type]
    record = map_scene(request, engine=mixing_engine())
    same = MapRequest(Path("none"), files, tmp_path / "same", engine=EngineOptions(tile=64))
    assert map_scene(same, engine=mixing_engine())["fingerprint"] == record["fingerprint"]
    assert (tmp_path / "out" / "landslides.gpkg").read_bytes() == (tmp_path / "same" / "landslides.gpkg").read_bytes()


@pytest.mark.parametrize(
    ("given", "location"),
    [
        ("https://host/a.tif?x=1", "https://host/a.tif?x=1"),
        (Path("https://host/a.tif"), "https://host/a.tif"),
        (Path("s3://bucket/a.tif"), "s3://bucket/a.tif"),
        (PurePosixPath("folder/a.tif"), Path("folder/a.tif")),
        (Path("/vsizip/a.zip/a.tif"), "/vsizip/a.zip/a.tif"),
        ("file:///folder/a.tif", Path("/folder/a.tif")),
        (Path("C:/a.tif"), Path("C:/a.tif")),
    ],
)
def test_addresses_stay_addresses(given, location):
    assert SceneFiles(post=given).post == location
    assert SceneFiles(post="p.tif", masks=(given,)).masks == (location,)
    assert SceneFiles(post="p.tif", aoi=given).aoi == location


def test_sets_and_generators_of_names_are_taken(tmp_path):
    assert SceneFiles(post="p.tif", masks={"c.tif"}).masks == (Path("c.tif"),)  # type: ignore[arg-type]
    assert SceneFiles(post="p.tif", dem=(name for name in ("a", "b"))).dem == (Path("a"), Path("b"))  # type: ignore[arg-type]


@pytest.mark.parametrize("given", ["", 3, ("a.tif", None), [""]])
def test_what_is_no_name(given):
    with pytest.raises(UsageError, match="file name"):
        SceneFiles(post=given)


@pytest.mark.parametrize(
    "numbers", [[8.1, 45.2, 8.4, 45.6], (8.1, 45.2, 8.4, 45.6), np.float64([8.1, 45.2, 8.4, 45.6]).tolist()]
)
def test_a_box_in_degrees_is_four_numbers(numbers):
    assert SceneFiles(post="p.tif", aoi=numbers).aoi == "8.1,45.2,8.4,45.6"
    assert given_scene(None, {"post": "p.tif", "aoi": numbers}).aoi == "8.1,45.2,8.4,45.6"


def test_numbers_of_a_box_are_written_so_that_they_are_read():
    assert SceneFiles(post="p.tif", aoi=[1e-7, -70, 180, 12.5]).aoi == "0.0000001,-70,180,12.5"  # type: ignore[arg-type]


@pytest.mark.parametrize("numbers", [[1, 3, 2, 2], [500000, 5000000, 500100, 5000100], [float("nan"), 0, 1, 1]])
def test_four_numbers_that_are_no_box_are_refused(numbers):
    with pytest.raises(UsageError, match="no box in degrees"):
        SceneFiles(post="p.tif", aoi=numbers)


@pytest.mark.parametrize("numbers", [[1, 2, 3], [1, 2, 3, True], [1, 2, 3, "4"]])
def test_what_is_not_four_numbers_is_no_box(numbers):
    with pytest.raises(UsageError, match="no file name"):
        SceneFiles(post="p.tif", aoi=numbers)


def test_an_area_is_one_file():
    with pytest.raises(UsageError, match="no file name"):
        SceneFiles(post="p.tif", aoi=["a.gpkg", "b.gpkg"])  # type: ignore[arg-type]
