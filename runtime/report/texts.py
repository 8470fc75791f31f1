"""Texts of the report, in one table for each language, and how that language writes numbers.

Another language is one more :class:`Language` in :data:`LANGUAGES`: the page takes whatever table it is given.
"""

# ruff: noqa: RUF001 - typography

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_ENGLISH = {
    "title": "Landslides",
    "subtitle": "Landslide map from satellite images",
    "before": "Before",
    "after": "After",
    "image": "Image",
    "unknown_date": "date unknown",
    "at_place": "around {place}",
    "notice": "Note",
    # The figures above the map.
    "count": "landslides",
    "area_sum": "km² of landslides",
    "largest": "m², the largest",
    "seen_area": "km² observed",
    "seen_share": "of the map observed",
    "none_found": "No landslide was found where the ground was observed.",
    "nothing_seen": "Nothing was observed: the map says nothing about this area.",
    # The map.
    "map": "Map",
    "map_help": "Drag to move, scroll or pinch to zoom, click a landslide for its figures. Keys: arrows move, + and − "
    "zoom, 0 shows all. Drag the line between the images to compare them.",
    "map_label": "Images before and after with the landslides; arrows move, plus and minus zoom, 0 shows all",
    "swipe": "Line between before and after",
    "side_both": "Compare",
    "zoom_in": "Zoom in",
    "zoom_out": "Zoom out",
    "zoom_all": "Show all",
    "show_landslides": "Landslides",
    "show_unseen": "Not observed",
    "brightness": "Brightness",
    "north": "N",
    "north_label": "Arrow to true north",
    "close": "Close",
    "go_there": "Zoom to it",
    "previous": "Previous",
    "next": "Next",
    "detail_whole": "Pictures: {finest} m per pixel everywhere.",
    "detail_windows": "Pictures: {finest} m per pixel around the landslides, {rest} m elsewhere, so that the file "
    "stays below {megabytes} MB.",
    "detail_some": "Pictures: down to {finest} m per pixel around the largest landslides, {rest} m elsewhere, so that "
    "the file stays below {megabytes} MB.",
    "outlines_exact": "Outlines follow the pixels of the map ({pixel} m).",
    "outlines_simplified": "Outlines are simplified by up to {tolerance} m so that the file stays small; "
    "landslides.gpkg has the exact ones.",
    "fewer_shown": "This page shows the {shown} largest of {count} landslides; landslides.gpkg has all of them.",
    "drawn_static": "The picture shows the {shown} largest of {count} landslides.",
    "unseen_simplified": "The outline of what was not observed is simplified by up to {tolerance} m.",
    "unseen_unknown": "The file of landslides has no layer of what was not observed: it is not hatched here.",
    "static_caption": "After, with the landslides. Numbers are those of the largest ones in the table.",
    # The legend.
    "legend": "Legend",
    "landslide": "landslide",
    "class_likely": "likely (mean confidence {low} and more)",
    "class_probable": "probable ({low} to {high})",
    "class_possible": "possible (below {high})",
    "no_kind": "no kind surest",
    "further_kinds": "and {count} kinds more, of fewer landslides",
    "likely": "likely",
    "probable": "probable",
    "possible": "possible",
    "not_observed": "not observed",
    "unseen_note": "Where nothing was observed, the absence of a landslide means nothing.",
    "reason_outside": "outside the images or the area of interest",
    "reason_nodata": "no data in an image",
    "reason_mask": "masked (cloud, shadow, water)",
    "reason_void": "no elevation",
    "reason_damaged": "damaged part of a file",
    "reason_unmapped": "not covered by a tile",
    "reason_": "unknown reason",
    # The table.
    "table": "Table of landslides",
    "table_help": "Click a heading to sort, a row to see it on the map.",
    "table_static": "The {shown} largest of {count} landslides.",
    "table_all": "All {count} landslides, the largest first.",
    "classes": "Classes",
    "sureness": "Confidence",
    "smallest": "At least",
    "shown_of": "{shown} of {count} landslides",
    "page_of": "Page {page} of {pages}",
    "none_left": "No landslide is left with these filters.",
    "field_id": "No.",
    "field_area_m2": "Area (m²)",
    "field_area_ha": "Area (ha)",
    "field_perimeter_m": "Perimeter (m)",
    "field_length_m": "Length (m)",
    "field_width_m": "Width (m)",
    "field_elev_min": "Lowest point (m)",
    "field_elev_max": "Highest point (m)",
    "field_relief_m": "Height difference (m)",
    "field_reach_angle": "Reach angle (°)",
    "field_slope_mean": "Mean slope (°)",
    "field_aspect_mean": "Faces towards (°)",
    "field_confidence_mean": "Mean confidence",
    "field_confidence_max": "Highest confidence",
    "field_confidence_class": "Class",
    "field_class": "Kind",
    "field_class_share": "Share of pixels of the kind",
    "field_lon": "Longitude (°)",
    "field_lat": "Latitude (°)",
    "field_date_from": "Image before",
    "field_date_to": "Image after",
    "field_edge": "At an edge",
    "yes": "yes",
    "no": "no",
    "edge_note": "at an edge: the area is a minimum",
    "unknown": "–",
    # The facts.
    "facts": "Facts of this run",
    "facts_map": "What was mapped",
    "fact_title": "Title",
    "fact_before": "Image before taken",
    "fact_after": "Image after taken",
    "fact_landslides": "Landslides",
    "fact_classes": "Landslides by class",
    "class_count": "{count} {name}",
    "fact_kinds": "Surest class of the pixels, by area",
    "kind_area": "{name}: {area}",
    "kind_of_landslide": "{name} (landslide): {area}",
    "fact_at_edge": "Landslides at an edge",
    "at_edge": "{count}: they touch what was not observed or the border of the map, so their area is a minimum",
    "fact_landslide_area": "Area of the landslides",
    "fact_above": "Area from the threshold on, small ones included",
    "fact_observed": "Observed",
    "fact_grid": "Map grid",
    "fact_bounds": "Extent (west, south, east, north)",
    "fact_registration": "Shift of the images against each other",
    "shift": "the image after lies {along} pixels {side} and {across} {way} of the image before (median of {windows} "
    "places)",
    "east": "east",
    "west": "west",
    "north_of": "north",
    "south_of": "south",
    "shift_unknown": "cannot be told",
    "facts_how": "How it was mapped",
    "fact_model": "Model",
    "fact_model_sha": "SHA-256 of the model",
    "fact_model_notice": "Notice of the model",
    "fact_engine": "Engine",
    "fact_protocol": "Protocol",
    "fact_preset": "Preset",
    "fact_tile": "Tiles",
    "grid": "{crs}, {width} × {height} pixels of {pixel} m",
    "time": "{started} – {finished}",
    "tile": "{tile} × {tile} pixels, overlap {overlap}; {predicted} of {total} predicted",
    "fact_threshold": "Threshold of confidence",
    "fact_min_area": "Smallest landslide",
    "fact_version": "Version of landslip",
    "fact_fingerprint": "Fingerprint of the run",
    "fact_time": "Made",
    "facts_unseen": "What was not observed, and why",
    "fact_reason": "Reason",
    "fact_area": "Area",
    "fact_share": "Share of the map",
    "facts_inputs": "Inputs",
    "input_role": "Role",
    "input_path": "File",
    "input_date": "Taken",
    "input_sha": "SHA-256",
    "no_checksum": "none (folder, or not fetched whole)",
    "facts_warnings": "Warnings that were overruled",
    "facts_damage": "Damaged places that were passed over",
    "damage_place": "rows {top} to {bottom}, columns {left} to {right}: {reason}",
    "facts_score": "Score against the truth that was given",
    "score_truth": "Known landslides from",
    "score_precision": "Precision of pixels",
    "score_recall": "Recall of pixels",
    "score_f1": "F1 of pixels",
    "score_mcc": "Matthews correlation of pixels",
    "score_iou": "Intersection over union of pixels",
    "score_average_precision": "Average precision of pixels over all thresholds",
    "score_outside": "Known landslides outside the map, left out",
    "score_known": "Known and observed",
    "score_not_observed": "Known, but not observed",
    "score_found": "Found",
    "score_missed": "Missed",
    "score_mapped": "Mapped",
    "score_right": "Right",
    "score_false": "False",
    "score_least_m2": "From (m²)",
    "score_sizes": "Landslides by size",
    "score_note": "Found: a mapped landslide touches it. Right: it touches a known one. What was not observed is "
    "neither right nor wrong.",
    "facts_products": "Files of this run",
    "product_name": "File",
    "product_bytes": "Bytes",
    "facts_reading": "How to read this map",
    "reading_1": "The polygons are suggestions of a neural network. They have not been checked in the field.",
    "reading_2": "Confidence is what the network says of a pixel; it is no probability unless it was calibrated.",
    "reading_3": "The images are shown in the colours that the network saw, each stretched by itself.",
    "reading_4": "Areas are true areas on the ground, seen from above. Slopes are not unfolded.",
    "made_by": "Made by landslip {version}. This page is complete in itself and asks nothing of any network.",
    "role_pre": "image before",
    "role_post": "image after",
    "role_dem": "elevation",
    "role_hillshade": "hillshade",
    "role_slope": "slope",
    "role_mask": "mask",
    "role_aoi": "area of interest",
}


@dataclass(frozen=True)
class Language:
    """Texts of a language, and its numbers."""

    code: str
    """Code for the page, as in BCP 47: browsers write numbers by it."""
    texts: Mapping[str, str]
    """Texts by key; what stands in braces is filled in."""
    decimal: str = "."
    """Sign before the decimals."""
    group: str = ","
    """Sign between thousands."""

    def text(self, key: str, **values: Any) -> str:
        """A text with its values."""
        return self.texts[key].format(**values) if values else self.texts[key]

    def number(self, value: float, decimals: int = 0) -> str:
        """A number as the language writes it, with so many decimals."""
        said = f"{value:,.{decimals}f}"
        if said.startswith("-") and not said.strip("-0.,"):
            said = said[1:]
        return said.translate({ord(","): self.group, ord("."): self.decimal})

    def short(self, value: float) -> str:
        """A number with as many decimals as it needs, six significant digits at most."""
        said = f"{value:.6g}"
        return said.replace(".", self.decimal) if "e" not in said else said

    def length(self, metres: float) -> str:
        """Metres with two significant digits at the least, and no more decimals than that takes."""
        return self.number(metres, 0 if round(metres, 1) == round(metres) or metres >= 10 else 1 if metres >= 1 else 2)

    def percent(self, share: float) -> str:
        """Share of 0 to 1 as percent."""
        percent = round(100 * share, 1)
        return f"{self.number(percent, 0 if percent == round(percent) else 1)} %"

    def area(self, square_kilometres: float) -> str:
        """Area with its unit: three significant digits at the least."""
        return f"{self.kilometres(square_kilometres)} km²"

    def kilometres(self, square_kilometres: float) -> str:
        """Square kilometres without the unit."""
        decimals = 3 if square_kilometres < 1 else 2 if square_kilometres < 100 else 1
        return self.number(square_kilometres, decimals)


ENGLISH = Language("en", _ENGLISH)
"""The language that every other one is measured by."""

LANGUAGES: Mapping[str, Language] = {"en": ENGLISH}
"""Languages of the report, by code."""
