"""Sentinel-2 products in the structure that ESA delivers, with all bands, made small."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from helpers.rasters import CRS, LEFT, TOP, write

NATIVE = {
    "B01": 60, "B02": 10, "B03": 10, "B04": 10, "B05": 20, "B06": 20, "B07": 20, "B08": 10, "B8A": 20, "B09": 60,
    "B10": 60, "B11": 20, "B12": 20,
}  # fmt: skip
"""Metres of each band, in the order of ``band_id``."""
IDS = {label: number for number, label in enumerate(NATIVE)}
LOSSLESS = {"driver": "JP2OpenJPEG", "quality": "100", "reversible": "YES"}


@dataclass(frozen=True)
class Kind:
    """What a product is of."""

    level: str = "L2A"
    tile: str = "T32TNS"
    sensed: str = "20230105T101319"
    baseline: str = "0509"
    orbit: str = "R022"
    satellite: str = "S2B"
    crs: str = CRS
    left: float = LEFT
    top: float = TOP
    side: int = 2400
    """Metres, a multiple of 60."""
    offset: int = -1000
    """The radiometric offset of all bands, 0 before baseline 04.00, whose metadata does not name any."""
    quantification: int = 10_000

    @property
    def name(self) -> str:
        return (
            f"{self.satellite}_MSI{self.level}_{self.sensed}_N{self.baseline}_{self.orbit}_{self.tile}_"
            f"{self.sensed[:9]}124152.SAFE"
        )

    @property
    def granule(self) -> str:
        return f"{self.level}_{self.tile}_A014741_{self.sensed[:9]}101430"


@dataclass(frozen=True)
class Product:
    """A product that was written, and what is in it."""

    root: Path
    kind: Kind
    stored: dict[str, np.ndarray]
    """Numbers of each band at its finest resolution, uint16, 0 = no data."""
    picture: np.ndarray
    classes: np.ndarray | None
    paths: dict[str, Path] = field(default_factory=dict)
    """Files of bands, TCI and SCL at their finest resolution."""

    def reflectance(self, label: str) -> np.ndarray:
        """What the numbers of a band mean."""
        return (self.stored[label].astype(np.float64) + self.kind.offset) / self.kind.quantification


def write_product(folder: Path, kind: Kind = Kind(), seed: int = 0, outside: int = 0) -> Product:
    """Write a product.

    Args:
        folder: where.
        kind: what it is of.
        seed: of its values.
        outside: metres at its west side that the swath does not reach.
    """
    root = folder / kind.name
    images = root / "GRANULE" / kind.granule / "IMG_DATA"
    rng = np.random.default_rng(seed)
    stored = {label: _band(kind, metres, rng, outside) for label, metres in NATIVE.items() if _has(kind, label)}
    picture = np.clip(np.stack([stored[label] for label in ("B04", "B03", "B02")]) // 16, 1, 255).astype(np.uint8)
    picture[:, :, : outside // 10] = 0
    classes = _classes(kind, outside) if kind.level == "L2A" else None
    files: list[tuple[str, int, np.ndarray]] = [("TCI", 10, picture)]
    files += [(label, NATIVE[label], values) for label, values in stored.items()]
    if kind.level == "L2A":
        files += _coarser(stored, kind)
        files += [("SCL", 20, classes), ("SCL", 60, classes[::3, ::3]), ("TCI", 20, picture[:, ::2, ::2])]
        files += [("AOT", 10, np.full_like(stored["B04"], 200)), ("WVP", 10, np.full_like(stored["B04"], 900))]
    paths = {}
    for label, metres, values in files:
        path = _path(images, kind, label, metres)
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, values, metres, left=kind.left, top=kind.top, crs=kind.crs, **LOSSLESS)
        paths.setdefault(label, path)
    _around(root, kind)
    return Product(root, kind, stored, picture, classes, paths)


def zipped(root: Path, name: str | None = None, *, inner: bool = True) -> Path:
    """The archive of a product, as it is downloaded; with foreign files as macOS leaves them."""
    archive = root.with_name(name or f"{root.name}.zip")
    with zipfile.ZipFile(archive, "w") as target:
        for path in sorted(root.rglob("*")):
            target.write(path, path.relative_to(root.parent if inner else root))
        target.writestr(f"__MACOSX/{root.name}/._MTD_MSIL2A.xml", b"\0")
    return archive


def _has(kind: Kind, label: str) -> bool:
    return label != "B10" or kind.level == "L1C"


def _band(kind: Kind, metres: int, rng: np.random.Generator, outside: int) -> np.ndarray:
    edge = kind.side // metres
    rows, cols = np.mgrid[:edge, :edge] * metres
    waves = 900 * np.sin(rows / 170) * np.cos(cols / 230 + rng.uniform(0, 6))
    values = 2000 + waves + rng.integers(0, 200, (edge, edge)) - kind.offset
    values[:, : outside // metres] = 0
    return values.astype(np.uint16)


def _classes(kind: Kind, outside: int) -> np.ndarray:
    """Vegetation with a cloud, its shadow, snow and a defect."""
    edge = kind.side // 20
    classes = np.full((edge, edge), 4, np.uint8)
    tenth = edge // 10
    for place, value in enumerate((9, 3, 11, 1, 7, 10)):
        row = (1 + place) * tenth
        classes[row : row + tenth, 2 * tenth : 4 * tenth] = value
    classes[:, : outside // 20] = 0
    return classes


def _coarser(stored: dict[str, np.ndarray], kind: Kind) -> list[tuple[str, int, np.ndarray]]:
    """Bands at the resolutions that ESA resamples them to: other numbers, so that taking one is seen."""
    found = []
    for metres in (20, 60):
        step = {label: metres // NATIVE[label] for label in stored}
        labels = [label for label, times in step.items() if times > 1 and not (metres == 60 and label == "B08")]
        if metres == 20:
            labels.remove("B08")
        for label in labels:
            found.append((label, metres, stored[label][:: step[label], :: step[label]] // 2))
    return found


def _path(images: Path, kind: Kind, label: str, metres: int) -> Path:
    stem = f"{kind.tile}_{kind.sensed}_{label}"
    return images / f"{stem}.jp2" if kind.level == "L1C" else images / f"R{metres}m" / f"{stem}_{metres}m.jp2"


def _around(root: Path, kind: Kind) -> None:
    """What lies around the images."""
    (root / f"MTD_MSI{kind.level}.xml").write_text(metadata(kind), encoding="utf-8")
    (root / "manifest.safe").write_text("<xfdu:XFDU/>")
    (root / "INSPIRE.xml").write_text("<gmd:MD_Metadata/>")
    granule = root / "GRANULE" / kind.granule
    (granule / "MTD_TL.xml").write_text("<n1/>")
    for folder in ("AUX_DATA", "QI_DATA"):
        (granule / folder).mkdir(exist_ok=True)
    (granule / "QI_DATA" / "MSK_CLDPRB_20m.jp2").write_bytes(b"")
    (root / "DATASTRIP" / "DS_2BPS").mkdir(parents=True, exist_ok=True)


def metadata(kind: Kind) -> str:
    """The parts of MTD_MSIL2A.xml and MTD_MSIL1C.xml that matter, in their order and with their namespaces."""
    day = f"{kind.sensed[:4]}-{kind.sensed[4:6]}-{kind.sensed[6:8]}T10:13:19.024Z"
    low = "L2A" if kind.level == "L2A" else "L1C"
    tag, inner = ("BOA_ADD_OFFSET", "BOA") if low == "L2A" else ("RADIO_ADD_OFFSET", "")
    around = "BOA_ADD_OFFSET_VALUES_LIST" if low == "L2A" else "Radiometric_Offset_List"
    each = "".join(f'<{tag} band_id="{number}">{kind.offset}</{tag}>' for number in range(13))
    offsets = f"<{around}>{each}</{around}>" if int(kind.baseline) >= 400 else ""
    if inner:
        quantities = (
            f'<QUANTIFICATION_VALUES_LIST><BOA_QUANTIFICATION_VALUE unit="none">{kind.quantification}'
            '</BOA_QUANTIFICATION_VALUE><AOT_QUANTIFICATION_VALUE unit="none">1000.0</AOT_QUANTIFICATION_VALUE>'
            '<WVP_QUANTIFICATION_VALUE unit="cm">1000.0</WVP_QUANTIFICATION_VALUE></QUANTIFICATION_VALUES_LIST>'
        )
    else:
        quantities = f'<QUANTIFICATION_VALUE unit="none">{kind.quantification}</QUANTIFICATION_VALUE>'
    return f"""<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<n1:Level-{low[1:]}_User_Product xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/User_Product_Level-{low[1:]}.xsd">
<n1:General_Info><Product_Info><PRODUCT_START_TIME>{day}</PRODUCT_START_TIME>
<PRODUCT_URI>{kind.name}</PRODUCT_URI><PROCESSING_LEVEL>Level-{low[1:]}</PROCESSING_LEVEL>
<PROCESSING_BASELINE>{kind.baseline[:2]}.{kind.baseline[2:]}</PROCESSING_BASELINE></Product_Info>
<Product_Image_Characteristics>
<Special_Values><SPECIAL_VALUE_TEXT>NODATA</SPECIAL_VALUE_TEXT><SPECIAL_VALUE_INDEX>0</SPECIAL_VALUE_INDEX></Special_Values>
{quantities}{offsets}</Product_Image_Characteristics></n1:General_Info></n1:Level-{low[1:]}_User_Product>
"""
