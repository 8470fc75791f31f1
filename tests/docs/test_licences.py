"""Licences and citation: what is shipped, what is installed with it, whom to cite."""

from __future__ import annotations

import json
import re
import runpy

import jsonschema
import pytest
import tomllib
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from helpers.pages import ROOT, text_of

yaml = pytest.importorskip("yaml", reason="needs the docs extra")

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def listed():
    return dict(re.findall(r"^\| (\S+) \| (.+?) \| .+ \|$", text_of("docs/licences.md"), re.MULTILINE))


@pytest.mark.parametrize("extra", ["", "cpu", "openvino", "watch", "fetch", "dask", "export", "bench", "docs"])
def test_every_dependency_is_listed_with_a_licence(extra):
    requirements = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    for requirement in map(Requirement, requirements):
        name = canonicalize_name(requirement.name)
        if name != "landslip" and (requirement.marker is None or requirement.marker.evaluate({"extra": extra})):
            assert listed().get(name), f"{name}: run python tools/licences.py"


def test_the_lean_installation_has_no_unknown_licence():
    rows = re.findall(r"^\| (\S+) \| (.+?) \| landslip \|$", text_of("docs/licences.md"), re.MULTILINE)
    assert rows
    assert [name for name, licence in rows if "see its files" in licence or "not installed" in licence] == []


RUNTIME = ("", "cpu", "openvino", "watch", "fetch", "dask")
"""Extras that a machine which maps may have."""


def test_what_is_listed_is_what_is_installed():
    table = runpy.run_path(str(ROOT / "tools" / "licences.py"))
    declared, absent = table["declared"](), "not installed when this table was made"
    names = {name for extra in RUNTIME for name in table["needed"](declared[extra])} - {"landslip"}
    found = {name: licence for name in names if (licence := table["licence_of"](name)) != absent}
    assert len(found) > 20
    assert {name: listed().get(name) for name in found} == found, "run python tools/licences.py"


def test_what_is_shipped_is_listed():
    page = text_of("docs/licences.md")
    for picture in (ROOT / "docs").glob("*.jpg"):
        assert f"`docs/{picture.name}`" in page
    assert "`models/demo_data/`" in page


def test_the_citation_is_valid():
    schema = ROOT / "tests/data/schemas/citation-file-format.github.io/1.2.0/schema.json"
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(json.loads(schema.read_text(encoding="utf-8"))).validate(citation)
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert citation["references"][0]["doi"] == "10.1038/s41598-021-89015-8"
