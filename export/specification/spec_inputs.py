"""Inputs of a network from their tables in SPEC.toml: what each band shows, in which unit, and how it is scaled."""

from __future__ import annotations

from collections.abc import Sequence

from landslip.export.specification.spec_tables import InputTable
from landslip.runtime.artifacts.channel_units import fed_dtype, has_image, terrain_unit
from landslip.runtime.artifacts.channels import DATES, RGB, Channel, Date, ImageBand, channel_of
from landslip.runtime.artifacts.input_spec import FED, MAX_BANDS, InputSpec, PerBand
from landslip.runtime.untrusted.printable import shown
from landslip.runtime.untrusted.typed_values import UnfitError

OUTPUT_NAME = "confidence"
"""Name of the output of every deployed graph, which no input may have."""


def inputs_of(tables: Sequence[InputTable]) -> tuple[InputSpec, ...]:
    """Inputs of the deployed graph, in the order of their tables.

    Raises:
        UnfitError: a table is no input that landslip can feed; the message names its key.
    """
    shown_by = [_channels(table, f"inputs[{number}]") for number, table in enumerate(tables)]
    names = _names(tables, shown_by)
    return tuple(
        _input(table, name, channels, f"inputs[{number}]")
        for number, (table, name, channels) in enumerate(zip(tables, names, shown_by, strict=True))
    )


def _channels(table: InputTable, where: str) -> tuple[Channel, ...]:
    """Channel of each band that a table names, or that its role is."""
    date: Date | None = next((each for each in DATES if each == table.role), None)
    if not isinstance(table.bands, tuple):
        return _of_role(table, date, where)
    if not 1 <= len(table.bands) <= MAX_BANDS:
        raise UnfitError(f"{where}.bands has {len(table.bands)} entries; give 1 to {MAX_BANDS}.")
    channels = tuple(_channel(text, date, f"{where}.bands[{number}]") for number, text in enumerate(table.bands))
    if table.role is not None and date is None and channels != (channel_of(table.role),):
        raise UnfitError(
            f"{where}.bands is {', '.join(map(str, channels))}, and its role is {table.role!r}. Leave out role: the "
            "bands say themselves what they show."
        )
    return channels


def _of_role(table: InputTable, date: Date | None, where: str) -> tuple[Channel, ...]:
    if table.role is None:
        raise UnfitError(
            f"{where} says neither role nor bands. Give role = 'post', or what its bands show, such as "
            'bands = ["post.red", "post.nir", "slope"].'
        )
    return (channel_of(table.role),) if date is None else tuple(ImageBand(date, colour) for colour in RGB)


def _channel(text: int | str, date: Date | None, where: str) -> Channel:
    try:
        return channel_of(str(text), date)
    except ValueError as error:
        raise UnfitError(f"{where}: {error}.") from error


def _names(tables: Sequence[InputTable], shown_by: Sequence[tuple[Channel, ...]]) -> list[str]:
    """Name of each input of the graph: as given, or that of its role, made unique."""
    taken: dict[str, str] = {}
    for number, table in enumerate(tables):
        if table.name is not None:
            _check_name(table, f"inputs[{number}].name", taken)
            taken[table.name] = f"inputs[{number}]"
    names = []
    for table, channels in zip(tables, shown_by, strict=True):
        usual = table.role or ("image" if any(map(has_image, channels)) else "terrain")
        name = table.name or next(
            each
            for each in (usual, *(f"{usual}_{number}" for number in range(2, len(tables) + 2)))
            if each not in taken
        )
        taken.setdefault(name, "")
        names.append(name)
    return names


def _check_name(table: InputTable, where: str, taken: dict[str, str]) -> None:
    name = table.name or ""
    if name in taken:
        raise UnfitError(f"{where} is {shown(name)}, as that of {taken[name]} is. Give each input a name of its own.")
    if not name.isidentifier():
        raise UnfitError(f"{where} is {shown(name)}; give letters, digits and _, such as 'image'.")
    if name == OUTPUT_NAME or (name in FED and name != table.role):
        raise UnfitError(f"{where} is {shown(name)}, which means something else to landslip. Give another name.")


def _input(table: InputTable, name: str, channels: tuple[Channel, ...], where: str) -> InputSpec:
    bands = table.bands if isinstance(table.bands, int) else len(channels)
    unit = _unit(table, channels, where)
    entry = InputSpec(
        name,
        bands,
        table.dtype or fed_dtype(channels, unit),
        unit,
        _divisor(table, bands, where),
        _per_band(table.offset, bands, 0.0, f"{where}.offset"),
        tuple(map(str, channels)),
        _clip(table, bands, where),
    )
    if entry.objection is not None:
        raise UnfitError(f"{where}: {entry.objection}.")
    return _plain(entry)


def _plain(entry: InputSpec) -> InputSpec:
    """The input without channels, where its name alone says them: so artifacts of earlier versions say it."""
    usual = FED.get(entry.name)
    if usual is None or usual.shows != entry.shows:
        return entry
    return InputSpec(entry.name, entry.bands, entry.dtype, entry.unit, entry.divisor, entry.offset, clip=entry.clip)


def _unit(table: InputTable, channels: tuple[Channel, ...], where: str) -> str:
    stated = "8-bit" if table.unit == "rgb8" else table.unit
    if not any(map(has_image, channels)):
        own = terrain_unit(channels)
        if stated is not None and "," in own:
            _check_own(stated, own, where)
            return own
        return stated or own
    if stated is None and not _is_picture(channels):
        raise UnfitError(
            f"{where} does not say unit. Give 'reflectance' (0 to 1) or 'dn' (the numbers of the file), as the network "
            "was trained with, or 'rgb8' (0 to 255)."
        )
    return stated or "8-bit"


def _check_own(stated: str, own: str, where: str) -> None:
    if stated not in own.split(", "):
        raise UnfitError(f"{where}.unit is {stated!r}. Leave it out: each layer of terrain is in its own unit ({own}).")


def _is_picture(channels: tuple[Channel, ...]) -> bool:
    bands = [channel for channel in channels if has_image(channel)]
    return all(isinstance(channel, ImageBand) and channel.band in RGB for channel in bands)


def _divisor(table: InputTable, bands: int, where: str) -> PerBand:
    divisor = _per_band(table.divisor, bands, 1.0, f"{where}.divisor")
    if 0 in (divisor if isinstance(divisor, tuple) else (divisor,)):
        raise UnfitError(
            f"{where}.divisor is {shown(divisor)}; give numbers other than 0, which values are divided by."
        )
    return divisor


def _per_band(stated: PerBand | None, bands: int, usual: float, where: str) -> PerBand:
    if isinstance(stated, tuple) and len(stated) != bands:
        raise UnfitError(f"{where} is {shown(stated)}; give a number, or a list of {bands} numbers.")
    return usual if stated is None else stated


def _clip(table: InputTable, bands: int, where: str) -> tuple[tuple[float, float], ...]:
    if table.clip is None:
        return ()
    pairs = table.clip if isinstance(table.clip[0], tuple) else (table.clip,) * bands
    if len(pairs) != bands:
        raise UnfitError(f"{where}.clip has {len(pairs)} pairs; give one pair, or a list of {bands} pairs.")
    return tuple(_pair(pair, f"{where}.clip") for pair in pairs)


def _pair(pair: object, where: str) -> tuple[float, float]:
    match pair:
        case (float() | int() as low, float() | int() as high) if low < high:
            return float(low), float(high)
    raise UnfitError(f"{where} holds {shown(pair)}; give pairs of the smallest and the largest value, as [0.0, 0.3].")
