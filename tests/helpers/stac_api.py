"""A STAC API: stac-fastapi, with the Items of a file in memory, in a process of its own.

``python stac_api.py ITEMS.json PORT`` serves; tests use :func:`serving_catalogue`.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen


@contextlib.contextmanager
def serving_catalogue(items: Sequence[dict[str, Any]], folder: Path) -> Iterator[str]:
    """Address of an API that has these Items, as long as the block runs; its log is ``api.log`` in the folder."""
    (folder / "items.json").write_text(json.dumps(list(items)))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (folder / "api.log").open("w") as log:
        command = [sys.executable, __file__, str(folder / "items.json"), str(port)]
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            _wait(f"http://127.0.0.1:{port}/", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        with contextlib.suppress(URLError), urlopen(address):  # noqa: S310
            return
        assert process.poll() is None, "the server ended"
        time.sleep(0.1)
    raise AssertionError("the server does not answer")


MOST = 3
"""Items on a page, so that tests see several."""


def main(items: list[dict[str, Any]], port: int) -> None:
    """Serve Items."""
    import attr
    import uvicorn
    from stac_fastapi.api.app import StacApi
    from stac_fastapi.api.models import create_get_request_model, create_post_request_model
    from stac_fastapi.extensions.pagination import TokenPaginationExtension
    from stac_fastapi.types.config import ApiSettings
    from stac_fastapi.types.core import BaseCoreClient

    def matching(collections: Any, bbox: Any, interval: Any) -> list[dict[str, Any]]:
        west, south, east, north = bbox or (-180, -90, 180, 90)
        first, last = (interval or "../..").replace("Z", "+00:00").split("/")
        found = []
        for item in items:
            left, bottom, right, top = item["bbox"]
            taken = item["properties"]["datetime"].replace("Z", "+00:00")
            inside = left <= east and right >= west and bottom <= north and top >= south
            timely = first == ".." or first <= taken <= last
            if item["collection"] in (collections or [item["collection"]]) and inside and timely:
                found.append(item)
        return found

    @attr.s
    class MemoryClient(BaseCoreClient):  # type: ignore[misc,unused-ignore]
        """Client of the API that looks through a list."""

        def get_search(self, *_, collections=None, bbox=None, limit=10, token=None, **kwargs):
            asked = dict(kwargs["request"].query_params)
            found = matching(collections, bbox, asked.get("datetime"))
            start, count = int(token or 0), min(limit or 10, MOST)
            links = []
            if start + count < len(found):
                address = f"http://127.0.0.1:{port}/search?{urlencode(asked | {'token': str(start + count)})}"
                links = [{"rel": "next", "href": address, "type": "application/geo+json", "method": "GET"}]
            return {"type": "FeatureCollection", "features": found[start : start + count], "links": links}

        def all_collections(self, **_):
            return {"collections": [], "links": []}

        def post_search(self, *_, **__):
            raise NotImplementedError

        get_item = get_collection = item_collection = post_search

    extensions = [TokenPaginationExtension()]
    api = StacApi(
        settings=ApiSettings(enable_response_models=True),
        client=MemoryClient(),
        extensions=extensions,
        search_get_request_model=create_get_request_model(extensions),
        search_post_request_model=create_post_request_model(extensions),
    )
    uvicorn.run(api.app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()), int(sys.argv[2]))
