"""``landslip fetch``."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from landslip.models.registry import REGISTRY, RegisteredModel, registered
from landslip.runtime.errors import UsageError
from landslip.runtime.progress import progress_for

if TYPE_CHECKING:
    from landslip.models.fetch import Fetched

log = logging.getLogger(__name__)


@click.command("fetch", context_settings={"show_default": True})
@click.argument("name", required=False)
@click.option("--to", "folder", type=click.Path(path_type=Path), default=".", help="Folder for the file.")
@click.option("--url", help="Download from this copy instead; it is checked just the same.")
@click.option("--timeout", type=click.FloatRange(min=0.1), default=30.0, help="Seconds without a byte that are borne.")
@click.option("--overwrite", is_flag=True, help="Replace a file of that name that is not the published one.")
@click.option("--list", "only_list", is_flag=True, help="Say what is registered, and download nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def fetch(name: str | None, folder: Path, timeout: float, only_list: bool, as_json: bool, **options: Any) -> None:
    """Download the published model NAME, or the only one there is.

    An interrupted download goes on where it stopped. The file gets its name once its length and SHA-256 are right; one
    that is there already is only checked.
    """
    if only_list:
        click.echo(json.dumps([_facts(model) for model in REGISTRY.values()], indent=2) if as_json else _listing())
        return
    model = _choose(name)
    fetched = _fetch(model, folder, timeout, options)
    log.info("%s\nCite: %s https://doi.org/%s", model.licence, model.citation, model.doi)
    click.echo(json.dumps(_facts(model) | _outcome(fetched), indent=2) if as_json else str(fetched.path))


def _choose(name: str | None) -> RegisteredModel:
    if name is not None:
        return registered(name)
    if len(REGISTRY) > 1:
        raise UsageError(f"Which model? Registered are: {', '.join(sorted(REGISTRY))}.")
    return next(iter(REGISTRY.values()))


def _fetch(model: RegisteredModel, folder: Path, timeout: float, options: dict[str, Any]) -> Fetched:
    try:
        from landslip.models.fetch import Patience, fetch_model  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("landslip"):
            raise
        raise UsageError(
            f"landslip fetch needs the package {error.name!r}, which is not installed. "
            "Install it with: pip install 'landslip[fetch]'"
        ) from error
    return fetch_model(model, folder, patience=Patience(timeout), progress=progress_for(sys.stderr), **options)


def _listing() -> str:
    return "\n\n".join(
        f"{model.name}: {model.file}, {model.size / 1e6:.0f} MB\n"
        f"  from     {model.url}\n"
        f"  sha256   {model.sha256}\n"
        f"  licence  {model.licence}\n"
        f"  cite     {model.citation} https://doi.org/{model.doi}"
        for model in REGISTRY.values()
    )


def _facts(model: RegisteredModel) -> dict[str, Any]:
    names = ("name", "file", "url", "size", "sha256", "doi", "citation", "licence")
    return {name: getattr(model, name) for name in names}


def _outcome(fetched: Fetched) -> dict[str, Any]:
    return {"path": str(fetched.path), "from": fetched.url, "received": fetched.received}
