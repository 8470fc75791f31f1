"""Granules of products, whichever satellite they are of."""

from __future__ import annotations

from landslip.runtime.inputs.products import BandFile, Granule, granules_of


def test_bands_are_found_by_common_name_and_by_label():
    red = BandFile("B04.jp2", label="B04")
    granule = Granule("Sentinel-2", "A", None, {"red": red}, None, None)
    assert granule.band("red") is granule.band("B04") is granule.band("b04") is red
    assert granule.band("nir") is None


def test_other_files_are_no_products(tmp_path):
    assert granules_of(tmp_path / "image.tif", "pre-event image") is None
    assert granules_of("https://example.org/image.tif", "pre-event image") is None


def test_the_picture_of_a_product_is_its_granule(tmp_path):
    root = tmp_path / "S2B_MSIL2A_20200101T101319_N0213_R022_T32TNS_20200101T124152.SAFE"
    granule = root / "GRANULE/L2A_T32TNS_A014741_20200101T101430"
    picture = granule / "IMG_DATA/R10m/T32TNS_20200101T101319_TCI_10m.jp2"
    classes = granule / "IMG_DATA/R20m/T32TNS_20200101T101319_SCL_20m.jp2"
    for path in (picture, classes):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"")
    (found,) = granules_of(root, "pre-event image")
    assert (found.true_colour, found.mask.location, found.mask.kind) == (picture, classes, "scl")
    assert (found.name, found.acquired.text) == (root.name, "2020-01-01T10:13:19Z")
