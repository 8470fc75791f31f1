"""Bands, masks and radiometry of Sentinel-2 products, in whole folders, archives, and image by image."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio

from helpers.sentinel2 import IDS, NATIVE, Kind, metadata, write_product, zipped
from landslip.runtime.errors import InputError
from landslip.runtime.inputs.granules_of_date import granules_of_date
from landslip.runtime.inputs.products import granules_of
from landslip.runtime.inputs.sentinel2_bands import BANDS, parsed_name
from landslip.runtime.inputs.sentinel2_metadata import radiometry_by_name, radiometry_in

ROLE = "pre-event image"
L1C = Kind(level="L1C", side=1200)
L2A = Kind(side=1200)
OLD = Kind(side=1200, sensed="20200101T101319", baseline="0213", offset=0)


def stored_in(band):
    with rasterio.open(band.location) as dataset:
        return dataset.read(band.number)


def only(location):
    (granule,) = granules_of(location, ROLE)
    return granule


@pytest.fixture(scope="module")
def products(tmp_path_factory):
    folder = tmp_path_factory.mktemp("products")
    return {kind: write_product(folder / kind.baseline / kind.level, kind) for kind in (L1C, L2A, OLD)}


@pytest.mark.parametrize("kind", [L1C, L2A, OLD], ids=["L1C", "L2A", "L2A before 04.00"])
@pytest.mark.parametrize("given", ["folder", "zip", "zip without a folder", "xml", "GRANULE", "copy by another name"])
def test_every_band_has_its_finest_file_and_its_reflectance(products, kind, given, tmp_path):
    product = products[kind]
    location = {
        "folder": lambda: product.root,
        "zip": lambda: zipped(product.root).rename(tmp_path / "after.zip"),
        "zip without a folder": lambda: zipped(product.root, inner=False).rename(tmp_path / f"{kind.name}.zip"),
        "xml": lambda: product.root / f"MTD_MSI{kind.level}.xml",
        "GRANULE": lambda: product.root / "GRANULE" / kind.granule / "IMG_DATA",
        "copy by another name": lambda: shutil.copytree(product.root, tmp_path / "after"),
    }[given]()
    granule = only(location)
    labels = {label for label in BANDS if kind.level == "L1C" or label != "B10"}
    assert {band.label for band in granule.bands.values()} == labels
    for label in labels:
        band = granule.band(label)
        assert band is granule.bands[BANDS[label].common_name]
        np.testing.assert_array_equal(stored_in(band), product.stored[label])
        np.testing.assert_allclose(stored_in(band) * band.scale + band.offset, product.reflectance(label), atol=1e-9)
        assert (band.nodata, band.unstated) == (0.0, "")
    assert granule.kind == f"Sentinel-2 {kind.level}"
    assert granule.name == kind.name
    assert granule.acquired.start.strftime("%Y%m%dT%H%M%S") == kind.sensed
    assert str(granule.true_colour).endswith(product.paths["TCI"].name)
    assert (granule.mask is None) == (kind.level == "L1C")
    if granule.mask is not None:
        assert granule.mask.kind == "scl"
        assert str(granule.mask.location).endswith("_SCL_20m.jp2")


def test_offsets_are_those_of_each_band(products):
    text = metadata(L2A).replace('band_id="3">-1000', 'band_id="3">-1500').replace('band_id="8">-1000', 'band_id="8">0')
    found = radiometry_in(text.encode(), "MTD_MSIL2A.xml")
    assert found.of_band("B04") == (1e-4, -0.15)
    assert found.of_band("B8A") == (1e-4, 0.0)
    assert found.of_band("B12") == (1e-4, -0.1)
    assert list(IDS) == list(BANDS) == list(NATIVE)


def test_metadata_counts_before_the_name(products, tmp_path):
    """A product of before 04.00 that was renamed: its numbers have no offset all the same."""
    root = shutil.copytree(products[OLD].root, tmp_path / L2A.name)
    assert only(root).band("red").offset == 0.0


def test_without_metadata_the_baseline_in_the_name_counts(products, tmp_path):
    for kind, offset in ((L2A, -0.1), (OLD, 0.0)):
        root = shutil.copytree(products[kind].root, tmp_path / kind.name)
        (root / "MTD_MSIL2A.xml").unlink()
        assert (only(root).band("red").scale, only(root).band("red").offset) == (1e-4, offset)


@pytest.mark.parametrize(
    ("name", "offset"),
    [("S2B_MSIL2A_20230105T101319_N0509_R022_T32TNS_x.SAFE", -1000), ("N0400", -1000), ("N0301", 0), ("N0213", 0)],
)
def test_baselines(name, offset):
    assert radiometry_by_name(name).offsets.get("B04", 0) == offset


@pytest.mark.parametrize(
    "name", ["S2B_MSIL2A_20230105T101319_N9999_R022_T32TNS_x.SAFE", "B04.jp2", "SN0400", "N04000_"]
)
def test_no_baseline(name):
    assert radiometry_by_name(name) is None


def test_a_single_image_in_a_product_has_the_metadata_of_that(products):
    band = only(products[L2A].paths["B05"]).band("rededge071")
    assert (band.scale, band.offset, band.label) == (1e-4, -0.1, "B05")


@pytest.mark.parametrize("beside", [True, False])
def test_images_beside_their_metadata(products, tmp_path, beside):
    inner = tmp_path if beside else tmp_path / "a" / "b"
    inner.mkdir(parents=True, exist_ok=True)
    shutil.copy(products[L2A].paths["B04"], inner)
    shutil.copy(products[L2A].root / "MTD_MSIL2A.xml", tmp_path)
    assert only(inner / products[L2A].paths["B04"].name).band("red").offset == -0.1


def test_metadata_of_another_product_does_not_count(products, tmp_path):
    shutil.copy(products[L2A].paths["B04"], tmp_path)
    shutil.copy(products[OLD].root / "MTD_MSIL2A.xml", tmp_path)
    assert "`scale` 0.0001" in only(tmp_path / products[L2A].paths["B04"].name).band("red").unstated


def test_a_single_image_without_anything_says_what_to_do(products, tmp_path):
    path = Path(shutil.copy(products[L2A].paths["B04"], tmp_path))
    band = only(path).band("red")
    assert (band.scale, band.offset) == (1.0, 0.0)
    assert "processing baseline" in band.unstated
    assert "MTD_MSIL2A.xml" in band.unstated


def test_the_baseline_in_the_address_of_an_image_counts():
    address = f"https://example.org/{L2A.name}/GRANULE/x/IMG_DATA/R10m/T32TNS_20230105T101319_B04_10m.tif"
    assert only(address).band("red").offset == -0.1


def test_a_folder_of_images_is_one_granule(products, tmp_path):
    for label in ("B02", "B8A", "TCI", "SCL"):
        shutil.copy(products[L2A].paths[label], tmp_path)
    shutil.copy(products[L2A].root / "MTD_MSIL2A.xml", tmp_path)
    granule = only(tmp_path)
    assert sorted(granule.bands) == ["blue", "nir08"]
    assert (granule.true_colour.name, granule.mask.location.name) == (
        products[L2A].paths["TCI"].name,
        products[L2A].paths["SCL"].name,
    )


def test_single_bands_of_one_date_are_one_granule(products):
    given = [products[L2A].paths[label] for label in ("B04", "B03", "B08")]
    (granule,) = granules_of_date(given, ROLE)
    assert sorted(granule.bands) == ["green", "nir", "red"]


def test_metadata_of_all_folders_that_bands_are_given_from_decides(products, tmp_path):
    given, metadata = [], []
    for label in ("B04", "B08"):
        (tmp_path / label).mkdir()
        given.append(Path(shutil.copy(products[L2A].paths[label], tmp_path / label)))
        metadata.append(Path(shutil.copy(products[L2A].root / "MTD_MSIL2A.xml", tmp_path / label)))
    (granule,) = granules_of_date(given, ROLE)
    assert granule.decisive == tuple(metadata)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("T32TNS_20230105T101319_B04_10m.jp2", ("B04", 10, "32TNS_20230105T101319")),
        ("T32TNS_20230105T101319_B8A.jp2", ("B8A", 20, "32TNS_20230105T101319")),
        ("a/S2A_USER_SCL_L2A_TL_EPA_T32TNS_20m.jp2", ("SCL", 20, "")),
        ("https://x/tiles/32/T/NS/2020/1/1/0/B09.jp2?token=1", ("B09", 60, "")),
        ("sentinel-s2-l2a-cogs/32/T/NS/2020/1/S2B_32TNS_20200101_0_L2A/B04.tif", ("B04", 10, "")),
        ("S2B_32TNS_20200101_0_L2A_B12.tif", ("B12", 20, "32TNS_20200101")),
    ],
)
def test_names(path, expected):
    assert parsed_name(path) == expected


@pytest.mark.parametrize(
    "path",
    ["B04.tif", "HLS.L30.T32TNS.2020001T101319.v2.0.B04.tif", "LC08_L2SP_107030_20180918_20200830_02_T1_SR_B4.TIF",
     "B13.jp2", "XB04.jp2", "T32TNS_20230105T101319_AOT_10m.jp2", "MSK_CLDPRB_20m.jp2"],
)  # fmt: skip
def test_names_of_others(path):
    assert parsed_name(path) is None


def test_a_product_without_images_is_refused(products, tmp_path):
    root = shutil.copytree(products[L2A].root, tmp_path / L2A.name)
    shutil.rmtree(root / "GRANULE" / L2A.granule / "IMG_DATA")
    with pytest.raises(InputError, match="holds no images of Sentinel-2"):
        granules_of(root, ROLE)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("10000<", "0<", "QUANTIFICATION_VALUE is 0"),
        ("10000<", "many<", "could not convert"),
        ('band_id="3">-1000', 'band_id="13">-1000', "BOA_ADD_OFFSET is of band 13"),
        ('band_id="3">-1000', 'band_id="3">nan', "BOA_ADD_OFFSET is nan"),
        ("<n1:General_Info>", "", "mismatched tag"),
        ("<n1:Level", "<!DOCTYPE a><n1:Level", "document type"),
    ],
)
def test_damaged_metadata_is_refused(products, tmp_path, old, new, said):
    root = shutil.copytree(products[L2A].root, tmp_path / L2A.name)
    (root / "MTD_MSIL2A.xml").write_text(metadata(L2A).replace(old, new, 1))
    with pytest.raises(InputError, match=said) as error:
        granules_of(root, ROLE)
    assert error.value.where == str(root / "MTD_MSIL2A.xml")


def test_several_dates_of_one_role_are_refused_by_their_names(products):
    given = [products[L2A].root, products[OLD].root]
    with pytest.raises(InputError, match=r"products of 2 dates are given: .*2023-01-05.*2020-01-01"):
        granules_of_date(given, ROLE)


def test_several_orbits_and_levels_of_one_role_are_refused(products, tmp_path):
    for other, said in (
        (replace(L2A, orbit="R122", tile="T32TMS"), "2 orbits"),
        (replace(L1C, tile="T32TMS"), "2 kinds"),
    ):
        root = write_product(tmp_path, replace(other, side=120)).root
        with pytest.raises(InputError, match=f"products of {said} are given"):
            granules_of_date([products[L2A].root, root], ROLE)


def test_a_tile_that_comes_twice_is_refused(products, tmp_path):
    again = write_product(tmp_path, replace(L2A, side=120, baseline="0510")).root
    with pytest.raises(InputError, match=r"one tile is given more than once: .*N0509.*N0510"):
        granules_of_date([products[L2A].root, again], ROLE)


def test_two_parts_of_a_tile_from_two_strips_of_data_are_both_taken(products, tmp_path):
    root = write_product(tmp_path, replace(L2A, side=120)).root
    part = root.rename(root.with_name(root.name.replace("T124152", "T131500")))
    text = (part / "MTD_MSIL2A.xml").read_text()
    (part / "MTD_MSIL2A.xml").write_text(text.replace("T124152", "T131500"))
    assert len(granules_of_date([products[L2A].root, part], ROLE)) == 2


def test_a_folder_of_products_is_all_of_them(products, tmp_path):
    kinds = [replace(L2A, tile=tile, side=120) for tile in ("T32TNS", "T32TMS", "T31TGM")]
    for kind in kinds:
        write_product(tmp_path, kind)
    zipped(tmp_path / kinds[0].name)  # beside its folder it is the same product
    assert [granule.name for granule in granules_of_date([tmp_path], ROLE)] == sorted(kind.name for kind in kinds)


def test_rasters_beside_products_are_no_products(products):
    assert granules_of_date([products[L2A].root, Path("image.tif")], ROLE) is None
    assert granules_of_date([Path("image.tif")], ROLE) is None


def test_names_that_no_file_can_have_are_left_to_those_who_open_it():
    (granule,) = granules_of(Path("a" * 5000, "B04.jp2"), ROLE)
    assert granule.band("red").unstated
    assert granules_of(Path("a" * 5000), ROLE) is None
