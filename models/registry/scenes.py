"""Published scenes of real events by name: which files, from where, how to know them. None of them is kept here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from landslip.models.registry.published_file import PublishedFile


@dataclass(frozen=True)
class SceneFile(PublishedFile):
    """One file of a scene that others have published; its name is that of the scene."""

    path: str
    """Path in the folder of the scene, with slashes."""

    @property
    def file(self) -> str:
        """Name of the file, without folders."""
        return PurePosixPath(self.path).name


@dataclass(frozen=True)
class RegisteredScene:
    """The rasters of a real event, published by others."""

    name: str
    """Short name, and that of the folder."""
    title: str
    """The event, for people."""
    url: str
    """Beginning of the addresses of its files."""
    files: tuple[SceneFile, ...]
    """The files that are fetched."""
    scene: str
    """``scene.toml``, for ``landslip map --scene``."""
    licence: str
    """Terms on which its files may be used, and whom to name."""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(each.size for each in self.files)

    def at(self, url: str) -> tuple[SceneFile, ...]:
        """The scene in another copy of the repository, whose address takes the place of :attr:`url`."""
        base = url.rstrip("/")
        return tuple(replace(each, url=base + each.url.removeprefix(self.url)) for each in self.files)


_IBURI = "https://raw.githubusercontent.com/ChenyuZhang16/landslide-mapping-with-cnn/c2b36ca13f1d56af772960fadeeecc86824ac06c"
_IBURI_FILES = (
    ("LICENSE", 1070, "a752aef3b1d02224add79cee8aea9528a9ecc8d0a6dc795e9484c77593b10503"),
    ("aoi.tif", 1428, "ca6f667f3c33d2b2f01db5af8c9207dd215cfad2348af17077d2a9677d8d1fcb"),
    ("dem/download.DSM.tif", 158631, "36a9dbb41cea83dd7d61ae9fa8280f8a2f4533cbad55a2c4969011ec09155d29"),
    ("hs/download.hillshade.tif", 131171, "a7234438ed4af5d0c5670432262495118aebae7f6a1489ab3b2fb804c21f2d9c"),
    ("slope/download.slope.tif", 464681, "c1bb63a750d4f61242561f4545df2204410ca80f509c206dab8b71299b3e396d"),
    ("pre-event/download.B4.tif", 1117257, "6fa22029e5e9a461e03a66069ef8d28cbc44f3d050b3c74c33ef71cb647238d4"),
    ("pre-event/download.B3.tif", 1066155, "417c0af88bc35aa10c1c52d26116ee636cc6b0e043af5aa1cb62d56c376811b2"),
    ("pre-event/download.B2.tif", 1034925, "3aa8158dbb56becdfed55d058eb4ca996aec8dfaafbc3b22ce20af9da9279fa0"),
    ("post-event/download.B4.tif", 1912717, "c6823eb833e931ab26be226e2c48d16b1c6b19751ee7d66a235b84009322de26"),
    ("post-event/download.B3.tif", 1813795, "72971b798b7428d801b3c434b9f08d0a0f8fa0f6a2f9b0d60346626270882c43"),
    ("post-event/download.B2.tif", 1689602, "4dfd27bf147262e30b32673724df88ab16a85674a956cf07dcbfb82fe2c3f96b"),
)

IBURI_2018 = RegisteredScene(
    name="iburi-2018",
    title="Hokkaido Eastern Iburi earthquake of 6 September 2018, Japan: 109 km2 seen by Sentinel-2",
    url=_IBURI,
    files=tuple(
        SceneFile("iburi-2018", f"{_IBURI}/{'' if path == 'LICENSE' else 'Japan_data/'}{path}", size, sha256, path)
        for path, size, sha256 in _IBURI_FILES
    ),
    scene="""\
# Hokkaido Eastern Iburi earthquake of 6 September 2018: Sentinel-2 bands before and after, AW3D30 elevation.
# The image before the event covers 60 % of the area; the map is made where both images show the ground.
pre = ["pre-event/download.B4.tif", "pre-event/download.B3.tif", "pre-event/download.B2.tif"]
post = ["post-event/download.B4.tif", "post-event/download.B3.tif", "post-event/download.B2.tif"]
dem = "dem/download.DSM.tif"
aoi = "aoi.tif"
""",
    licence=(
        "Published by ChenyuZhang16 under the MIT licence (LICENSE beside the files). Contains modified Copernicus "
        "Sentinel data 2018 and AW3D30 of JAXA: name both with what you make of them."
    ),
)
"""The earthquake after which thousands of slopes failed around Atsuma."""

SCENES: dict[str, RegisteredScene] = {scene.name: scene for scene in (IBURI_2018,)}
