"""STAC Items of Landsat, PlanetScope and Sentinel-2: which bands, which reflectance, which mask."""

from __future__ import annotations

import json

import pytest

from helpers.landsat import Pass, write_landsat
from helpers.planet import EIGHT, Strip, write_scene
from landslip.runtime.inputs.scene_toml import read_scene_file, scene_of

COMMON = {"coastal": "1", "blue": "2", "green": "3", "red": "4", "nir08": "5", "swir16": "6", "swir22": "7"}
CLOUD_ROLES = ["cloud", "cloud-shadow", "snow-ice", "water-mask"]
RASTER = {"data_type": "uint16", "nodata": 0, "scale": 3e-5, "offset": -0.25, "unit": "reflectance"}


def item(name, assets, day, **properties):
    return {
        "type": "Feature", "stac_version": "1.0.0", "id": name, "geometry": None, "links": [], "assets": assets,
        "properties": {"datetime": f"{day}T10:00:00Z", **properties},
    }  # fmt: skip


def landsat_item(product, day, *, stated=True, newer=False):
    """An Item as the Planetary Computer has it, or as USGS does, which does not state scale and offset."""
    of, assets = product.of, {}
    for name, number in COMMON.items():
        band = {"name": f"OLI_B{number}", "common_name": name, "center_wavelength": 0.5}
        href = f"./{product.file(f'SR_B{number}').name}"
        if newer:
            facts = {
                "bands": [{"name": band["name"], "eo:common_name": name, "raster:scale": 3e-5, "raster:offset": -0.25}],
                "nodata": 0,
            }
        else:
            facts = {"eo:bands": [band], **({"raster:bands": [RASTER]} if stated else {})}
        assets[name] = {"href": href, "roles": ["data"], **facts}
    thermal = {
        "eo:bands": [{"name": "TIRS_B10", "common_name": "lwir11"}],
        "raster:bands": [{"scale": 0.00341802, "offset": 149.0}],
    }
    assets |= {
        "lwir11": {"href": f"./{of.name}_ST_B10.TIF", "roles": ["data", "temperature"], **thermal},
        "qa_pixel": {"href": f"./{of.name}_QA_PIXEL.TIF", "roles": CLOUD_ROLES},
        "qa_radsat": {"href": f"./{of.name}_QA_RADSAT.TIF", "roles": ["saturation"]},
        "rendered_preview": {"href": "https://host/preview.png", "roles": ["overview"]},
        "mtl.json": {"href": f"./{of.name}_MTL.json", "roles": ["metadata"]},
    }
    return item(f"{of.name}_SR", assets, day)


def scene_in(folder, *items):
    path = folder / "items.json"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(items)}))
    return read_scene_file(path)


@pytest.fixture(scope="module")
def landsat(tmp_path_factory):
    folder = tmp_path_factory.mktemp("landsat")
    return folder, [write_landsat(folder, Pass(day=day)) for day in ("20200801", "20200817")]


@pytest.mark.parametrize(
    ("how", "expected"),
    [({}, (3e-5, -0.25)), ({"newer": True}, (3e-5, -0.25)), ({"stated": False}, (2.75e-5, -0.2))],
)
def test_of_landsat_all_bands_of_reflectance_and_the_bits_are_taken(landsat, how, expected):
    folder, (before, after) = landsat
    files = scene_in(folder, landsat_item(before, "2020-08-01", **how), landsat_item(after, "2020-08-17", **how))
    assert [path.name[-9:-4] for path in files.pre] == ["SR_B4", "SR_B3", "SR_B2"]
    for date, product in (("pre", before), ("post", after)):
        (granule,) = files.granules_of(date)
        assert {*granule.bands} >= {*COMMON} - {"nir08"}
        assert "lwir11" not in granule.bands
        for name, number in COMMON.items():
            band = granule.band(name)
            band = granule.bands["nir"] if band is None else band
            assert (band.location, band.number) == (product.file(f"SR_B{number}"), 1)
            assert (band.scale, band.offset, band.nodata, band.unstated) == (*expected, 0.0, "")
        assert (granule.mask.location, granule.mask.kind) == (product.file("QA_PIXEL"), "qa_pixel")
        assert granule.acquired.text == f"2020-08-{product.of.day[-2:]}T10:00:00Z"


def test_of_planetscope_the_greens_are_told_apart_and_the_mask_is_taken(tmp_path):
    scenes = [write_scene(tmp_path, Strip(item=f"{day}_101112_45_2439")) for day in ("20240701", "20240801")]
    names = [
        {"name": name, "common_name": {"coastal_blue": "coastal", "green_i": "green"}.get(name, name)} for name in EIGHT
    ]
    items = [
        item(
            scene.strip.item,
            {
                "analytic": {"href": scene.analytic.name, "roles": ["data", "reflectance"], "eo:bands": names},
                "udm2": {"href": scene.mask.name, "roles": ["data-mask"]},
            },
            f"2024-0{7 + number}-01",
        )
        for number, scene in enumerate(scenes)
    ]
    files = scene_in(tmp_path, *items)
    assert files.reading.bands == (6, 4, 2)
    for date, scene in zip(("pre", "post"), scenes, strict=True):
        (granule,) = files.granules_of(date)
        assert {name: band.number for name, band in granule.bands.items()} == {
            "coastal": 1, "blue": 2, "green05": 3, "green": 4, "yellow": 5, "red": 6, "rededge": 7, "nir": 8,
        }  # fmt: skip
        assert {(band.scale, band.offset) for band in granule.bands.values()} == {(1e-4, 0.0)}
        assert (granule.mask.location, granule.mask.kind) == (scene.mask, "udm2")


@pytest.mark.parametrize(("applied", "offset"), [(True, 0.0), (False, -0.1), (None, -0.1)])
def test_an_offset_that_was_applied_is_not_applied_again(tmp_path, applied, offset):
    """Earth Search states the offset of each band whether or not it has added it."""
    for name in ("TCI", "B04", "B08", "SCL"):
        (tmp_path / f"{name}.tif").touch()
    raster = {"raster:bands": [{"scale": 0.0001, "offset": -0.1, "nodata": 0}]}
    assets = {
        "visual": {
            "href": "TCI.tif",
            "roles": ["visual"],
            "eo:bands": [{"common_name": each} for each in ("red", "green", "blue")],
        },
        "red-jp2": {"href": "B04.jp2", "roles": ["data"], "eo:bands": [{"name": "red", "common_name": "red"}]},
        "red": {"href": "B04.tif", "roles": ["data"], "eo:bands": [{"name": "red", "common_name": "red"}], **raster},
        "nir": {"href": "B08.tif", "roles": ["data"], "eo:bands": [{"name": "nir", "common_name": "nir"}], **raster},
        "scl": {"href": "SCL.tif", "roles": ["data", "reflectance"]},
        "granule_metadata": {"href": "metadata_scl.xml", "roles": ["metadata"]},
    }
    said = {} if applied is None else {"earthsearch:boa_offset_applied": applied}
    files = scene_in(tmp_path, *(item(f"S2_{day}", assets, f"2023-01-{day}", **said) for day in ("05", "15")))
    (granule,) = files.granules_of("post")
    assert {name: band.location.name for name, band in granule.bands.items()} == {"red": "B04.tif", "nir": "B08.tif"}
    assert {(band.scale, band.offset) for band in granule.bands.values()} == {(0.0001, offset)}
    assert (granule.true_colour.name, granule.mask.location.name, granule.mask.kind) == ("TCI.tif", "SCL.tif", "scl")


def test_what_neither_item_nor_name_says_is_unstated(tmp_path):
    (tmp_path / "a.tif").touch()
    bands = [{"name": each, "common_name": each} for each in ("red", "green", "blue", "nir")]
    wrong = [{"scale": "1"}, {"scale": 0}, {"offset": 3}, {"scale": True}]
    asset = {"href": "a.tif", "roles": ["data"], "eo:bands": bands, "raster:bands": wrong}
    files = scene_in(tmp_path, *(item(f"x{day}", {"data": asset}, f"2023-01-{day}") for day in ("05", "15")))
    (granule,) = files.granules_of("pre")
    assert all("neither does its STAC Item" in band.unstated for band in granule.bands.values())
    assert granule.mask is None


def test_an_image_that_is_given_instead_is_what_it_is(landsat, tmp_path):
    folder, (before, after) = landsat
    files = scene_in(folder, landsat_item(before, "2020-08-01"), landsat_item(after, "2020-08-17"))
    named = {"pre": files.pre, "post": files.post, "item_granules": files.item_granules}
    other = scene_of(named, {"post": tmp_path / "other.tif"})
    assert other.granules_of("post") is None
    assert other.granules_of("pre") == files.granules_of("pre")
