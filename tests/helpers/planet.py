"""Orders of PlanetScope scenes in the structure that Planet delivers, made small."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from helpers.images import named
from helpers.rasters import CRS, LEFT, TOP, write

FOUR = ("blue", "green", "red", "nir")
EIGHT = ("coastal_blue", "blue", "green_i", "green", "yellow", "red", "rededge", "nir")
UDM2 = ("clear", "snow", "shadow", "haze_light", "haze_heavy", "cloud", "confidence", "unusable")
COEFFICIENTS = (2.1e-5, 2.2e-5, 2.3e-5, 2.4e-5, 2.5e-5, 2.6e-5, 2.7e-5, 3.5e-5)


@dataclass(frozen=True)
class Strip:
    """What a scene is of."""

    item: str = "20240801_101112_45_2439"
    kind: str = "AnalyticMS_SR_8b"
    """Name of its analytic file: ``AnalyticMS``, ``AnalyticMS_SR``, ``AnalyticMS_8b``, ``AnalyticMS_SR_8b``."""
    tools: str = "_harmonized_clip"
    """What the order did to it, as the names of its files say."""
    rows: int = 120
    cols: int = 150
    left: float = LEFT
    top: float = TOP
    metres: float = 3.0
    collar: int = 6
    """Columns at its west side that hold no data."""
    described: bool = True
    """The files name their bands, as those of today do."""
    seed: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        return EIGHT if "8b" in self.kind else FOUR


@dataclass(frozen=True)
class Scene:
    """A scene that was written."""

    strip: Strip
    analytic: Path
    mask: Path
    stored: dict[str, np.ndarray]
    """Numbers of each band by Planet's name, uint16, 0 = no data."""
    clear: np.ndarray
    """Pixels that the mask calls clear."""


def write_scene(folder: Path, strip: Strip = Strip(), *, udm: bool = False, visual: bool = False) -> Scene:
    """Write a scene of an order into a folder: analytic file, mask, metadata.

    Args:
        folder: that of the item type, such as ``ORDER/PSScene``.
        strip: what it is of.
        udm: the mask is a UDM, the bit field of before UDM2.
        visual: write the visual file, too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(strip.seed)
    rows, cols = np.mgrid[: strip.rows, : strip.cols]
    stored = {}
    for number, name in enumerate(strip.names):
        waves = 400 * np.sin(rows / 17 + number) * np.cos(cols / 23 + strip.seed)
        values = 900 + 150 * number + waves + rng.integers(0, 120, rows.shape)
        values[:, : strip.collar] = 0
        stored[name] = values.astype(np.uint16)
    place = {"left": strip.left, "top": strip.top, "crs": CRS}
    stem = f"{strip.item}_3B_"
    analytic = write(
        folder / f"{stem}{strip.kind}{strip.tools}.tif", np.stack([*stored.values()]), strip.metres, nodata=0,
        photometric="MINISBLACK", **place,
    )  # fmt: skip
    if strip.described:
        named(analytic, descriptions=strip.names)
    clear = np.ones(rows.shape, bool)
    clear[20:40, 50:80] = False
    clear[:, : strip.collar] = False
    mask = _udm(folder, strip, clear, place) if udm else _udm2(folder, strip, clear, place)
    if visual:
        picture = np.stack([stored[name] // 16 for name in ("red", "green", "blue")]).astype(np.uint8)
        alpha = np.where(stored["red"] > 0, 255, 0).astype(np.uint8)[None]
        write(folder / f"{stem}Visual_clip.tif", np.concatenate([picture, alpha]), strip.metres, alpha="YES", **place)
    _around(folder, strip)
    return Scene(strip, analytic, mask, stored, clear)


def _udm2(folder: Path, strip: Strip, clear: np.ndarray, place: dict[str, object]) -> Path:
    bands = np.zeros((8, *clear.shape), np.uint8)
    bands[0] = clear
    bands[5] = ~clear
    bands[5, :, : strip.collar] = 0
    bands[6] = 93
    bands[7, :, : strip.collar] = 1
    clip = "_clip" if "clip" in strip.tools else ""
    path = write(folder / f"{strip.item}_3B_udm2{clip}.tif", bands, strip.metres, photometric="MINISBLACK", **place)
    return named(path, descriptions=UDM2) if strip.described else path


def _udm(folder: Path, strip: Strip, clear: np.ndarray, place: dict[str, object]) -> Path:
    bits = np.where(clear, 0, 2).astype(np.uint8)
    bits[:, : strip.collar] = 1
    return write(folder / f"{strip.item}_3B_AnalyticMS_DN_udm.tif", bits, strip.metres, **place)


def _around(folder: Path, strip: Strip) -> None:
    """Metadata of the item, and of its analytic file."""
    day, time = strip.item.split("_")[:2]
    taken = f"{day[:4]}-{day[4:6]}-{day[6:]}T{time[:2]}:{time[2:4]}:{time[4:]}.45Z"
    properties = {"acquired": taken, "item_type": "PSScene", "instrument": "PSB.SD", "clear_percent": 93}
    described = {"id": strip.item, "type": "Feature", "properties": properties}
    (folder / f"{strip.item}_metadata.json").write_text(json.dumps(described))
    eight = "_8b" if "8b" in strip.kind else ""
    (folder / f"{strip.item}_3B_AnalyticMS{eight}_metadata_clip.xml").write_text(metadata(len(strip.names), taken))


def metadata(bands: int, taken: str = "2024-08-01T10:11:12.45Z") -> str:
    """The parts of ``*_AnalyticMS_metadata.xml`` that matter, with their namespaces."""
    each = "".join(
        f"<ps:bandSpecificMetadata><ps:bandNumber>{number + 1}</ps:bandNumber>"
        '<ps:radiometricScaleFactor uom="W/m^2*sr*um">0.01</ps:radiometricScaleFactor>'
        f"<ps:reflectanceCoefficient>{COEFFICIENTS[number]}</ps:reflectanceCoefficient></ps:bandSpecificMetadata>"
        for number in range(bands)
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<ps:EarthObservation xmlns:ps="http://schemas.planet.com/ps/v1/planet_product_metadata_geocorrected_level"
 xmlns:gml="http://www.opengis.net/gml" xmlns:eop="http://earth.esa.int/eop" version="1.2.1">
<gml:using><eop:EarthObservationEquipment><eop:acquisitionParameters><ps:Acquisition>
<ps:acquisitionDateTime>{taken}</ps:acquisitionDateTime></ps:Acquisition></eop:acquisitionParameters>
</eop:EarthObservationEquipment></gml:using>
<gml:resultOf><ps:EarthObservationResult>{each}</ps:EarthObservationResult></gml:resultOf></ps:EarthObservation>
"""


def order(folder: Path, *strips: Strip, **options: bool) -> list[Scene]:
    """Write an order as it is delivered: the manifest, and the scenes in the folder of their item type."""
    scenes = [write_scene(folder / "PSScene", strip, **options) for strip in strips]
    (folder / "manifest.json").write_text('{"name": "", "files": []}')
    return scenes


def zipped(folder: Path) -> Path:
    """The single archive of an order."""
    archive = folder.with_name(f"{folder.name}.zip")
    with zipfile.ZipFile(archive, "w") as target:
        for path in sorted(folder.rglob("*")):
            target.write(path, path.relative_to(folder))
        target.writestr("__MACOSX/PSScene/._20240801_101112_45_2439_3B_AnalyticMS_SR_8b.tif", b"\0")
    return archive
