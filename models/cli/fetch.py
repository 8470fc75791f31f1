"""``landslip fetch``."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from landslip.models.registry.registry import REGISTRY, RegisteredModel, registered
from landslip.models.registry.scenes import SCENES, RegisteredScene
from landslip.runtime.cli.paths import PATH
from landslip.runtime.errors import UsageError
from landslip.runtime.system.progress import progress_for

if TYPE_CHECKING:
    from landslip.models.fetching.fetch_file import Fetched
    from landslip.models.fetching.fetch_scene import FetchedScene

log = logging.getLogger(__name__)


@click.command("fetch", context_settings={"show_default": True})
@click.argument("name", required=False)
@click.option("--to", "folder", type=PATH, default=".", help="Folder for the file, or the scene.")
@click.option("--url", help="Download from this copy instead; it is checked just the same.")
@click.option("--timeout", type=click.FloatRange(min=0.1), default=30.0, help="Seconds without a byte that are borne.")
@click.option("--overwrite", is_flag=True, help="Replace files of these names that are not the published ones.")
@click.option("--list", "only_list", is_flag=True, help="Say what is registered, and download nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def fetch(name: str | None, folder: Path, timeout: float, only_list: bool, as_json: bool, **options: Any) -> None:
    """Download the published model or scene NAME, or the only model there is.

    An interrupted download goes on where it stopped. A file gets its name once its length and SHA-256 are right; one
    that is there already is only checked. A scene comes as a folder with a scene.toml for landslip map --scene; with
    --url, the address of a copy of its whole repository.
    """
    if only_list:
        click.echo(json.dumps(_registered(), indent=2) if as_json else _listing())
        return
    if name in SCENES:
        _scene(SCENES[str(name)], folder, timeout, options, as_json=as_json)
    else:
        _model(_choose(name), folder, timeout, options, as_json=as_json)


def _model(model: RegisteredModel, folder: Path, timeout: float, options: dict[str, Any], *, as_json: bool) -> None:
    with _needing_requests():
        from landslip.models.fetching.download import Patience  # noqa: PLC0415
        from landslip.models.fetching.fetch_file import fetch_file  # noqa: PLC0415
    fetched = fetch_file(model, folder, patience=Patience(timeout), progress=progress_for(sys.stderr), **options)
    log.info("%s\nCite: %s https://doi.org/%s", model.licence, model.citation, model.doi)
    click.echo(json.dumps(_facts(model) | _outcome(fetched), indent=2) if as_json else str(fetched.path))


def _scene(scene: RegisteredScene, folder: Path, timeout: float, options: dict[str, Any], *, as_json: bool) -> None:
    with _needing_requests():
        from landslip.models.fetching.download import Patience  # noqa: PLC0415
        from landslip.models.fetching.fetch_scene import fetch_scene  # noqa: PLC0415
    fetched = fetch_scene(scene, folder, patience=Patience(timeout), progress=progress_for(sys.stderr), **options)
    log.info("%s", scene.licence)
    facts = _scene_facts(scene) | _scene_outcome(fetched)
    click.echo(json.dumps(facts, indent=2) if as_json else str(fetched.scene_file))


def _choose(name: str | None) -> RegisteredModel:
    if name is None and len(REGISTRY) == 1:
        return next(iter(REGISTRY.values()))
    if name not in REGISTRY:
        problem = "Which one?" if name is None else f"Nothing is registered as {name!r}."
        raise UsageError(
            f"{problem} There are the models {', '.join(sorted(REGISTRY))}, and the scenes {', '.join(sorted(SCENES))}."
        )
    return registered(name)


@contextmanager
def _needing_requests() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("landslip"):
            raise
        raise UsageError(
            f"landslip fetch needs the package {error.name!r}, which is not installed.",
            "Install it with: pip install 'landslip[fetch]'",
        ) from error


def _listing() -> str:
    models = [
        f"{model.name}: {model.file}, {model.size / 1e6:.0f} MB\n"
        f"  from     {model.url}\n"
        f"  sha256   {model.sha256}\n"
        f"  licence  {model.licence}\n"
        f"  cite     {model.citation} https://doi.org/{model.doi}"
        for model in REGISTRY.values()
    ]
    scenes = [
        f"{scene.name}: {scene.title}, {len(scene.files)} files, {scene.size / 1e6:.0f} MB\n"
        f"  from     {scene.url}\n"
        f"  licence  {scene.licence}"
        for scene in SCENES.values()
    ]
    return "\n\n".join([*models, *scenes])


def _registered() -> list[dict[str, Any]]:
    return [*map(_facts, REGISTRY.values()), *map(_scene_facts, SCENES.values())]


def _facts(model: RegisteredModel) -> dict[str, Any]:
    names = ("name", "file", "url", "size", "sha256", "doi", "citation", "licence")
    return {"kind": "model", **{name: getattr(model, name) for name in names}}


def _scene_facts(scene: RegisteredScene) -> dict[str, Any]:
    files = [{"path": each.path, "url": each.url, "size": each.size, "sha256": each.sha256} for each in scene.files]
    return {"kind": "scene", "name": scene.name, "title": scene.title, "licence": scene.licence, "files": files}


def _outcome(fetched: Fetched) -> dict[str, Any]:
    return {"path": str(fetched.path), "from": fetched.url, "received": fetched.received}


def _scene_outcome(fetched: FetchedScene) -> dict[str, Any]:
    return {"path": str(fetched.scene_file), "from": fetched.url, "received": fetched.received}
