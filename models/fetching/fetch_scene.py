"""Downloads the files of a published scene into a folder of its own, with a ``scene.toml`` to map it by."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from landslip.models.fetching.download import Patience
from landslip.models.fetching.fetch_file import fetch_file
from landslip.models.registry.scenes import RegisteredScene
from landslip.runtime.access.location import shown
from landslip.runtime.system.drafts import output_errors, write_file
from landslip.runtime.system.progress import Progress

log = logging.getLogger(__name__)

SCENE_FILE = "scene.toml"


@dataclass(frozen=True)
class FetchedScene:
    """A scene whose files are the published ones."""

    scene_file: Path
    """File that ``landslip map --scene`` takes."""
    files: tuple[Path, ...]
    """Published files of the scene."""
    url: str
    """Beginning of their addresses, without user, password and query."""
    received: int
    """Bytes that were downloaded now."""


def fetch_scene(
    scene: RegisteredScene,
    folder: Path,
    *,
    url: str | None = None,
    overwrite: bool = False,
    patience: Patience | None = None,
    progress: Progress | None = None,
) -> FetchedScene:
    """Fetch the files of a scene into ``folder / scene.name``.

    Files that are there already are checked and kept, and an interrupted download goes on where it stopped.
    ``scene.toml`` comes last, so that a folder that has one is complete; one that a user has changed is kept.

    Args:
        scene: what to have.
        folder: the folder of the scene is made in it.
        url: beginning of the addresses in another copy of the repository.
        overwrite: replace files of these names which are others, ``scene.toml`` too.
        patience: how long to put up with a bad connection.
        progress: is told of the bytes as they come.

    Raises:
        UsageError: another file has one of the names, or the address is none.
        FetchError: a file cannot be downloaded; what was received is kept.
        ModelError: the address has another file.
        OutputError: a file cannot be written, or another process is writing it.
    """
    root = folder / scene.name
    fetched = []
    try:
        for member in scene.files if url is None else scene.at(url):
            place = root.joinpath(*PurePosixPath(member.path).parent.parts)
            options = {"to": folder, "overwrite": overwrite, "patience": patience, "progress": progress}
            fetched.append(fetch_file(member, place, **options))  # type: ignore[arg-type]
        scene_file = _written(scene, root / SCENE_FILE, overwrite=overwrite)
    finally:
        with contextlib.suppress(OSError):
            root.rmdir()  # where nothing came
    return FetchedScene(
        scene_file,
        tuple(each.path for each in fetched),
        shown(scene.url if url is None else url),
        sum(each.received for each in fetched),
    )


def _written(scene: RegisteredScene, path: Path, *, overwrite: bool) -> Path:
    with output_errors(path):
        if overwrite or not path.exists():
            write_file(path, scene.scene)
        elif path.read_bytes() != scene.scene.encode():
            log.warning("%s is not as published, and is kept. Add overwrite=True to replace it.", path)
    return path
