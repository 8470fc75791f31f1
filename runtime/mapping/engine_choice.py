"""Chooses what runs a map where the user leaves it open: as an interrupted run was started, as tuned, or the defaults.

Both front doors use this, the command line and :mod:`~landslip.runtime.mapping.mapper`. Below them
:func:`~landslip.runtime.mapping.pipeline.map_scene` does as its request says, whatever lies in the user's config
folder.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from landslip.runtime.access.location import is_file, is_folder
from landslip.runtime.artifacts.onnx_file import read_onnx_file
from landslip.runtime.engines.opening import TENSORRT_SUFFIXES, EngineOptions
from landslip.runtime.engines.tuned import TunedWay, Tuning, all_tunings, family_of, machine_here, versions_here
from landslip.runtime.errors import InputError, InputMissingError, UsageError
from landslip.runtime.run.journal import identity_begun
from landslip.runtime.run.product_names import RECORD
from landslip.runtime.system.digests import sha256_of
from landslip.runtime.untrusted.json_text import MOST_BYTES, parse_json

log = logging.getLogger(__name__)

BATCH = 4
"""Tiles per call where nothing says better."""

_WORTH_SAYING = 1.1
"""Factor by which another way has to be faster to be worth a line."""


@dataclass(frozen=True)
class GivenOptions:
    """Options of the engine as a user gives them; what is left open is None or ``auto``."""

    engine: str = "auto"
    """Name of the engine as in :class:`~landslip.runtime.engines.EngineOptions`, and so are the others."""
    device: str = "auto"
    """Device it is to run on."""
    precision: str = "auto"
    """Number format to compute in."""
    batch: int | None = None
    """Tiles per call."""
    tile: int | None = None
    """Edge of a tile; tuning never decides it, as it changes the map."""
    threads: int | None = None
    """Threads on the CPU."""
    share_features: bool = False
    """True for features that are computed once for all tiles that show a place; tuning never decides it."""

    def allows(self, way: TunedWay) -> bool:
        """Tell whether a tuned way has the engine, device and precision that are given."""
        pairs = ((self.engine, way.engine), (self.device, way.device), (self.precision, way.precision))
        return all(given in ("auto", found) for given, found in pairs)

    def completed(self, usual: EngineOptions) -> EngineOptions:
        """The options that are given, and the usual ones where they are left open."""
        options: dict[str, Any] = {name: value for name, value in vars(self).items() if value not in (None, "auto")}
        if "engine" in options:
            options["why"] = "as asked"
        return replace(usual, **options)


def choose(model: Path, given: GivenOptions, resumed: Path | None = None) -> tuple[Path, EngineOptions]:
    """The artifact and the options that a map is made with; what decided them is logged.

    Args:
        model: an artifact, or a folder of artifacts of one model, of which the fastest that was tuned is taken.
        given: options of the user.
        resumed: folder of a run that goes on; what is left open is then as that run was started.

    Raises:
        UsageError: a folder of which it is not known which artifact is the fastest, or that holds several models.
        InputError: a folder without artifacts, or a file in it that cannot be read.
    """
    begun = _begun(resumed) if resumed is not None else None
    if begun is not None:
        given = _as_begun(given, begun)
        model = _file_begun(model, begun)
    if is_folder(model):
        return _from_folder(model, given)
    return model, _for_file(model, given)


def _for_file(model: Path, given: GivenOptions) -> EngineOptions:
    usual = given.completed(EngineOptions(batch=BATCH))
    tunings = all_tunings()
    if not tunings or not is_file(model) or model.suffix.lower() in TENSORRT_SUFFIXES:
        return usual
    sha256 = sha256_of(model)
    tuning = _tuning_of(tunings, family_of(model, sha256), {sha256})
    if tuning is None:
        return usual
    tuned = [way for way in tuning.choices if way.sha256 == sha256]
    if reason := _why_stale(tuning) or ("" if tuned else f"{model.name} is not one of the files it was tuned with"):
        log.warning(
            "%s was tuned on %s, which does not hold here and now: %s. The defaults are used; tune again with: "
            "landslip bench tune -m %s", tuning.model, tuning.day, reason, model,
        )  # fmt: skip
        return usual
    # Another precision than the artifact's own is the user's to ask for.
    wanted = given if given.precision != "auto" else replace(given, precision=read_onnx_file(model).precision)
    way = next(filter(wanted.allows, tuned), None)
    if way is None:
        return usual
    _say(tuning, way, given)
    _hint(tuning, way, model, given)
    _hint_sharing(way, given)
    return given.completed(way.options())


def _from_folder(folder: Path, given: GivenOptions) -> tuple[Path, EngineOptions]:
    """The fastest artifact of a folder."""
    found = {path: sha256_of(path) for path in _artifacts(folder)}
    if not found:
        raise InputMissingError(
            f"model: {folder} holds no .onnx file.",
            "Give a file made by landslip export.",
            where=folder,
            option="model",
        )
    families = {family_of(path, sha256) for path, sha256 in found.items()}
    if len(families) > 1:
        raise UsageError(
            f"model: {folder} holds artifacts of {len(families)} models.",
            "Name one of its files.",
            where=folder,
            option="model",
        )
    tuning = _tuning_of(all_tunings(), families.pop(), set(found.values()))
    unknown = f"model: which file in {folder} is the fastest here is not known"
    remedy = f"Name one of them, or tune with: landslip bench tune -m {folder}"
    if tuning is None:
        raise UsageError(f"{unknown}.", remedy, where=folder, option="model")
    if reason := _why_stale(tuning):
        raise UsageError(
            f"{unknown} any more, as it was tuned on {tuning.day}: {reason}.", remedy, where=folder, option="model"
        )
    places = {(path.name, sha256): path for path, sha256 in found.items()}
    for way in filter(given.allows, tuning.choices):
        if path := places.get((way.artifact, way.sha256)):
            _say(tuning, way, given)
            _hint_sharing(way, given)
            return path, given.completed(way.options())
        log.warning("%s, the fastest here when it was tuned on %s, is gone or another file", way.artifact, tuning.day)
    raise UsageError(
        f"model: no file in {folder} was tuned for what is asked for.", remedy, where=folder, option="model"
    )


def _artifacts(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.onnx") if path.is_file() and not path.name.startswith("."))


def _tuning_of(tunings: Sequence[Tuning], family: str, digests: set[str]) -> Tuning | None:
    """The newest tuning of a model, one made on this machine first."""
    about = [tuning for tuning in tunings if any(tuning.is_of(family, sha256) for sha256 in digests)]
    machine = machine_here()
    return min(about, key=lambda tuning: dict(tuning.machine) != machine, default=None)


def _why_stale(tuning: Tuning) -> str:
    """Differences of machine and versions from those of a tuning; empty if there are none."""
    return "; ".join(tuning.differences(machine_here(), versions_here()))


def _say(tuning: Tuning, way: TunedWay, given: GivenOptions) -> None:
    taken = given.completed(way.options())
    threads = f", {taken.threads} thread{'s' * (taken.threads != 1)}" if taken.threads else ""
    log.info(
        "tuned on %s: %s, %s on %s in %s, batch %d%s",
        tuning.day, way.artifact, way.engine, way.device, way.precision, taken.batch, threads,
    )  # fmt: skip


def _hint(tuning: Tuning, way: TunedWay, model: Path, given: GivenOptions) -> None:
    """Say what else there is that is faster, within what the user asks for."""
    for best in filter(given.allows, tuning.choices):
        faster, path = best.tiles_per_second / way.tiles_per_second, model.with_name(best.artifact)
        if faster < _WORTH_SAYING:
            return
        if path.is_file():
            precision = "" if path != model else f" `precision` {best.precision}"
            log.info(
                "hint: %s in %s with %s was %.1f times as fast here, and passed its gate: `model` %s%s",
                best.artifact, best.precision, best.engine, faster, path, precision,
            )  # fmt: skip
            return


def _hint_sharing(way: TunedWay, given: GivenOptions) -> None:
    """Say what shared features would gain, which are never taken unasked: no gate of tiles sees all they change."""
    if not given.share_features and (way.shared_features or 0) >= _WORTH_SAYING:
        log.info(
            "hint: with features that overlapping tiles share, which change a map by a percent here and there, a large "
            "map in faithful tiles was %.2f times as fast here, and passed its gate: `share_features`",
            way.shared_features,
        )  # fmt: skip


def _begun(out: Path) -> Mapping[str, Any] | None:
    """Record of an unfinished run in a folder, or else a finished one; None where there is neither."""
    if (identity := identity_begun(out)) is not None:
        return identity
    with contextlib.suppress(OSError, ValueError, RecursionError), (out / RECORD).open("rb") as stream:
        record = parse_json(stream.read(MOST_BYTES))
        return record if isinstance(record, dict) else None
    return None


def _as_begun(given: GivenOptions, begun: Mapping[str, Any]) -> GivenOptions:
    """Options that leave nothing open that decides whether a run can go on."""
    engine = begun.get("engine")
    known: dict[str, Any] = dict(engine) if isinstance(engine, dict) else {}
    options = {"engine": known.get("name"), "device": known.get("device"), "precision": known.get("precision")}
    if given.engine not in (
        "auto",
        options["engine"],
    ):  # another engine may have no such device: the run says what differs
        return given
    taken: dict[str, Any] = {"share_features": True} if known.get("shared_features") is True else {}
    taken |= {key: value for key, value in options.items() if getattr(given, key) == "auto" and isinstance(value, str)}
    batch = begun.get("batch")
    if given.batch is None and isinstance(batch, dict) and type(batch.get("asked")) is int:
        taken["batch"] = batch["asked"]
    try:
        EngineOptions(**taken)
    except UsageError:  # a fake engine, or one of a later version: the run itself says what differs
        return given
    if taken:
        log.info("as the run was started: %s", ", ".join(f"{key} {value}" for key, value in taken.items()))
    return replace(given, **taken)


def _file_begun(model: Path, begun: Mapping[str, Any]) -> Path:
    """The artifact in a folder that a run was started with; a file is taken as it is."""
    if not is_folder(model):
        return model
    entry = begun.get("model")
    wanted = entry.get("sha256") if isinstance(entry, dict) else None
    for path in _artifacts(model):
        if sha256_of(path) == wanted:
            log.info("as the run was started: %s", path)
            return path
    raise InputError(
        f"model: {model} does not hold the artifact the run was started with.",
        "Name the file.",
        where=model,
        option="model",
    )
