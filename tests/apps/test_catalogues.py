"""Items, Catalogs and the application package as real tools take them, such as pystac, odc-stac and cwltool."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import rasterio

from helpers.stac import schema_files
from landslip.runtime.cli.main import run

pytestmark = [
    pytest.mark.apps,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning"),  # of the tools
]


def needs(module):
    return pytest.mark.skipif(find_spec(module) is None, reason=f"{module} is not installed (extra apps)")


def item_file(out):
    return out / json.loads((out / "run.json").read_text())["item"]


@needs("pystac")
def test_pystac_walks_from_the_catalog_to_the_files_and_back(mapped):
    import pystac

    catalog = pystac.Catalog.from_file(str(mapped / "catalog.json"))
    (found,) = catalog.get_items()
    assert found.get_root() is catalog
    assert found.get_parent() is catalog
    assert found.id == item_file(mapped).stem
    assert found.common_metadata.start_datetime.isoformat() == "2025-06-01T10:00:00+00:00"
    for asset in found.assets.values():
        assert Path(asset.get_absolute_href()).is_file()
    assert found.get_assets(role="overview").keys() == {"quicklook"}


@needs("pystac")
@pytest.mark.parametrize("extension", ["proj", "file", "classification", "version"])
def test_extensions_of_pystac_read_their_fields(mapped, extension):
    import pystac

    found = pystac.Item.from_file(str(item_file(mapped)))
    asset = found.assets["confidence"]
    with rasterio.open(mapped / "confidence.tif") as dataset:
        expected = {
            "proj": lambda: (
                (asset.ext.proj.code, asset.ext.proj.shape, asset.ext.proj.transform)
                == ("EPSG:32632", list(dataset.shape), list(dataset.transform)[:6])
            ),
            "file": lambda: asset.ext.file.size == (mapped / "confidence.tif").stat().st_size,
            "classification": lambda: [each.value for each in asset.ext.classification.classes] == [255],
            "version": lambda: found.ext.version.version == found.properties["processing:software"]["landslip"],
        }
        assert expected[extension]()


@needs("stac_validator")
def test_stac_valid_finds_item_and_catalog_valid(mapped):
    from stac_validator.validate import StacValidate

    schemas = {address: str(path) for address, path in schema_files().items()}
    for path in (item_file(mapped), mapped / "catalog.json"):
        validator = StacValidate(str(path), schema_map=schemas)
        assert validator.run(), validator.message
    broken = json.loads(item_file(mapped).read_text())
    del broken["properties"]["end_datetime"]
    (mapped.parent / "broken.json").write_text(json.dumps(broken))
    assert not StacValidate(str(mapped.parent / "broken.json"), schema_map=schemas).run()


@needs("odc.stac" if find_spec("odc") else "odc")
def test_odc_stac_loads_the_map_as_it_is(mapped):
    import odc.stac
    import pystac

    found = pystac.Item.from_file(str(item_file(mapped)))
    loaded = odc.stac.load([found], bands=["confidence"])
    with rasterio.open(mapped / "confidence.tif") as dataset:
        np.testing.assert_array_equal(loaded.confidence.values[0], dataset.read(1))
        assert (loaded.confidence.dtype, loaded.confidence.attrs["nodata"]) == (np.uint8, 255)
        assert loaded.odc.geobox.transform == dataset.transform


@needs("rioxarray")
def test_rioxarray_opens_the_asset_and_masks_what_was_not_observed(mapped):
    import pystac
    import rioxarray

    found = pystac.Item.from_file(str(item_file(mapped)))
    with rioxarray.open_rasterio(found.assets["confidence"].get_absolute_href(), masked=True) as opened:
        share = float(np.isfinite(opened.values).mean()) * 100
    assert share == pytest.approx(found.assets["confidence"].extra_fields["bands"][0]["statistics"]["valid_percent"])


@needs("ap_validator")
def test_the_package_follows_the_best_practice(tmp_path):
    assert run(["package", "-o", str(tmp_path / "landslip.cwl")]) == 0
    code = (
        "import sys; from ap_validator.app_package import AppPackage\n"
        "sys.exit(AppPackage.process_cli(sys.argv[1], detail='hints'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "landslip.cwl"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("CWL is compliant")  # without a hint before it


@needs("cwltool")
@pytest.mark.slow
def test_cwltool_makes_the_same_map_without_a_container(staged, mapped, tmp_path):
    assert run(["package", "-o", str(tmp_path / "landslip.cwl")]) == 0
    paths = [str(Path(sys.executable).parent), os.environ["PATH"]]
    done = subprocess.run(
        [
            sys.executable, "-m", "cwltool", "--no-container", "--preserve-environment", "PYTHONPATH", "--quiet",
            "--outdir", tmp_path / "results", f"{tmp_path / 'landslip.cwl'}#landslip", "--scene", staged / "staged",
            "--model", staged / "model.onnx", "--min_area", "600",
        ],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env=os.environ | {"PATH": os.pathsep.join(paths)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    made = Path(json.loads(done.stdout)["map"]["path"])
    assert {path.name for path in made.iterdir()} == {path.name for path in mapped.iterdir()}
    for name in ("confidence.tif", "landslides.gpkg", "catalog.json"):
        assert (made / name).read_bytes() == (mapped / name).read_bytes(), name
    assert item_file(made).name == item_file(mapped).name
    assert str(staged) not in item_file(made).read_text()
