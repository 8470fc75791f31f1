from __future__ import annotations

import random
import zipfile

import pytest

from landslip.runtime.errors import InputError
from landslip.runtime.inputs.products import granules_of
from landslip.runtime.untrusted.zip_archive import zip_content, zip_names

TEXT = random.Random(1).randbytes(3000).hex().encode()  # noqa: S311
SENTINEL_2 = "S2A_MSIL2A_20240801T101559_N0510_R065_T32TNS_20240801T141500"
PRODUCTS = {
    f"{SENTINEL_2}.zip": (
        f"{SENTINEL_2}.SAFE/MTD_MSIL2A.xml",
        f"{SENTINEL_2}.SAFE/GRANULE/L2A/IMG_DATA/R10m/T32TNS_20240801T101559_B04_10m.jp2",
    ),
    "order.zip": (
        "20240801_101112_45_2439_3B_AnalyticMS_metadata.xml",
        "20240801_101112_45_2439_3B_AnalyticMS.tif",
    ),
}


def archive_of(path, *names, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as target:
        for name in names:
            target.writestr(name, TEXT)
    return path


def test_names_and_the_beginning_of_a_file_are_read(tmp_path):
    path = archive_of(tmp_path / "a.zip", "b", "a")
    assert zip_names(path) == ["b", "a"]
    assert zip_content(path, "a", 100) == TEXT[:100]


@pytest.mark.parametrize("name", ["c", "a"])
def test_a_file_that_is_not_there_or_would_be_unpacked_at_once_is_refused(tmp_path, name):
    path = archive_of(tmp_path / "a.zip", "a", method=zipfile.ZIP_BZIP2)
    with pytest.raises(ValueError, match=f"'{name}'|{name} is packed by method 12"):
        zip_content(path, name, 10)


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_damaged_archive_of_a_product_is_an_error_with_a_reason(tmp_path, name):
    path = archive_of(tmp_path / name, *PRODUCTS[name])
    damaged = bytearray(path.read_bytes())
    damaged[200:500] = bytes(255 - byte for byte in damaged[200:500])
    path.write_bytes(bytes(damaged))
    with pytest.raises(InputError, match="cannot be read"):
        granules_of(path, "post")


@pytest.mark.parametrize("name", PRODUCTS)
def test_whatever_is_changed_in_an_archive_is_no_error_of_another_kind(tmp_path, name):
    content = archive_of(tmp_path / name, *PRODUCTS[name]).read_bytes()
    numbers = random.Random(2)  # noqa: S311
    for _ in range(300):
        damaged = bytearray(content)
        for place in (numbers.randrange(len(content)), numbers.randrange(len(content) - 500, len(content))):
            damaged[place] = numbers.randrange(256)
        (tmp_path / name).write_bytes(bytes(damaged))
        try:
            granules_of(tmp_path / name, "post")
        except InputError as error:
            assert "cannot be read" in error.what or "holds no images" in error.what  # noqa: PT017
