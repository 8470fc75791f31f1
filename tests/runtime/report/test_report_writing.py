"""Reports as files: whole, within their budget, equal each time, and harmless whatever stands in the run."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import msgspec
import numpy as np
import pyogrio.raw
import pytest
import shapely
from PIL import Image

from helpers.report_runs import HOSTILE, PIXEL, grid_of, made_up_run, made_up_score, record_of, source_of, write_layers
from landslip.runtime.errors import InputError, UsageError
from landslip.runtime.report.report_writing import write_report
from landslip.runtime.report.texts import ENGLISH
from landslip.runtime.run.product_options import ProductOptions


class Page(HTMLParser):
    """What a browser would make of a page: elements with their attributes, and texts by the element they are in."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self._open = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_data(self, data):
        self.texts.append((self._open[-1] if self._open else "", data))

    def named(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]

    def text_in(self, tag):
        return [text for name, text in self.texts if name == tag]

    @property
    def data(self):
        index = [name for name, _ in self.elements if name == "script"]
        assert index
        return json.loads(self.text_in("script")[0])


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    run = made_up_run(folder, 700, 900, title="Hokkaido")
    write_report(run, folder / "report.html", source_of(700, 900))
    return run, (folder / "report.html").read_text(encoding="utf-8")


def test_the_page_says_what_the_run_says(written):
    _, text = written
    page = Page(text)
    said = " ".join(text for _, text in page.texts)
    for fact in ("Hokkaido", "2018-08-24", "2018-09-06 01:27:01 UTC", "Not for real events.", "c" * 64, "a" * 64,
                 "EPSG:32654, 900 \u00d7 700 pixels of 6 m", "onnxruntime, cpu, fp32",
                 "masked (cloud, shadow, water)"):  # fmt: skip
        assert fact in said, fact
    assert "demo (fp32)" in said


def test_it_tells_how_sure_and_in_words_whither_the_images_are_shifted(tmp_path):
    classes = {"possible": 6, "probable": 1346, "likely": 84}
    shift = {"shift_pixels": [-0.51, 0.97], "windows": 4}
    run = made_up_run(tmp_path, 200, 300, landslides_by_class=classes, landslides_at_edge=26, registration=shift)
    write_report(run, tmp_path / "report.html", source_of(200, 300))
    said = " ".join(text for _, text in Page((tmp_path / "report.html").read_text(encoding="utf-8")).texts)
    assert "84 likely, 1,346 probable, 6 possible" in said
    assert "26: they touch what was not observed or the border of the map" in said
    assert "0.51 pixels west and 0.97 south of the image before (median of 4 places)" in said
    assert "+00:00" not in said


def test_a_map_of_one_image_is_told_of_one_date(tmp_path):
    _, after = record_of(grid_of(200, 300), 30, 1.0)["inputs"]
    run = made_up_run(tmp_path, 200, 300, inputs=[after], registration=None)
    write_report(run, tmp_path / "report.html", source_of(200, 300, images=("post",)))
    said = " ".join(text for _, text in Page((tmp_path / "report.html").read_text(encoding="utf-8")).texts)
    assert "Image after taken" in said
    for words in ("Image before taken", "date unknown", "Shift of the images against each other"):
        assert words not in said, words


def test_numbers_stand_beside_the_largest_landslides_and_within_the_map(tmp_path):
    run = made_up_run(tmp_path, 400, 600)
    (tmp_path / "landslides.gpkg").unlink()
    shapes = [shapely.box(100, 200, 140, 260), shapely.box(0, 0, 50, 30), shapely.box(570, 370, 600, 400)]
    write_layers(tmp_path / "landslides.gpkg", grid_of(400, 600), shapes, [shapely.box(0, 390, 9, 400)])
    write_report(run, tmp_path / "report.html", source_of(400, 600))
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    numbers = [attrs for attrs in page.named("text") if attrs.get("class") == "number"]
    places = sorted((float(attrs["x"]), float(attrs["y"])) for attrs in numbers)
    assert places == [(25, 44), (120, 196), (585, 366)]


def test_landslides_are_in_the_page_exactly(written):
    _, text = written
    data = Page(text).data
    assert data["count"] == len(data["outlines"]) == 30
    for index, rings in enumerate(data["outlines"]):
        shape = shapely.Polygon(corners(rings[0]), [corners(ring) for ring in rings[1:]])
        assert shape.area * PIXEL**2 == data["fields"]["area_m2"][index]
    assert data["classes"] == ["likely", "probable", "possible"]
    assert data["fields"]["relief_m"][0] is None


def corners(ring):
    return np.cumsum(np.reshape(ring, (-1, 2)), axis=0)


def test_pictures_are_those_of_the_scene(tmp_path):
    source = source_of(700, 900, noise=0)
    write_report(made_up_run(tmp_path, 700, 900), tmp_path / "report.html", source)
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    for picture in page.named("img"):
        role = picture["id"].removeprefix("top-")
        shown = decoded(picture["src"].partition("base64,")[2])
        assert shown.shape == (700, 900, 3)
        assert np.abs(shown.astype(int) - source.arrays[role].transpose(1, 2, 0)).mean() < 2


def decoded(text):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB"))


def test_tiles_of_a_large_map_show_it_at_every_level(tmp_path):
    source = source_of(1900, 2300, noise=0)
    write_report(made_up_run(tmp_path, 1900, 2300), tmp_path / "report.html", source)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    tiles = dict(re.findall(r'<script type="text/plain" id="([^"]+)">([^<]+)</script>', text))
    assert {name.partition("/")[2] for name in tiles} == {f"0/{row}/{col}" for row in range(4) for col in range(5)}
    assert Page(text).data["tiles"] == [[0, row, col] for row in range(4) for col in range(5)]
    shown = decoded(tiles["post/0/3/4"])
    expected = source.arrays["post"][:, 3 * 512 :, 4 * 512 :].transpose(1, 2, 0)
    assert shown.shape == expected.shape
    assert np.abs(shown.astype(int) - expected).mean() < 2


@pytest.mark.parametrize("megabytes", [1, 2, 3.5])
def test_the_budget_is_kept_and_what_was_left_out_is_told(tmp_path, megabytes):
    source = source_of(1700, 1720, noise=120)
    write_report(
        made_up_run(tmp_path, 1700, 1720, landslides=12), tmp_path / "report.html", source, megabytes=megabytes
    )
    path = tmp_path / "report.html"
    assert 0.5e6 * megabytes < path.stat().st_size <= 1e6 * megabytes
    text = path.read_text(encoding="utf-8")
    assert f"so that the file stays below {megabytes:g} MB" in text
    assert not list(tmp_path.glob(".landslip-partial*"))


def test_sharp_tiles_are_where_landslides_are(tmp_path):
    grid = grid_of(1700, 1720)
    run = made_up_run(tmp_path, 1700, 1720)
    (tmp_path / "landslides.gpkg").unlink()
    write_layers(tmp_path / "landslides.gpkg", grid, [shapely.box(1100, 600, 1130, 640)], [])
    write_report(run, tmp_path / "report.html", source_of(1700, 1720, noise=120), megabytes=2)
    tiles = Page((tmp_path / "report.html").read_text(encoding="utf-8")).data["tiles"]
    assert [0, 1, 2] in tiles  # columns 1024 to 1536, rows 512 to 1024
    assert len(tiles) < 16


def test_equal_runs_make_equal_bytes(tmp_path):
    run = made_up_run(tmp_path, 1800, 1700)
    for name in ("one.html", "other.html"):
        write_report(run, tmp_path / name, source_of(1800, 1700), megabytes=3)
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "other.html").read_bytes()


def test_only_its_own_script_and_style_may_run(written):
    _, text = written
    (policy,) = [attrs["content"] for attrs in Page(text).named("meta") if "http-equiv" in attrs]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    assert "unsafe" not in policy
    assert rules["style-src"] == f"'{hashed(re.search(r'<style>(.*?)</style>', text, re.DOTALL)[1])}'"
    assert rules["script-src"] == f"'{hashed(re.search(r'<script>(.*?)</script>', text, re.DOTALL)[1])}'"


def hashed(text):
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def test_nothing_leads_out_of_the_page(written):
    page = Page(written[1])
    for _, attrs in page.elements:
        assert not [name for name in attrs if name.startswith("on") or name == "style"]
        for name in ("src", "href"):
            assert attrs.get(name, "data:").startswith("data:")
    assert not re.search(r"https?://(?!www\.w3\.org)", written[1])


def test_hostile_names_are_text(tmp_path):
    record_inputs = [{"role": HOSTILE, "path": HOSTILE, "sha256": None, "acquired": None}]
    run = made_up_run(tmp_path, 300, 300, title="<b>bold</b></title><script>", inputs=record_inputs)
    model = msgspec.structs.replace(run.record.model, name=HOSTILE, notice=HOSTILE)
    overruled = {"model": model, "objections_overruled": (HOSTILE,), "preset": HOSTILE, "landslip": HOSTILE}
    run = replace(run, record=msgspec.structs.replace(run.record, **overruled))
    (tmp_path / "landslides.gpkg").unlink()
    shapes = [shapely.box(10, 10, 40, 40)]
    write_layers(tmp_path / "landslides.gpkg", grid_of(300, 300), shapes, [shapely.box(0, 0, 9, 9)], HOSTILE)
    write_report(run, tmp_path / "report.html", source_of(300, 300), score=made_up_score(HOSTILE))
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert len([tag for tag, attrs in page.elements if tag == "script"]) == 2
    assert len(page.named("img")) == 2
    assert "\u2028" not in text
    assert "\u202e" not in text
    assert page.text_in("title")[0] == "<b>bold</b></title><script>"
    assert page.data["unseen"]["reasons"][0].startswith("</script><script>")


def test_without_landslides_and_with_one_image_there_is_a_page(tmp_path):
    run = made_up_run(tmp_path, 200, 300, landslides=0)
    write_report(run, tmp_path / "report.html", source_of(200, 300, images=("post",)))
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "No landslide was found where the ground was observed." in text
    assert Page(text).data["roles"] == ["post"]


def test_a_file_of_an_earlier_version_has_a_page_too(tmp_path):
    run, path = made_up_run(tmp_path, 200, 300, landslides=3), tmp_path / "landslides.gpkg"
    meta, _, shapes, areas = pyogrio.raw.read(path, layer="landslides", columns=["area_m2"])
    path.unlink()
    pyogrio.raw.write(
        path, shapes, areas, ["area_m2"], layer="landslides", driver="GPKG", geometry_type="MultiPolygon",
        crs=meta["crs"],
    )  # fmt: skip
    write_report(run, tmp_path / "report.html", source_of(200, 300))
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert ENGLISH.text("unseen_unknown") in text
    data = Page(text).data
    assert (data["count"], data["unseen"], list(data["fields"])) == (3, None, ["area_m2"])


def test_a_file_that_is_damaged_is_named(tmp_path):
    run = made_up_run(tmp_path, 200, 300)
    (tmp_path / "landslides.gpkg").write_bytes(b"SQLite format 3\0damaged")
    with pytest.raises(InputError) as error:
        write_report(run, tmp_path / "report.html", source_of(200, 300))
    assert error.value.where == str(tmp_path / "landslides.gpkg")
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("megabytes", [0.2, 0, -1, 501, float("nan")])
def test_sizes_that_make_no_page_are_refused(tmp_path, megabytes):
    with pytest.raises(UsageError) as error:
        write_report(made_up_run(tmp_path, 90, 90), tmp_path / "r.html", source_of(90, 90), megabytes=megabytes)
    assert error.value.option == "report_megabytes"


def test_a_score_is_told(tmp_path):
    run = made_up_run(tmp_path, 100, 100, landslides=2)
    write_report(run, tmp_path / "report.html", source_of(100, 100), score=made_up_score("inventory.gpkg"))
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Known landslides from</th><td>inventory.gpkg</td>" in text
    assert "Precision of pixels</th><td>0.913</td>" in text
    assert "Average precision" not in text
    assert "Known, but not observed</th><td>1</td>" in text
    assert "outside the map" not in "".join(Page(text).text_in("th"))
    assert "<td>10,000</td><td>14</td><td>12</td><td>2</td><td>1</td><td>20</td><td>17</td><td>3</td>" in text
    assert f"<td>{ENGLISH.text('unknown')}</td><td>14</td>" in text


def test_where_places_alone_are_known_a_score_has_no_pixels(tmp_path):
    run = made_up_run(tmp_path, 100, 100, landslides=2)
    score = replace(made_up_score("inventory.gpkg"), areas=None)
    write_report(run, tmp_path / "report.html", source_of(100, 100), score=score)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "of pixels</th>" not in text
    assert "Missed</th><td>2</td>" in text


def test_a_truth_that_lies_elsewhere_is_told_of(tmp_path):
    run, score = made_up_run(tmp_path, 100, 100, landslides=2), made_up_score("inventory.gpkg")
    score = replace(score, inventory=replace(score.inventory, outside=1113))
    write_report(run, tmp_path / "report.html", source_of(100, 100), score=score)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Known landslides outside the map, left out</th><td>1,113</td>" in text


def test_another_language_is_one_more_table(tmp_path):
    words = {key: f"ü{text}" for key, text in ENGLISH.texts.items()}
    other = replace(ENGLISH, code="de", texts=words, decimal=",", group=".")
    run = made_up_run(tmp_path, 700, 900)
    write_report(run, tmp_path / "report.html", source_of(700, 900), language=other)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.named("html") == [{"lang": "de"}]
    said = " ".join(text for tag, text in page.texts if tag not in {"script", "style"})
    assert "üLandslides" in said
    assert "0,50" in said
    assert "0.50" not in said
    for english in ("Landslides", "Table of landslides", "Facts of this run", "Threshold of confidence"):
        assert not re.search(rf"(?<!ü){english}", said), english


def test_the_size_of_a_report_that_nobody_asks_for_is_refused():
    with pytest.raises(UsageError, match="add `report`"):
        ProductOptions(report_megabytes=5)
    assert ProductOptions(report=True, report_megabytes=5).report_megabytes == 5
