"""Writing of a report: its pictures are read from the scene, chosen within the budget, and put into the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from landslip.runtime.artifacts.channels import Date
from landslip.runtime.report.landslide_data import read_landslides, read_unseen
from landslip.runtime.report.picture_store import PictureStore
from landslip.runtime.report.pictures import ImageSource, affordable, encode_tiles
from landslip.runtime.report.report_page import ReportPage, TopPicture
from landslip.runtime.report.texts import ENGLISH, Language
from landslip.runtime.report.tile_choice import Detail, candidates, chosen, detail_of
from landslip.runtime.report.tile_places import Pyramid, TilePlace
from landslip.runtime.report.webp import Picture, as_base64, encoded, halved
from landslip.runtime.run.finished_run import FinishedRun
from landslip.runtime.run.product_names import LANDSLIDES
from landslip.runtime.run.product_options import check_megabytes
from landslip.runtime.scoring.score_types import Score
from landslip.runtime.system.drafts import draft_of, output_errors

_TOPS_SHARE = 0.35
"""Share of the page that the pictures of the whole map may take."""

_WORDS = 2000
"""Bytes by which the text of a page may grow with the choice of its tiles."""


def write_report(
    run: FinishedRun,
    target: Path,
    source: ImageSource,
    *,
    megabytes: float = 20,
    score: Score | None = None,
    language: Language = ENGLISH,
) -> None:
    """Write the report of a run: one page in one file, which asks nothing of any network.

    Equal runs of equal images make equal bytes. Memory grows with the width of the map, not with its height.

    Args:
        run: the run; its polygons are read.
        target: ends in ``.html``; it is replaced if it exists.
        source: the images of the scene on the grid of the map.
        megabytes: size of the file at the most, in 10^6 bytes, from 1 to 500.
        score: score against a truth.
        language: words and numbers.

    Raises:
        UsageError: the size is out of range.
        InputError: polygons or images cannot be read.
        OutputError: the file cannot be written.
    """
    check_megabytes(megabytes)
    budget = int(megabytes * 1e6)
    grid, path = source.grid, run.path(LANDSLIDES)
    landslides = read_landslides(path, grid.transform, budget)
    unseen = read_unseen(path, grid.transform, budget)
    pyramid = Pyramid(grid.height, grid.width)
    weights = pyramid.weights(landslides.boxes)
    quality, cost = affordable(source, pyramid, budget)
    wanted = candidates(pyramid, weights, cost, budget)
    with output_errors(target), PictureStore(target.parent) as store:
        tops = _fitting(encode_tiles(source, pyramid, wanted, quality, store), quality, int(_TOPS_SHARE * budget))
        page = ReportPage(run, grid, landslides, unseen, tops, language, megabytes, score)
        bare = page.around((), Detail(pyramid.top, pyramid.top, pyramid.top))
        room = budget - sum(len(text.encode()) for text in bare) - _WORDS
        tiles = chosen(pyramid, weights, store.costs, room)
        before, after = page.around(tiles, detail_of(pyramid, weights, tiles))
        with draft_of(target) as draft, draft.open("xb") as stream:
            stream.write(before.encode())
            stream.writelines(_tile_texts(tiles, tuple(tops), store))
            stream.write(after.encode())


def _fitting(pictures: Mapping[Date, Picture], quality: int, room: int) -> dict[Date, TopPicture]:
    """Pictures of the whole map, smaller where they would take too much of the page."""
    while True:
        tops: dict[Date, TopPicture] = {
            role: TopPicture(picture, as_base64(encoded(picture, quality))) for role, picture in pictures.items()
        }
        if sum(len(top.base64) for top in tops.values()) <= room:
            return tops
        pictures = {role: halved(picture) for role, picture in pictures.items()}


def _tile_texts(tiles: Sequence[TilePlace], roles: Sequence[Date], store: PictureStore) -> Iterator[bytes]:
    """Blocks of text that hold the tiles, which the script decodes when they are looked at."""
    for place in tiles:
        for role in roles:
            name = f"{role}/{place.level}/{place.row}/{place.col}"
            yield f'<script type="text/plain" id="{name}">{as_base64(store.get(role, place))}</script>\n'.encode()
