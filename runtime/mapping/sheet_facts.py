"""Facts for the sheet of a map, from the run that made it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from landslip.runtime.cartography.map_facts import MapFacts
from landslip.runtime.cartography.typeset import is_shown, plain, text_width
from landslip.runtime.cartography.wording import period, shown_title
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.mapping.tile_stages import Run
from landslip.runtime.styles.palette import REASON_LABELS
from landslip.runtime.system.versions import landslip_version

log = logging.getLogger(__name__)


def check_title(title: str | None) -> None:
    """Make sure, before the first tile, that a title can be drawn, and say what of it will not be.

    Raises:
        OutputError: Pillow is installed without letters.
    """
    text_width("a", 12)
    if title and not is_shown(title):
        log.warning(
            "quicklook.png has letters for Latin scripts alone, and shows the title as %r. run.json keeps it as it is.",
            plain(shown_title(title)),
        )


def sheet_facts(run: Run, request: MapRequest, figures: Mapping[str, Any]) -> MapFacts:
    """Facts that the sheet of a map states.

    Args:
        run: as it made the map.
        request: for its title and its smallest polygon.
        figures: areas and numbers as in the run record.
    """
    spec = run.engine.spec
    reasons: Mapping[str, float] = figures["not_observed_km2"]
    before, after = (
        period(tuple(None if time is None else time.text for time in run.scene.times.get(role, ())))
        for role in ("pre", "post")
    )
    return MapFacts(
        grid=run.scene.grid,
        landslides=figures["landslides"],
        landslide_km2=figures["landslide_km2"],
        observed_km2=figures["observed_km2"],
        not_observed_km2=sum(reasons.values()),
        threshold=run.level / 100,
        min_area_m2=request.min_area,
        model=spec.name,
        version=landslip_version(),
        before=before,
        after=after,
        reasons=tuple((REASON_LABELS[name], area) for name, area in reasons.items()),
        title=request.title,
        notice=spec.notice,
        map_pixels=run.thumbnails.step,
    )
