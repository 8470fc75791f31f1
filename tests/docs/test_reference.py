"""Tables of the reference hold what the code has: keys, codes, files."""

from __future__ import annotations

import json
import re

import pytest

from helpers.models import brightness_model
from helpers.pages import ROOT, blocks, spans, table_keys, text_of
from helpers.rasters import scene_mixed
from landslip.export.specification.spec_toml import INPUT_KEYS, OUTPUT_KEYS
from landslip.export.specification.spec_toml import KEYS as SPEC_KEYS
from landslip.runtime import errors
from landslip.runtime.artifacts.channel_units import IMAGE_UNITS
from landslip.runtime.artifacts.channels import ALIASES, BAND_NAMES, FORMULAS, INDICES, TERRAIN
from landslip.runtime.cli.main import run
from landslip.runtime.confidence import REASONS
from landslip.runtime.delivery.shapefile import SHORT_NAMES
from landslip.runtime.engines import BACKENDS
from landslip.runtime.inputs.scene_toml import KEYS as SCENE_KEYS
from landslip.runtime.products.polygon_layers import CLASS_FIELDS, ID_FIELD, LANDSLIDE_FIELDS, NOT_OBSERVED_FIELDS
from landslip.runtime.run.product_names import CLASS_PRODUCTS, FURTHER, PRODUCTS
from landslip.runtime.system.drafts import PARTIAL

FILES = "docs/reference/files.md"


def test_scene_keys():
    page = "docs/reference/scene-toml.md"
    assert sorted(table_keys(page, "Files") + table_keys(page, "How to read them")) == sorted(SCENE_KEYS)


def test_spec_keys():
    page = "docs/reference/spec-toml.md"
    assert sorted(table_keys(page, "The network")) == sorted(SPEC_KEYS)
    assert sorted(table_keys(page, "Each input")) == sorted(INPUT_KEYS)
    assert sorted(table_keys(page, "The output")) == sorted(OUTPUT_KEYS)


def test_names_of_bands():
    named = table_keys("docs/reference/spec-toml.md", "Bands")
    assert sorted(name for name in named if "(" not in name) == sorted((*BAND_NAMES, *ALIASES, *TERRAIN, *INDICES))
    assert [name.partition("(")[0] for name in named if "(" in name] == list(FORMULAS)


def test_units_of_images():
    assert table_keys("docs/reference/spec-toml.md", "Units") == ["rgb8", *IMAGE_UNITS[1:]]


def test_examples_of_descriptions_are_the_files():
    files = [path.read_text(encoding="utf-8") for path in (ROOT / "docs/examples/specs").glob("*.toml")]
    assert sorted(blocks("docs/reference/spec-examples.md", "toml")) == sorted(files)
    assert len(files) == 10


def test_exit_codes_of_errors():
    page = text_of("docs/reference/exit-codes.md")
    kinds = [each for each in vars(errors).values() if isinstance(each, type)]
    found = [kind for kind in kinds if issubclass(kind, errors.LandslipError)]
    for error in found:
        (row,) = [line for line in page.splitlines() if line.startswith("| ") and f"`{error.__name__}`" in line]
        assert row.startswith(f"| {error.exit_code} |"), error


def test_engines():
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", text_of("docs/reference/engines.md"), re.MULTILINE)
    assert [name for name, _ in rows] == list(BACKENDS)
    for name, devices in rows:
        assert set(re.findall(r"`(\w+)`", devices)) == set(BACKENDS[name].devices)


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    folder = tmp_path_factory.mktemp("map")
    files, model = scene_mixed(folder), brightness_model(folder / "model.onnx")
    arguments = ["map", "-m", model, "--pre", files.pre, "--post", files.post, "--dem", files.dem, "--tile", "64"]
    assert run([*map(str, arguments), "-o", str(folder / "out")]) == 0
    return json.loads((folder / "out" / "run.json").read_text(encoding="utf-8"))


SOMETIMES = {"reading", "damaged", "resumed_after_row", "shards", "classes"}
"""Keys that a run record need not have."""


def test_every_key_of_the_run_record_is_explained(record):
    assert set(record) | SOMETIMES == set(table_keys(FILES, "Keys of `run.json`"))


@pytest.mark.parametrize("key", ["model", "engine", "grid", "batch", "tiles", "registration", "seconds"])
def test_keys_within_the_run_record_are_explained(record, key):
    (row,) = [line for line in text_of(FILES).splitlines() if line.startswith(f"| `{key}`")]
    missing = [inner for inner in record[key] or () if f"`{inner}`" not in row]
    assert missing == []


def test_keys_of_inputs_are_explained(record):
    (row,) = [line for line in text_of(FILES).splitlines() if line.startswith("| `inputs`")]
    assert [key for entry in record["inputs"] for key in entry if f"`{key}`" not in row] == []


def test_products_and_their_hidden_folder():
    assert sorted(table_keys(FILES, "A map: `landslip map -o OUT`")) == sorted(PRODUCTS)
    assert table_keys(FILES, "Maps of several classes") == list(CLASS_PRODUCTS)
    assert f"OUT/{PARTIAL}" in spans(FILES)


def test_products_on_demand():
    assert table_keys(FILES, "On demand") == [name for names in FURTHER.values() for name in names]
    assert table_keys(FILES, "Names in the Shapefile") == list(SHORT_NAMES)
    for name, short in SHORT_NAMES.items():
        assert f"| `{name}` | `{short}` |" in text_of(FILES)


def test_fields_of_polygons():
    for page, fields in (
        ("Fields of `landslides.gpkg`", LANDSLIDE_FIELDS),
        ("Fields of the layer `not_observed`", NOT_OBSERVED_FIELDS),
    ):
        assert table_keys(FILES, page) == [ID_FIELD, *(field.name for field in fields)]
    assert table_keys(FILES, "Further fields in maps of several classes") == [field.name for field in CLASS_FIELDS]


def test_reasons_are_explained():
    (row,) = [line for line in text_of(FILES).splitlines() if line.startswith("| `reason`")]
    assert [name for name in REASONS.values() if f"`{name}`" not in row] == []


def test_keys_of_an_artifacts_record():
    record = json.loads((ROOT / "models" / "demo_data" / "demo.fp32.onnx.json").read_text(encoding="utf-8"))
    said = set(table_keys(FILES, "Keys of an artifact's record"))
    assert set(record) | {"left_out", "quantisation"} == said
    for key in ("artifact", "source", "reference"):
        (row,) = [line for line in text_of(FILES).splitlines() if line.startswith(f"| `{key}`")]
        assert [inner for inner in record[key] if f"`{inner}`" not in row] == []
