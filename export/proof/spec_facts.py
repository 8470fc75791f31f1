"""Facts of a description: what a model takes and gives, in words for people."""

from __future__ import annotations

from typing import Any

from landslip.runtime.artifacts.channel_units import TERRAIN_UNITS, has_image
from landslip.runtime.artifacts.channels import Channel, Relief
from landslip.runtime.artifacts.spec import ClassSpec, InputSpec, ModelSpec, PerBand


def describe_spec(spec: ModelSpec) -> dict[str, Any]:
    """Describe what a model takes and gives."""
    return {
        "model": spec.name,
        "inputs": [_input(entry) for entry in spec.inputs],
        "output": f"{spec.output}: {spec.meaning}",
        **({"classes": [_class(each) for each in spec.classes]} if spec.classes else {}),
        "tile_pixels": spec.tile,
        "multiple_of": spec.multiple,
        "metres_per_pixel": spec.resolution,
        "threshold": spec.threshold,
        "source": spec.source,
        **({"notice": spec.notice} if spec.notice else {}),
    }


def _class(each: ClassSpec) -> str:
    return f"{each.name} (landslide)" if each.landslide else each.name


def _input(entry: InputSpec) -> str:
    bands = f"{entry.bands} band{'s' * (entry.bands > 1)} of {entry.dtype} ({entry.unit})"
    mixed = any(map(has_image, entry.shows)) and not all(map(has_image, entry.shows))
    shows = ", ".join(_channel(channel, mixed=mixed) for channel in entry.shows)
    clip = f", cut off at {_ranges(entry.clip)}" if entry.clip else ""
    scaling = f"x / {_numbers(entry.divisor)} + {_numbers(entry.offset)} in the graph"
    return f"{entry.name}: {bands}: {shows}{clip}, {scaling}"


def _channel(channel: Channel, *, mixed: bool) -> str:
    """A channel, with its unit where that is not the unit of the input."""
    return f"{channel} ({TERRAIN_UNITS[channel.kind]})" if mixed and isinstance(channel, Relief) else str(channel)


def _ranges(clip: tuple[tuple[float, float], ...]) -> str:
    texts = [f"{low:g} to {high:g}" for low, high in clip]
    return texts[0] if len(set(texts)) == 1 else f"[{', '.join(texts)}]"


def _numbers(value: PerBand) -> str:
    return f"[{', '.join(f'{number:g}' for number in value)}]" if isinstance(value, tuple) else f"{value:g}"
