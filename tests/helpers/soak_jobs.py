"""Jobs of a soak: whole ones of several scenes, and ones that are broken in different ways."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import landslip
from helpers.models import brightness_model
from helpers.rasters import rgb, scene_mixed, write
from helpers.spools import products

SCENES = 3
"""Scenes that whole jobs are of; they differ."""

METRES = 600.0
"""Edge of a scene: as small as what is checked of them allows."""


@dataclass(frozen=True)
class SoakJob:
    """A job, and what has to become of it."""

    file: bytes
    """Name of the job file."""
    content: bytes
    """Content of it."""
    scene: int | None
    """Scene that its result has to be that of; None where it has to fail."""
    may_fail: bool = False
    """Whether it may fail instead: its files are taken away at some moment."""
    vanishes: Path | None = None
    """File that is taken away at some moment."""


def make_scenes(folder: Path, spool: Path) -> list[dict[str, bytes]]:
    """Make the model and the scenes of a soak beside a spool, and the products of each by a single run."""
    brightness_model(spool / "m.onnx")
    expected = []
    for number in range(SCENES):
        place = spool / f"scene{number}"
        place.mkdir()
        scene_mixed(place, METRES, METRES, seed=10 * number)
        given = {key: place / f"{key}.tif" for key in ("pre", "post", "dem")}
        out = folder / f"single{number}"
        landslip.map_scene(**given, masks=place / "mask.tif", model=spool / "m.onnx", tile=64, out=out)
        expected.append(products(out))
    _make_broken(spool)
    return expected


def make_jobs(count: int, spool: Path, chance: random.Random) -> list[SoakJob]:
    """Jobs of a soak in a random order, a fifth of them broken, each kind about as often."""
    kinds = [*_BROKEN]
    jobs = []
    for number in range(count):
        if number % 5 == 4:
            jobs.append(_BROKEN[kinds[number // 5 % len(kinds)]](number, spool))
        else:
            jobs.append(_whole(number, number % SCENES))
    chance.shuffle(jobs)
    return jobs


def _text(scene: int, job: str = "", **other: str | list[str]) -> bytes:
    place = f"../scene{scene}"
    named = {key: f"{place}/{key}.tif" for key in ("pre", "post", "dem")} | {"masks": f"{place}/mask.tif"} | other
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in named.items()).encode() + f"[job]\n{job}".encode()


def _whole(number: int, scene: int) -> SoakJob:
    return SoakJob(b"job%04d.toml" % number, _text(scene, f"priority = {number % 3}\n"), scene)


def _failing(kind: str, content: Callable[[int], bytes], ending: str = "toml") -> Callable[[int, Path], SoakJob]:
    def make(number: int, spool: Path) -> SoakJob:
        return SoakJob(f"{kind}{number:04d}.{ending}".encode(), content(number % SCENES), None)

    return make


def _vanishing(number: int, spool: Path) -> SoakJob:
    file = spool / f"vanishes{number}.tif"
    shutil.copyfile(spool / "scene0/post.tif", file)
    content = _text(0, post=f"../{file.name}")
    return SoakJob(b"vanishing%04d.toml" % number, content, 0, may_fail=True, vanishes=file)


def _hostile(number: int, spool: Path) -> SoakJob:
    names = {
        b"-rf %d.toml": 0,
        b"$(reboot);%d.toml": 1,
        "bergsturz-\N{LATIN SMALL LETTER U WITH DIAERESIS}-%d.toml".encode(): 2,
        b"with\nline%d.toml": None,
        b"\xff\xfe%d.toml": None,
        b"escape\x1b[2J%d.toml": None,
        b"n" * 240 + b"%d.toml": None,
        b"x%d.done.toml": None,
        b" ..%d.toml": None,
    }
    name, scene = [*names.items()][number // 5 // len(_BROKEN) % len(names)]
    return SoakJob(name % number, _text(scene or 0), scene)


def _make_broken(spool: Path) -> None:
    """Make the files that broken jobs name."""
    whole = (spool / "scene0/post.tif").read_bytes()
    (spool / "truncated.tif").write_bytes(whole[: len(whole) // 2])
    size = int(METRES / 10)
    write(spool / "elsewhere.tif", rgb(size, size), 10.0, left=700_000.0)
    hides_all = rgb(size, size)[:1] * 0 + 1
    write(spool / "hides_all.tif", hides_all, 10.0)
    write(spool / "unreadable.tif", rgb(size, size), 10.0)
    (spool / "unreadable.tif").chmod(0)


def _unreadable() -> str:
    """A file that cannot be read; whom every file can be read by, reads none through another file."""
    return "../unreadable.tif" if os.geteuid() else "../m.onnx/post.tif"


_BROKEN: dict[str, Callable[[int, Path], SoakJob]] = {
    "missing": _failing("missing", lambda scene: _text(scene, pre="../nowhere.tif")),
    "truncated": _failing("truncated", lambda scene: _text(scene, post="../truncated.tif")),
    "toml": _failing("toml", lambda _: b'pre = "a.tif\n[[['),
    "usage": _failing("usage", lambda scene: _text(scene, "threshold = 7.0\n")),
    "apart": _failing("apart", lambda scene: _text(scene, post="../elsewhere.tif")),
    "hidden": _failing("hidden", lambda scene: _text(scene, masks="../hides_all.tif")),
    "xml": _failing("xml", lambda _: b"<?xml version='1.0'?><a/>", "json"),
    "unreadable": _failing("unreadable", lambda scene: _text(scene, post=_unreadable())),
    "vanishing": _vanishing,
    "hostile": _hostile,
}
"""Ways in which a job is broken."""
