"""The application package of this version: landslip as platforms run it, in CWL.

Source: OGC 20-089r1, Best Practice for Earth Observation Application Package, requirements 7 to 14: a Workflow and a
CommandLineTool; staged inputs and outputs are folders with a STAC Catalog. CWL 1.2.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from landslip.runtime.access.location import exists
from landslip.runtime.errors import UsageError
from landslip.runtime.system.drafts import output_errors, write_file
from landslip.runtime.system.versions import landslip_version
from landslip.runtime.untrusted.printable import shown

IMAGE = "landslip:{version}"
"""Name of a container image, where none is given; ``{version}`` is that of landslip."""

_IMAGE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,254}")


@dataclass(frozen=True)
class _Input:
    """An input of the package."""

    id: str
    """Name of the input, which is that of the option of ``landslip map``."""
    type: str
    """Type in CWL."""
    label: str
    """Title, for people."""
    doc: str
    """Explanation, for people."""
    beside: str | None = None
    """Ending that is added to the name of a file beside it, which is taken along if it is there."""


INPUTS = (
    _Input(
        "scene", "Directory", "Scene",
        "A folder with catalog.json: a STAC Catalog of Items with an image before the event, one after it, and "
        "elevation, as the platform stages them.",
    ),
    _Input(
        "model", "File", "Model",
        "The ONNX file of the network, made by landslip export.", beside=".json",
    ),
    _Input(
        "preset", "string?", "Preset",
        "How tiles are laid: faithful (as published), balanced or fast.",
    ),
    _Input(
        "threshold", "float?", "Threshold",
        "Confidence from which on a pixel counts as landslide, 0.01 to 1; the model's own where none is given.",
    ),
    _Input(
        "min_area", "float?", "Smallest area",
        "Landslides smaller than this are left out of the polygons, square metres.",
    ),
    _Input(
        "aoi", "string?", "Area of interest",
        "A box in degrees: WEST,SOUTH,EAST,NORTH.",
    ),
    _Input("crs", "string?", "CRS", "CRS of the map in metres, such as EPSG:32632."),
    _Input("resolution", "float?", "Resolution", "Pixel size of the map in metres."),
    _Input("title", "string?", "Title", "Title of the map, as its pictures and its Item show it."),
    _Input(
        "also", "string?", "Further formats",
        "Formats in which landslides are written too, with commas between them: geojson, fgb, kml, shp, cems.",
    ),
    _Input("density", "float?", "Density grid", "Metres of a cell of the grid of landslide density."),
    _Input("report", "boolean?", "Report", "Whether report.html is written."),
)  # fmt: skip
"""Inputs of the package, those that are needed first."""

_HEAD = """\
cwlVersion: v1.2
$namespaces:
  s: https://schema.org/
s:softwareVersion: {version}
s:name: landslip
s:description: Landslide maps from satellite images before and after an event
s:license: https://spdx.org/licenses/Apache-2.0
s:keywords: landslides, remote sensing, ONNX, STAC

$graph:
"""

_WORKFLOW = """\
- class: Workflow
  id: landslip
  label: Landslide map
  doc: >-
    Maps the landslides of an event with a network, from a satellite image before it, one after it, and terrain. Gives
    a folder with a STAC Catalog and Item: confidence in percent (GeoTIFF), landslides and what was not observed as
    polygons (GeoPackage), a picture, and the record of the run.
  inputs:
{inputs}
  outputs:
    map:
      label: Map
      doc: A folder with catalog.json, the STAC Item of the map, and its files.
      type: Directory
      outputSource: make_map/map
  steps:
    make_map:
      run: "#landslip_map"
      in:
{passed}
      out: [map]
"""

_TOOL = """\
- class: CommandLineTool
  id: landslip_map
  label: landslip map
  doc: The command landslip map, on what the platform has staged.
  hints:
    DockerRequirement:
      dockerPull: {image}
  requirements:
    # Folders that can be written: the home of a container often is none.
    EnvVarRequirement:
      envDef:
        NUMBA_CACHE_DIR: $(runtime.tmpdir)/numba
        XDG_CACHE_HOME: $(runtime.tmpdir)/cache
        XDG_CONFIG_HOME: $(runtime.tmpdir)/config
    ResourceRequirement:
      coresMin: 1
      ramMin: 4096
      tmpdirMin: 1024
      outdirMin: 4096
  baseCommand: [landslip, map]
  arguments: [{catalog}, {out}, .]
  inputs:
{inputs}
  outputs:
    map:
      type: Directory
      outputBinding:
        glob: .
"""


FlagOf = Callable[[str], str]
"""Function that gives the flag of an option of the command line by its name, which the command line alone knows."""


def application_package(flag_of: FlagOf, image: str | None = None) -> str:
    """The package as a text in YAML, equal for equal versions and images.

    Args:
        flag_of: gives the flag of an option of ``landslip map``.
        image: container image with landslip; None for :data:`IMAGE`.

    Raises:
        UsageError: that is no name of an image.
    """
    version = landslip_version()
    named = IMAGE.replace("{version}", version) if image is None else image
    if not _IMAGE_NAME.fullmatch(named):
        raise UsageError(
            f"{shown(image)} is no name of a container image.",
            "Give one such as registry.example/landslip:1.0.",
            option="image",
        )
    return "".join(
        (
            _HEAD.format(version=_quoted(version)),
            _WORKFLOW.format(
                inputs="\n".join(_workflow_inputs()),
                passed="\n".join(f"        {each.id}: {each.id}" for each in INPUTS),
            ),
            _TOOL.format(
                image=_quoted(named),
                catalog=flag_of("catalog"),
                out=flag_of("out"),
                inputs="\n".join(_tool_inputs(flag_of)),
            ),
        )
    )


def write_package(path: Path, flag_of: FlagOf, image: str | None = None, *, overwrite: bool = False) -> None:
    """Write the package to a file.

    Args:
        path: the file.
        flag_of: gives the flag of an option of ``landslip map``.
        image: container image with landslip; None for :data:`IMAGE`.
        overwrite: replace a file that has the name.

    Raises:
        UsageError: there is such a file, or the image has no such name.
        OutputError: it cannot be written.
    """
    text = application_package(flag_of, image)
    if exists(path) and not overwrite:
        raise UsageError(
            f"output: {path} is there already.",
            "Choose another name, or add overwrite=True to replace it.",
            where=path,
            option="out",
        )
    with output_errors(path):
        write_file(path, text)


def _workflow_inputs() -> Iterator[str]:
    for each in INPUTS:
        yield f"    {each.id}:"
        yield f"      label: {_quoted(each.label)}"
        yield f"      doc: {_quoted(each.doc)}"
        yield from _type(each)


def _tool_inputs(flag_of: FlagOf) -> Iterator[str]:
    for each in INPUTS:
        yield f"    {each.id}:"
        yield from _type(each)
        yield "      inputBinding:"
        yield f"        prefix: {flag_of(each.id)}"


def _type(given: _Input) -> Iterator[str]:
    yield f"      type: {given.type}"
    if given.beside is not None:
        yield f"      secondaryFiles: [{{pattern: {_quoted(given.beside)}, required: false}}]"


def _quoted(text: str) -> str:
    """A text as YAML takes it whatever is in it: JSON, which is a part of YAML."""
    return json.dumps(text)
