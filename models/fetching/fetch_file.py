"""Downloads a published file, and names it only once it is proven to be the published file."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from landslip.models.fetching.download import Download, Patience
from landslip.models.fetching.download_draft import DownloadDraft
from landslip.models.registry.published_file import PublishedFile
from landslip.runtime.access.location import exists, shown
from landslip.runtime.errors import UsageError
from landslip.runtime.system.digests import sha256_of
from landslip.runtime.system.drafts import output_errors
from landslip.runtime.system.progress import NoProgress, Progress

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fetched:
    """A file that is the published one."""

    path: Path
    """Place of the file."""
    url: str
    """Address it comes from, without user, password and query."""
    received: int
    """Bytes that were downloaded now; 0 where it was there already."""


def fetch_file(
    published: PublishedFile,
    folder: Path,
    *,
    to: Path | None = None,
    url: str | None = None,
    overwrite: bool = False,
    patience: Patience | None = None,
    progress: Progress | None = None,
) -> Fetched:
    """Fetch a published file into a folder.

    A file that is there already is checked and kept. What an earlier attempt left is gone on from. The file appears
    under its name once its length and SHA-256 are those of the registry.

    Args:
        published: the file.
        folder: made if needed.
        to: the folder a user has given, for messages; None for ``folder``.
        url: of another copy, HTTP or HTTPS.
        overwrite: replace a file of that name which is another one.
        patience: how long to put up with a bad connection.
        progress: is told of the bytes as they come.

    Raises:
        UsageError: another file has that name, or the address is none.
        FetchError: it cannot be downloaded; what was received is kept.
        ModelError: the address has another file.
        OutputError: it cannot be written, or another process is writing it.
    """
    source, final = published.url if url is None else url, folder / published.file
    if _is_there(published, final, overwrite=overwrite):
        log.info("%s is there already, and is the published file", final)
        return Fetched(final, shown(source), 0)
    with output_errors(final.with_name(f"{final.name}.partial")), DownloadDraft(final) as draft:
        download = Download(published, source, draft, patience or Patience(), progress or NoProgress(), to or folder)
        download.run()
        draft.publish()
    return Fetched(final, shown(source), download.received)


def _is_there(published: PublishedFile, final: Path, *, overwrite: bool) -> bool:
    if not exists(final):
        return False
    if final.is_dir():
        raise UsageError(f"{final} is a folder.", "Choose another folder with `to`.", where=final, option="to")
    size, digest = final.stat().st_size, sha256_of(final)
    if digest == published.sha256:
        return True
    if overwrite:
        return False
    raise UsageError(
        f"{final} is not the published file: it has {size} bytes and SHA-256 {digest}, and not {published.size} and "
        f"{published.sha256}.",
        "Add overwrite=True to replace it, or choose another folder with `to`.",
        where=final,
        option="overwrite",
    )
