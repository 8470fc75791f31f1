"""The page of a report, all but its tiles: what stands before them and after them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from landslip.runtime.artifacts.channels import Date
from landslip.runtime.cartography.north import true_north
from landslip.runtime.cartography.scale_bar import ground_metres
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.report import page_data, summary
from landslip.runtime.report.html_parts import Markup, element, escaped, joined, json_block, told
from landslip.runtime.report.landslide_data import LandslideData, UnseenData
from landslip.runtime.report.landslide_kinds import PageKind, page_kinds
from landslip.runtime.report.landslide_table import landslide_table
from landslip.runtime.report.map_place import corner_degrees, degree_mesh, map_square_kilometres
from landslip.runtime.report.page_files import filled, frame, policy, script, style
from landslip.runtime.report.run_facts import FactWriter, day_of
from landslip.runtime.report.static_map import drawing
from landslip.runtime.report.texts import Language
from landslip.runtime.report.tile_choice import Detail
from landslip.runtime.report.tile_places import Pyramid, TilePlace
from landslip.runtime.report.webp import Picture
from landslip.runtime.run.finished_run import FinishedRun
from landslip.runtime.scoring.score_types import Score

_TALL = 0.74
"""Height by width from which on a picture gets its height on paper, not its width: so its legend fits below it."""


@dataclass(frozen=True)
class TopPicture:
    """Picture of the whole map at one time."""

    picture: Picture
    """Pixels of it."""
    base64: str
    """WebP of it in base64."""


@dataclass(frozen=True)
class ReportPage:
    """Contents of a page, ready to be put together once its tiles are chosen."""

    run: FinishedRun
    """Run that is told of."""
    grid: MapGrid
    """The map's grid."""
    landslides: LandslideData
    """Landslides."""
    unseen: UnseenData | None
    """Polygons of what was not observed; None where the file has none."""
    tops: Mapping[Date, TopPicture]
    """Pictures of the whole map in the order of time."""
    language: Language
    """Words and numbers."""
    megabytes: float
    """Size that the page may have."""
    score: Score | None = None
    """Score against a truth."""

    @property
    def pyramid(self) -> Pyramid:
        """Levels of pictures."""
        return Pyramid(self.grid.height, self.grid.width)

    def around(self, tiles: Sequence[TilePlace], detail: Detail) -> tuple[str, str]:
        """Text before and after the tiles of the page.

        Args:
            tiles: places of the tiles, each there for every image.
            detail: how sharp they are.
        """
        before, after = frame().split("{{TILES}}")
        parts = self._parts | {
            "REMARKS": summary.remarks(
                self.landslides, self.unseen, detail, self._metres, self.megabytes, self.language
            ),
            "DATA": json_block("data", self._data | page_data.picture_values(self._tags, tiles)),
        }
        return filled(before, parts), filled(after, parts)

    @cached_property
    def _parts(self) -> dict[str, Markup]:
        language, landslides = self.language, self.landslides
        style_text, script_text = style(), script(kinds=bool(self._kinds))
        words = {key: escaped(text) for key, text in language.texts.items()}
        return words | {
            "LANGUAGE": escaped(language.code),
            "POLICY": Markup(policy(style_text, script_text)),
            "GENERATOR": escaped(told(f"landslip {self.run.record.landslip}")),
            "TITLE": escaped(summary.title_of(self.run, language)),
            "SUBTITLE": escaped(summary.subtitle(self.run, self._facts.bounds, language)),
            "NOTICE": summary.notice(self.run, language),
            "FIGURES": summary.figures(self.run, landslides, self._facts.observed_share, language),
            "STATIC": self._static(),
            "LEGEND": summary.legend(self.run, landslides, self.unseen, language, self._kinds),
            "TABLE_HELP": escaped(summary.table_remark(landslides, language)),
            "TABLE": landslide_table(landslides, language),
            "FACTS": self._facts.sections(),
            "FOOTER": escaped(language.text("made_by", version=told(self.run.record.landslip))),
            "STYLE": Markup(style_text),
            "SCRIPT": Markup(script_text),
        }

    @cached_property
    def _facts(self) -> FactWriter:
        bounds = None if self._mesh is None else corner_degrees(self._mesh)
        return FactWriter(self.run, self.language, self.unseen, bounds, map_square_kilometres(self.grid), self.score)

    @cached_property
    def _kinds(self) -> tuple[PageKind, ...]:
        return page_kinds(self.landslides, self.run.record.classes)

    @cached_property
    def _mesh(self) -> Any:
        return degree_mesh(self.grid)

    @cached_property
    def _metres(self) -> float:
        return ground_metres(self.grid)

    @cached_property
    def _data(self) -> dict[str, Any]:
        return {
            **page_data.map_data(self.pyramid, self._metres, true_north(self.grid), self._mesh),
            **page_data.landslide_values(self.landslides, self._kinds),
            "unseen": page_data.unseen_values(self.unseen, self.language),
            **page_data.words_and_colours(self.language, self.landslides.fields, self._kinds),
        }

    @property
    def _tags(self) -> dict[str, str]:
        """Words on each image: before or after, and its date."""
        dates = {"pre": ("before", self.run.date_from), "post": ("after", self.run.date_to)}
        return {
            role: f"{self.language.text(dates[role][0])} · {day_of(dates[role][1], self.language)}"
            for role in self.tops
        }

    def _static(self) -> Markup:
        """Pictures of the whole map, the last one with the landslides, which comes first."""
        drawn = drawing(self.pyramid, self.landslides, self.unseen, self._metres, true_north(self.grid), self._kinds)
        *earlier, last = self.tops
        remark = summary.static_remark(self.landslides, self.language)
        figures = [self._figure(last, drawn, remark, "after")]
        figures += [self._figure(role, Markup(""), "", "before") for role in earlier]
        return joined(figures)

    def _figure(self, role: Date, drawn: Markup, remark: str, look: str) -> Markup:
        top, tag = self.tops[role], self._tags[role]
        source = f"data:image/webp;base64,{top.base64}"
        size = {"width": top.picture.width, "height": top.picture.height}
        image = element("img", id=f"top-{role}", alt=tag, src=source, **size)
        caption = element("figcaption", element("b", tag), f" {remark}")
        shape = " tall" if top.picture.height > _TALL * top.picture.width else ""
        return element("figure", element("div", image, drawn, class_="frame"), caption, class_=look + shape)
