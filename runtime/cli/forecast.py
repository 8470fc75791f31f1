"""Text that ``landslip map --dry-run`` prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def forecast_text(forecast: Mapping[str, Any]) -> str:
    """The result of :func:`landslip.runtime.mapping.dry_run.dry_run` in a few lines."""
    lines = {
        "grid": _grid(forecast["grid"]),
        "tiles": _tiles(forecast["tiles"], forecast["tile"], forecast["preset"]),
        "images": _registration(forecast["registration"]),
        "time": _time(forecast["seconds"], forecast["engine"]),
        "memory": _memory(forecast["memory_bytes"]),
        "disk": _disk(forecast["disk_bytes"]),
    }
    return "\n".join(f"{name:8}{line}" for name, line in lines.items()) + "\nNothing was written."


def _grid(grid: Mapping[str, Any]) -> str:
    across, down = (grid[side] * grid["resolution"] / 1000 for side in ("width", "height"))
    return (
        f"{grid['width']} x {grid['height']} pixels of {grid['resolution']:g} m, {across:.1f} x {down:.1f} km, "
        f"in {grid['crs']}"
    )


def _tiles(tiles: Mapping[str, Any], edge: int, preset: str | None) -> str:
    how = "counted" if tiles["sampled"] is None else f"estimated from {tiles['sampled']} of them"
    laid = f" ({preset})" if preset else ""
    line = (
        f"{tiles['total']} of {edge} pixels{laid}: {tiles['predicted']} to predict, {tiles['skipped']} to skip ({how})"
    )
    return line + "".join(
        f"\n{'':8}{count} skipped: no map there because of the {name}"
        for name, count in tiles["skipped_because"].items()
    )


def _registration(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "it cannot be told how well two of them fit onto each other"
    east, south = found["shift_pixels"]
    return (
        f"the one after the event lies {abs(east):.1f} pixels {'east' if east >= 0 else 'west'} and {abs(south):.1f} "
        f"{'south' if south >= 0 else 'north'} of the one before ({found['windows']} windows agree)"
    )


def _time(seconds: Mapping[str, Any], engine: Mapping[str, Any]) -> str:
    return (
        f"about {_span(seconds['total'])}: {_span(seconds['read'])} to read, {_span(seconds['infer'])} to infer "
        f"by {engine['name']} on {engine['device']} (a batch takes {seconds['per_batch']:.3g} s; "
        f"{seconds['batches_timed']} were timed)"
    )


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _memory(sizes: Mapping[str, Any]) -> str:
    parts = ", ".join(
        f"{name.replace('_', ' ')} {_megabytes(size)}" for name, size in sizes.items() if size and name != "total"
    )
    return f"about {_megabytes(sizes['total'])} MB: {parts}"


def _disk(sizes: Mapping[str, Any]) -> str:
    free = "" if sizes["free"] is None else f"; {_megabytes(sizes['free'])} MB are free"
    needed, kept = sizes["needed"], sizes["needed"] - sizes["working"]
    return (
        f"about {_megabytes(needed)} MB while it runs, {_megabytes(kept)} MB in the end, without the polygons "
        f"(the map at {sizes['bytes_per_pixel_assumed']:g} bytes a pixel){free}"
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f}" if size >= 10e6 else f"{size / 1e6:.1f}"
