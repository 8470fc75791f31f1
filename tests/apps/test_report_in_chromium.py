"""The report as a browser opens it from a file: it asks nothing of a network, and does what its controls say."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import replace

import msgspec
import numpy as np
import pytest
import shapely

from helpers.report_runs import (
    HOSTILE,
    KINDS,
    classes_of_run,
    grid_of,
    made_up_run,
    made_up_score,
    source_of,
    write_layers,
)
from landslip.runtime.report.report_writing import write_report
from landslip.runtime.styles.palette import class_colours

playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra apps (playwright)")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

pytestmark = [
    pytest.mark.apps,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"),
]


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    run = made_up_run(folder, 1700, 2000, landslides=120)
    write_report(run, folder / "report.html", source_of(1700, 2000))
    return folder / "report.html"


@contextmanager
def opened(browser, path, **options):
    """A page with the report; leaving it proves that the browser complained of nothing and asked for nothing."""
    complaints, requests = [], []
    context = browser.new_context(**({"viewport": {"width": 1300, "height": 900}} | options))
    page = context.new_page()
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.on("request", lambda request: requests.append(request.url.partition(",")[0]))
    page.goto(path.as_uri())
    page.wait_for_load_state("load")
    yield page
    assert complaints == []
    assert [url for url in requests if not url.startswith(("data:", path.as_uri()))] == []
    context.close()


def pixels(page, selector):
    """Sums of what is on a canvas by column: (cols,)."""
    code = """(canvas) => {
        const { width, height } = canvas;
        const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
        copy.drawImage(canvas, 0, 0);
        const rgba = copy.getImageData(0, 0, width, height).data;
        const sums = new Array(width).fill(0);
        for (let i = 0; i < rgba.length; i += 4) sums[(i / 4) % width] += rgba[i] + rgba[i + 1] + rgba[i + 2];
        return sums;
    }"""
    return np.array(page.locator(selector).evaluate(code))


def settled(page):
    """Wait until everything that is asked for is decoded and drawn."""
    page.evaluate("""async () => {
        for (let still = 0; still < 4; still++) {
            await new Promise((done) => requestAnimationFrame(done));
            if (isDue || ![...decoded.values()].every((entry) => entry.ready)) still = 0;
        }
    }""")


def middle_of(page, index):
    """Place on the screen of a pixel of a landslide."""
    page.locator("#stage").scroll_into_view_if_needed()
    box = page.locator("#stage").bounding_box()
    x, y = page.evaluate(
        "(index) => { const [left, top, right, bottom] = slides.boxes.subarray(4 * index, 4 * index + 4);"
        " return toStage((left + right) / 2, bottom - 1); }",
        index,
    )
    return box["x"] + x, box["y"] + y


def test_pictures_and_landslides_are_drawn(browser, report, tmp_path):
    with opened(browser, report) as page:
        settled(page)
        assert page.locator(".static").is_hidden()
        assert (pixels(page, "#pictures") > 0).mean() > 0.5
        assert pixels(page, "#shapes").any()
        page.screenshot(path=tmp_path / "desktop.png")
        assert page.title() == "Landslides"


def test_the_line_between_the_images_moves(browser, report):
    with opened(browser, report) as page:
        settled(page)
        swipe = page.locator("#swipe")
        box = swipe.bounding_box()
        before = pixels(page, "#pictures")
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
        page.mouse.down()
        page.mouse.move(box["x"] - 300, box["y"] + 40, steps=4)
        page.mouse.up()
        settled(page)
        assert int(swipe.get_attribute("aria-valuenow")) < 35
        after = pixels(page, "#pictures")
        stage = page.locator("#stage").bounding_box()
        moved = after != before
        # What was before is after now, between the two places of the line and nowhere else; and is brighter.
        middle = int(box["x"] + box["width"] / 2 - stage["x"])
        assert moved[middle - 250 : middle - 20].all()
        assert (after[moved] > before[moved]).all()
        assert moved[middle + 10 :].sum() < 5  # where tiles meet a pixel may be mixed otherwise
        swipe.focus()
        page.keyboard.press("End")
        assert swipe.get_attribute("aria-valuenow") == "100"
        page.get_by_text("After", exact=True).click()
        assert swipe.get_attribute("aria-valuenow") == "0"


def test_a_click_on_a_landslide_shows_its_figures(browser, report):
    with opened(browser, report) as page:
        index = page.evaluate("order[3]")
        page.evaluate("(index) => zoomToSlide(index)", index)
        settled(page)
        page.mouse.click(*middle_of(page, index))
        panel = page.locator("#panel")
        assert panel.is_visible()
        assert page.locator("#panel-title").inner_text() == f"No. {page.evaluate('(i) => data.fields.id[i]', index)}"
        area = page.evaluate("(i) => number(data.fields.area_m2[i])", index)
        assert area in panel.inner_text()
        assert page.locator("#slides tr.chosen").count() == 1
        page.keyboard.press("Escape")
        page.locator("#stage").press("Escape")
        assert panel.is_hidden()


def test_a_click_on_a_row_zooms_to_its_landslide(browser, report):
    with opened(browser, report) as page:
        before = page.evaluate("view.scale")
        row = page.locator("#slides tbody tr").nth(4)
        index = int(row.get_attribute("data-index"))
        row.get_by_role("button").click()
        scale, x, y = page.evaluate("[view.scale, view.x, view.y]")
        left, top, right, bottom = page.evaluate("(i) => [...slides.boxes.subarray(4 * i, 4 * i + 4)]", index)
        assert scale > 3 * before
        assert left < x < right
        assert top < y < bottom
        assert page.locator("#panel").is_visible()


def test_the_table_sorts_filters_and_turns_its_pages(browser, report):
    with opened(browser, report) as page:
        rows = page.locator("#slides tbody tr")
        assert rows.count() == 25
        page.get_by_role("button", name="Mean confidence").click()
        column = page.evaluate("order.map((index) => data.fields.confidence_mean[index])")
        assert column == sorted(column, reverse=True)
        page.get_by_role("button", name="Height difference (m)").click()
        page.get_by_role("button", name="Height difference (m)").click()
        column = page.evaluate("order.map((index) => data.fields.relief_m[index])")
        known = [value for value in column if value is not None]
        assert column == [*sorted(known), *[None] * (120 - len(known))]
        page.get_by_role("button", name="Next").click()
        assert "Page 2 of 5" in page.locator("#page-number").inner_text()
        drawn = pixels(page, "#shapes").sum()
        for name in ("likely", "probable"):
            page.get_by_label(name, exact=True).uncheck()
        assert set(page.evaluate("order.map(classOf)")) == {"possible"}
        page.locator("#least").fill("3000")
        assert min(page.evaluate("order.map(areaOf)")) >= 3000
        settled(page)
        page.wait_for_timeout(100)
        assert pixels(page, "#shapes").sum() != drawn


def test_keys_and_wheel_move_the_map(browser, report):
    with opened(browser, report) as page:
        page.locator("#stage").focus()
        page.keyboard.press("+")
        page.keyboard.press("+")
        scale, x = page.evaluate("[view.scale, view.x]")
        page.keyboard.press("ArrowRight")
        assert page.evaluate("view.x") > x
        box = page.locator("#stage").bounding_box()
        page.mouse.move(box["x"] + 200, box["y"] + 200)
        under = page.evaluate("toMap(200, 200)")
        page.mouse.wheel(0, -240)
        page.wait_for_timeout(300)
        assert page.evaluate("view.scale") > 1.5 * scale
        assert page.evaluate("toMap(200, 200)") == pytest.approx(under, abs=2)
        long = page.locator("#scale-text").inner_text()
        for _ in range(5):
            page.locator("#zoom-in").click()
        page.wait_for_timeout(100)
        assert page.locator("#scale-text").inner_text() != long
        page.locator("#zoom-all").click()
        assert page.evaluate("view.scale === wholeScale()")


def test_where_nothing_was_observed_the_reason_is_told(browser, report):
    with opened(browser, report) as page:
        x, y = page.evaluate("toStage(100, 800)")
        box = page.locator("#stage").bounding_box()
        page.mouse.move(box["x"] + x, box["y"] + y)
        assert "not observed: masked" in page.locator("#place").inner_text()
        assert "42." in page.locator("#place").inner_text()


def test_the_scale_bar_is_as_long_as_it_says(browser, report):
    with opened(browser, report) as page:
        page.evaluate("view.scale = 1; settle()")
        page.wait_for_timeout(100)
        width = page.locator("#scale-line").bounding_box()["width"]
        assert page.locator("#scale-text").inner_text() == "1 km"
        assert width == pytest.approx(1000 / 6, abs=1)


def test_hostile_names_are_text(browser, tmp_path):
    inputs = [{"role": HOSTILE, "path": HOSTILE, "sha256": None, "acquired": None}]
    run = made_up_run(tmp_path, 300, 300, title=HOSTILE[:150], inputs=inputs)
    model = msgspec.structs.replace(run.record.model, name=HOSTILE, notice=HOSTILE)
    run = replace(run, record=msgspec.structs.replace(run.record, model=model, objections_overruled=(HOSTILE,)))
    (tmp_path / "landslides.gpkg").unlink()
    shapes = [shapely.box(100, 100, 140, 140)]
    write_layers(tmp_path / "landslides.gpkg", grid_of(300, 300), shapes, [shapely.box(0, 0, 90, 90)], HOSTILE)
    write_report(run, tmp_path / "report.html", source_of(300, 300), score=made_up_score(HOSTILE))
    with opened(browser, tmp_path / "report.html") as page:
        settled(page)
        page.mouse.click(*middle_of(page, 0))
        x, y = page.evaluate("toStage(20, 20)")
        box = page.locator("#stage").bounding_box()
        page.mouse.move(box["x"] + x, box["y"] + y)
        assert page.locator("#place").inner_text().count("<img src=x") == 1
        assert page.title().startswith("</script>")
        assert page.locator("h1 *").count() == 0
        assert page.locator("img[onerror]").count() == 0


def test_on_a_phone_it_fits_and_two_fingers_zoom(browser, report, tmp_path):
    phone = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}
    with opened(browser, report, **phone) as page:
        settled(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        before = page.evaluate("view.scale")
        page.evaluate("""() => {
            const send = (kind, pointerId, x) => stage.dispatchEvent(new PointerEvent(kind, {
                pointerId, pointerType: "touch", clientX: stage.getBoundingClientRect().left + x, clientY: 200,
                bubbles: true,
            }));
            stage.setPointerCapture = () => {};
            send("pointerdown", 1, 150); send("pointerdown", 2, 200);
            send("pointermove", 1, 100); send("pointermove", 2, 250);
            send("pointerup", 1, 100); send("pointerup", 2, 250);
        }""")
        assert page.evaluate("view.scale") == pytest.approx(3 * before, rel=0.01)
        page.screenshot(path=tmp_path / "phone.png")


def test_without_a_script_there_are_picture_table_and_facts(browser, report, tmp_path):
    with opened(browser, report, java_script_enabled=False) as page:
        assert page.locator(".static svg path.slide").count() == 3
        assert page.locator("#slides tbody tr").count() == 50
        assert page.locator("#viewer").is_hidden()
        assert "The 50 largest of 120 landslides." in page.locator("#table-help").inner_text()
        assert page.locator("#top-post").evaluate("(image) => image.naturalWidth") > 900
        page.screenshot(path=tmp_path / "plain.png", full_page=True)


def test_it_prints_with_picture_table_and_facts(browser, report, tmp_path):
    with opened(browser, report) as page:
        settled(page)
        printed = page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
        assert printed.startswith(b"%PDF")
        assert 2 <= printed.count(b"/Type /Page\n") <= 12
        page.emulate_media(media="print")
        assert page.locator("#stage").is_hidden()
        assert page.locator(".static").is_visible()
        assert page.locator("#pager").is_hidden()


@pytest.mark.parametrize(("height", "width"), [(300, 1200), (700, 1000), (800, 1000), (1000, 400)])
def test_the_first_page_on_paper_has_map_and_legend(browser, tmp_path, height, width):
    run = made_up_run(tmp_path, height, width, title="An earthquake whose name goes on until it needs two lines")
    write_report(run, tmp_path / "report.html", source_of(height, width))
    paper = {"width": 695, "height": 1024}  # A4 without its margins
    with opened(browser, tmp_path / "report.html", viewport=paper) as page:
        page.emulate_media(media="print")
        picture, legend = (page.locator(name).bounding_box() for name in (".after .frame", ".legend"))
        drawing, image = (page.locator(f".after {name}").bounding_box() for name in ("svg", "img"))
        assert picture["y"] + picture["height"] < legend["y"]
        assert legend["y"] + legend["height"] < paper["height"]
        assert picture["width"] <= paper["width"]
        assert drawing == pytest.approx(image, abs=2)
        assert image["width"] / image["height"] == pytest.approx(width / height, rel=0.02)


def painted(page, colour):
    """Number of the pixels of the landslides that have a colour, as rims have it."""
    code = """(canvas, colour) => {
        const { width, height } = canvas;
        const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
        copy.drawImage(canvas, 0, 0);
        const rgba = copy.getImageData(0, 0, width, height).data;
        let found = 0;
        for (let i = 0; i < rgba.length; i += 4) {
            found += rgba[i + 3] === 255 && [0, 1, 2].every((band) => Math.abs(rgba[i + band] - colour[band]) < 6);
        }
        return found;
    }"""
    return page.locator("#shapes").evaluate(code, list(colour))


def test_kinds_of_landslides_have_their_colours_and_are_filtered(browser, tmp_path):
    run = made_up_run(tmp_path, 600, 800, landslides=30, kinds=(*KINDS, None), classes=classes_of_run())
    write_report(run, tmp_path / "report.html", source_of(600, 800))
    colours = class_colours([False, True, True, True])[1:]
    with opened(browser, tmp_path / "report.html") as page:
        settled(page)
        page.wait_for_timeout(200)
        assert min(painted(page, colour) for colour in colours) > 50
        legend = page.locator(".legend").inner_text()
        assert all(name in legend for name in (*KINDS, "no kind surest"))
        page.get_by_label("slide", exact=True).uncheck()
        settled(page)
        page.wait_for_timeout(200)
        assert painted(page, colours[1]) == 0
        assert painted(page, colours[0]) > 50
        shown = page.evaluate("order.map((index) => data.fields.class[index])")
        assert set(shown) == {"debris flow", "rock fall", None}
        page.get_by_label("likely", exact=True).uncheck()
        assert "likely" not in page.evaluate("order.map((index) => data.fields.confidence_class[index])")
        page.get_by_label("no kind surest", exact=True).uncheck()
        assert None not in page.evaluate("order.map((index) => data.fields.class[index])")
    with opened(browser, tmp_path / "report.html", java_script_enabled=False) as page:
        assert page.locator(".static svg path.slide").count() == 4
        fill = page.locator(".static svg path.slide").nth(3).evaluate("(path) => getComputedStyle(path).fill")
        assert fill == f"rgb({', '.join(map(str, colours[0]))})"
