"""A report of 100 megapixels and thousands of landslides: what it takes to write, and to open in Chromium.

``pytest -s`` prints the figures of docs/decisions/report.md.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import rasterio

from helpers.report_runs import made_up_run, source_of
from landslip.runtime.geo.windows import make_window
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.report.report_writing import write_report
from landslip.runtime.scene.scene import open_scene

psutil = pytest.importorskip("psutil")

EDGE = 10_000
"""Rows and columns of the map."""
LANDSLIDES = 6_000

pytestmark = [pytest.mark.apps, pytest.mark.slow]


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Folder with the report, seconds it took to write, and memory that it took beyond what was held before."""
    folder = tmp_path_factory.mktemp("large")
    files = write_images(folder)
    run = made_up_run(folder, EDGE, EDGE, landslides=LANDSLIDES)
    process = psutil.Process()
    before = process.memory_info().rss
    with (
        open_scene(files, 6.0) as scene,
        rasterio.Env(GDAL_CACHEMAX=scene.cache_bytes(64)),
    ):
        start, spent = time.perf_counter(), sum(process.cpu_times()[:2])
        write_report(run, folder / "report.html", scene)
        seconds = time.perf_counter() - start
        used = sum(process.cpu_times()[:2])
    size = (folder / "report.html").stat().st_size / 1e6
    print(f"\nwritten in {seconds:.1f} s, {used - spent:.1f} s of the processor, {size:.1f} MB")  # noqa: T201
    yield folder / "report.html", seconds, process.memory_info().rss - before
    shutil.rmtree(folder)


def write_images(folder):
    """Write two images that are as rough as those of satellites: a small picture, pushed sideways from row to row."""
    small = source_of(1024, 1024, noise=45)
    profile = {
        "driver": "GTiff", "count": 3, "height": EDGE, "width": EDGE, "dtype": "uint8", "crs": small.grid.crs,
        "transform": small.grid.transform, "tiled": True, "blockxsize": 512, "blockysize": 512,
    }  # fmt: skip
    for role, picture in small.arrays.items():
        with rasterio.open(folder / f"{role}.tif", "w", **profile) as file:
            for top in range(0, EDGE, 512):
                rows = np.roll(np.tile(picture[:, :512], 10), 97 * top, axis=2)[:, : EDGE - top, :EDGE]
                file.write(rows, window=make_window(0, top, EDGE, rows.shape[1]))
    return SceneFiles(pre=folder / "pre.tif", post=folder / "post.tif")


def test_it_is_written_within_its_budget_and_without_much_memory(large):
    path, seconds, grown = large
    assert 15e6 < path.stat().st_size <= 20e6
    assert seconds < 90  # 30 on two cores that do nothing else
    assert grown < 400e6


def test_chromium_opens_it_within_seconds(large):
    playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra apps (playwright)")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs Chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        start = time.perf_counter()
        page.goto(large[0].as_uri())
        page.evaluate("""async () => {
            while (!tops.post.complete || ![...decoded.values()].every((entry) => entry.ready)) {
                await new Promise(requestAnimationFrame);
            }
        }""")
        opened = time.perf_counter() - start
        page.evaluate("""async () => {
            for (let index = 0; index < 40; index++) {
                zoomToSlide(order[index]);
                await new Promise((done) => setTimeout(done, 50));
            }
            showAll();
        }""")
        page.wait_for_timeout(500)
        frames = page.evaluate("""async () => {
            const start = performance.now();
            for (let index = 0; index < 20; index++) {
                moveBy(3, 3);
                await new Promise(requestAnimationFrame);
            }
            return (performance.now() - start) / 20;
        }""")
        held = memory_of(Path(chromium).name)
        print(f"opened in {opened:.1f} s, {frames:.0f} ms a frame, MB: {held}")  # noqa: T201
        browser.close()
    assert opened < 20  # a few seconds on two cores that do nothing else
    assert held["renderer"] < 400


def memory_of(name: str) -> dict[str, int]:
    """Megabytes of the processes of a browser that belong to none other, by what they do."""
    found: dict[str, int] = {}
    for process in psutil.Process().children(recursive=True):
        command = " ".join(process.cmdline())
        if "chrom" not in command:
            continue
        kind = command.partition("--type=")[2].partition(" ")[0] or "browser"
        found[kind] = found.get(kind, 0) + round(process.memory_full_info().uss / 1e6)
    return found | {"all": int(np.sum(list(found.values())))}
