"""The site is built without a warning, and asks nothing of any server when it is read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest

from helpers.pages import ROOT

pytest.importorskip("mkdocs", reason="needs the docs extra")

LOADED = {
    "script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src", "embed": "src",
    "object": "data",
}  # fmt: skip
"""Elements whose files a browser fetches by itself; ``link`` depends on its ``rel``."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", folder]
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": paths}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


class Loads(HTMLParser):
    """What a page loads from another server."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        address = given.get(LOADED.get(tag, ""), "") or ""
        if tag == "link" and not {"canonical", "next", "prev"} & set((given.get("rel") or "").split()):
            address = given.get("href") or ""
        for each in (address, given.get("srcset") or "", given.get("style") or ""):
            if re.search(r"(https?:)?//", each):
                self.found.append((tag, each))


@pytest.mark.slow
def test_pages_load_nothing_from_elsewhere(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 50
    for page in pages:
        loads = Loads()
        loads.feed(page.read_text(encoding="utf-8"))
        assert loads.found == [], page


@pytest.mark.slow
def test_styles_load_nothing_from_elsewhere(site):
    for style in site.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*['\"]?(https?:)?//", style.read_text(encoding="utf-8")), style


@pytest.mark.slow
def test_nothing_makes_scripts_ask_a_server(site):
    # The theme's script asks a code host for the stars of a repository, and a server for mermaid, where there is one.
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert 'data-md-component="source"' not in text, page
        assert 'class="mermaid"' not in text, page
        assert "gtag" not in text, page


@pytest.mark.slow
def test_search_works_from_a_folder(site):
    assert (site / "search" / "search_index.js").stat().st_size > 100_000
    start = (site / "index.html").read_text(encoding="utf-8")
    assert "assets/iframe-worker/shim.js" in start
    beside = {path.name for path in (site / "assets" / "iframe-worker").iterdir()}
    assert beside == {"shim.js", "LICENSE"}  # whose terms ask for it


@pytest.mark.slow
def test_the_command_line_is_that_of_the_program(site):
    from landslip.runtime.cli.main import COMMANDS

    page = (site / "reference" / "command-line.html").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert f'id="landslip-{name}"' in page
    for option in ("--dem-nodata", "--preset", "--resume", "--calibrate", "--budget"):
        assert option in page


@pytest.mark.slow
def test_documents_of_the_root_are_pages(site):
    design = (site / "design.html").read_text(encoding="utf-8")
    assert 'href="decisions/rooms.html"' in design
    assert not re.search(r'href="docs/', design)


@pytest.mark.slow
def test_python_is_that_of_the_docstrings(site):
    page = (site / "reference" / "python.html").read_text(encoding="utf-8")
    for name in ("map_scene", "open_mapper", "MapResult", "Mapper", "LandslipError", "Engine", "FakeEngine"):
        assert re.search(rf'id="landslip\.([\w.]*\.)?{name}"', page), name
    assert not re.search(r":(attr|class|data|func|meth|mod):", page)
