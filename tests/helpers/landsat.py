"""Landsat Collection 2 products in the structure that USGS delivers, made small."""

from __future__ import annotations

import json
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from helpers.rasters import CRS, LEFT, TOP, write

OLI = {"1": "coastal", "2": "blue", "3": "green", "4": "red", "5": "nir", "6": "swir16", "7": "swir22"}
OLDER = {"1": "blue", "2": "green", "3": "red", "4": "nir", "5": "swir16", "7": "swir22"}
CLEAR, CLOUD, SHADOW, SNOW, CIRRUS, DILATED, WATER, FILL = 21824, 22280, 23888, 30048, 54596, 21826, 21952, 1
"""Values of QA_PIXEL (USGS LSDS-1619, table 3-3)."""


@dataclass(frozen=True)
class Pass:
    """What a product is of."""

    sensor: str = "LC08"
    level: str = "L2SP"
    day: str = "20200801"
    place: str = "192027"
    rows: int = 60
    cols: int = 70
    left: float = LEFT
    top: float = TOP
    seed: int = 0
    collar: int = 3
    """Columns at its west side that hold no data."""
    mult: float = 2.75e-5
    add: float = -0.2
    sun: float = 41.5

    @property
    def name(self) -> str:
        return f"{self.sensor}_{self.level}_{self.place}_{self.day}_20200907_02_T1"

    @property
    def bands(self) -> dict[str, str]:
        return OLI if self.sensor[1] in "CO" else OLDER


@dataclass(frozen=True)
class LandsatProduct:
    """A product that was written."""

    of: Pass
    folder: Path
    stored: dict[str, np.ndarray]
    """Numbers by common name, uint16, 0 = fill."""
    quality: np.ndarray

    def file(self, what: str) -> Path:
        """A file by what it holds: ``SR_B4``, ``QA_PIXEL``."""
        return self.folder / f"{self.of.name}_{what}.TIF"

    @property
    def clear(self) -> np.ndarray:
        """Pixels that no bit from 0 to 5 marks."""
        return (self.quality & 0b111111) == 0


def write_landsat(folder: Path, of: Pass = Pass(), mtl: tuple[str, ...] = ("json", "txt", "xml")) -> LandsatProduct:
    """Write a product as it lies in its archive: bands, quality, surface temperature, metadata of these kinds."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(of.seed)
    rows, cols = np.mgrid[: of.rows, : of.cols]
    place = {"left": of.left, "top": of.top, "crs": CRS}
    prefix = "SR_" if of.level[1] == "2" else ""
    stored = {}
    for number, name in of.bands.items():
        waves = 1500 * np.sin(rows / 9 + int(number)) * np.cos(cols / 11 + of.seed)
        values = 9500 + 500 * int(number) + waves + rng.integers(0, 300, rows.shape)
        values[:, : of.collar] = 0
        stored[name] = values.astype(np.uint16)
        write(folder / f"{of.name}_{prefix}B{number}.TIF", stored[name], 30.0, nodata=0, **place)
    quality = np.full(rows.shape, CLEAR, np.uint16)
    for at, value in enumerate((CLOUD, SHADOW, SNOW, CIRRUS, DILATED, WATER)):
        quality[5 + 6 * at : 9 + 6 * at, 20:40] = value
    quality[:, : of.collar] = FILL
    write(folder / f"{of.name}_QA_PIXEL.TIF", quality, 30.0, nodata=1, **place)
    write(folder / f"{of.name}_QA_RADSAT.TIF", np.zeros_like(quality), 30.0, **place)
    if of.level[1] == "2":
        write(folder / f"{of.name}_SR_QA_AEROSOL.TIF", np.full(rows.shape, 66, np.uint8), 30.0, nodata=1, **place)
        thermal = "ST_B10" if of.sensor[1] in "CO" else "ST_B6"
        write(folder / f"{of.name}_{thermal}.TIF", np.full(rows.shape, 44000, np.uint16), 30.0, nodata=0, **place)
    for kind in mtl:
        (folder / f"{of.name}_MTL.{kind}").write_text({"json": _json, "txt": _text, "xml": _xml}[kind](groups(of)))
    return LandsatProduct(of, folder, stored, quality)


def groups(of: Pass) -> dict[str, dict[str, str]]:
    """Groups of an MTL: those of level 1 come in that of level 2, too, with the same keys."""
    day = f"{of.day[:4]}-{of.day[4:6]}-{of.day[6:]}"
    found = {
        "PRODUCT_CONTENTS": {"LANDSAT_PRODUCT_ID": of.name, "PROCESSING_LEVEL": of.level, "COLLECTION_NUMBER": "02"},
        "IMAGE_ATTRIBUTES": {
            "DATE_ACQUIRED": day, "SCENE_CENTER_TIME": "10:03:20.1234560Z", "SUN_ELEVATION": str(of.sun),
        },
        "LEVEL1_RADIOMETRIC_RESCALING": {
            key: value
            for number in of.bands
            for key, value in (
                (f"REFLECTANCE_MULT_BAND_{number}", "2.0000E-05"), (f"REFLECTANCE_ADD_BAND_{number}", "-0.100000"),
            )
        },
    }  # fmt: skip
    if of.level[1] == "2":
        found["LEVEL2_SURFACE_REFLECTANCE_PARAMETERS"] = {
            key: value
            for number in of.bands
            for key, value in (
                (f"REFLECTANCE_MULT_BAND_{number}", str(of.mult)),
                (f"REFLECTANCE_ADD_BAND_{number}", str(of.add)),
            )
        }
    return found


def _json(found: dict[str, dict[str, str]]) -> str:
    return json.dumps({"LANDSAT_METADATA_FILE": found}, indent=2)


def _text(found: dict[str, dict[str, str]]) -> str:
    lines = ["GROUP = LANDSAT_METADATA_FILE"]
    for name, group in found.items():
        lines += [f"  GROUP = {name}", *(f"    {key} = {_quoted(value)}" for key, value in group.items())]
        lines.append(f"  END_GROUP = {name}")
    return "\n".join([*lines, "END_GROUP = LANDSAT_METADATA_FILE", "END", ""])


def _quoted(value: str) -> str:
    return value if value.replace(".", "").replace("-", "").replace("E", "").isdecimal() else f'"{value}"'


def _xml(found: dict[str, dict[str, str]]) -> str:
    inside = "".join(
        f"<{name}>{''.join(f'<{key}>{value}</{key}>' for key, value in group.items())}</{name}>"
        for name, group in found.items()
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<LANDSAT_METADATA_FILE>{inside}</LANDSAT_METADATA_FILE>\n'


def packed(product: LandsatProduct) -> Path:
    """The archive of a product, as it is downloaded."""
    archive = product.folder.with_name(f"{product.of.name}.tar")
    with tarfile.open(archive, "w") as target:
        for path in sorted(product.folder.iterdir()):
            target.add(path, path.name)
    return archive
