"""Products of finished runs: all or none, only of files that belong together, and no file of others is touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

import landslip
from helpers.finished_runs import finished_run, landslide_scene
from helpers.killing_products import state
from helpers.results import names_of_results
from landslip.runtime.cli.main import run
from landslip.runtime.delivery import deliverables
from landslip.runtime.run.hidden_folder import COMMITTED, HiddenFolder, drop_drafts
from landslip.runtime.run.product_names import FURTHER, RECORD, ROWS
from landslip.runtime.run.product_options import ProductOptions
from landslip.runtime.system.drafts import PARTIAL


@pytest.fixture
def out(tmp_path):
    return finished_run(tmp_path / "out", landslide_scene())


def record_of(folder):
    return json.loads((folder / RECORD).read_text(encoding="utf-8"))


def test_they_join_the_run_and_its_record(out):
    map_before = state(out)
    result = landslip.make_products(out, also=["kml", "geojson"])
    names = [*FURTHER["geojson"], *FURTHER["kml"]]
    assert sorted(entry.name for entry in out.iterdir()) == names_of_results(out, *names)
    assert {name: digest for name, digest in state(out).items() if name in map_before and name != RECORD} == {
        name: digest for name, digest in map_before.items() if name != RECORD
    }
    record = record_of(out)
    assert {name: entry["sha256"] for name, entry in record["products"].items()}.items() <= state(out).items()
    assert list(result.products)[-1] == RECORD
    assert set(names) < set(result.products)
    assert all(path.is_file() for path in result.products.values())


def test_other_entries_of_the_record_stay(out):
    before = record_of(out)
    (out / RECORD).write_text(json.dumps({**before, "of a later version": {"x": [1, None]}}))
    landslip.make_products(out, also="geojson")
    after = record_of(out)
    assert after.pop("of a later version") == {"x": [1, None]}
    assert {**after, "products": None} == {**before, "products": None, "item": after["item"]}


def test_asked_one_by_one_or_together_they_are_the_same(out, tmp_path):
    other = finished_run(tmp_path / "other", landslide_scene())
    landslip.make_products(out, also="kml")
    landslip.make_products(out, also="geojson", density=250)
    landslip.make_products(other, also="geojson,kml", density=250)
    assert state(out) == state(other)


def test_the_command_prints_their_paths(out, capsys):
    assert run(["products", str(out), "--also", "geojson", "--also", "kml", "--density", "250"]) == 0
    said = capsys.readouterr().out.split()
    assert said == [str(out / name) for key in ("geojson", "kml", "density") for name in FURTHER[key]]
    assert run(["products", str(out), "--also", "kml", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == record_of(out)


@pytest.mark.parametrize("also", ["dxf", "kml,", ["geojson", "<b>\x1b[31m" + "x" * 500]])
def test_unknown_formats_are_listed(out, also):
    if also == "kml,":
        assert ProductOptions(also=also).also == ("kml",)
        return
    with pytest.raises(landslip.UsageError, match="takes geojson, fgb, kml, shp, cems") as raised:
        landslip.make_products(out, also=also)
    assert raised.value.option == "also"
    assert len(str(raised.value)) < 200


def test_nothing_asked_for_is_said(out, capsys):
    with pytest.raises(landslip.UsageError, match="Nothing is asked for"):
        landslip.make_products(out)
    assert run(["products", str(out)]) == 2
    assert "--also" in capsys.readouterr().err
    with pytest.raises(TypeError, match=r"make_products\(\) got an unexpected keyword argument 'alsso'.*'also'"):
        landslip.make_products(out, alsso="kml")


def test_truth_without_a_report_is_refused():
    with pytest.raises(landslip.UsageError, match="report"):
        ProductOptions(truth="truth.gpkg")


def cut(path):
    path.write_bytes(path.read_bytes()[:-40])


def changed(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "damage", "error"),
    [
        ("landslides.gpkg", changed, "is not the file that .*run.json lists"),
        ("confidence.tif", changed, "is not the file that"),
        ("confidence.tif", cut, "is not the file that"),
        ("quicklook.png", lambda path: path.unlink(), "is not there, and .*run.json lists it"),
        ("run.json", cut, "damaged"),
        ("run.json", lambda path: path.unlink(), "holds no finished run"),
        ("run.json", lambda path: path.write_text("[]"), "no record of this kind"),
        ("run.json", lambda path: path.write_text("[" * 100_000), "damaged"),
    ],
)
def test_what_does_not_belong_together_is_refused_by_name(out, name, damage, error):
    damage(out / name)
    before = state(out)
    with pytest.raises(landslip.InputError, match=error) as raised:
        landslip.make_products(out, also="geojson")
    assert name in str(raised.value)
    assert raised.value.where == str(out / name)
    assert state(out) == before
    assert not (out / PARTIAL).exists()


def test_a_map_of_another_run_is_refused(out, tmp_path):
    other = finished_run(tmp_path / "other", landslide_scene()[:, ::-1].copy())
    (other / "confidence.tif").replace(out / "confidence.tif")
    with pytest.raises(landslip.InputError, match=r"confidence\.tif is not the file"):
        landslip.make_products(out, density=250)


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/passwd", "notes.txt", "\x1b[31m" + "y" * 5000])
def test_a_record_that_lists_files_of_others_is_refused(out, name):
    record = record_of(out)
    record["products"][name] = {"bytes": 1, "sha256": "0" * 64}
    (out / RECORD).write_text(json.dumps(record))
    with pytest.raises(landslip.InputError, match="which no run makes") as raised:
        landslip.make_products(out, also="kml")
    assert len(str(raised.value)) < 500


@pytest.mark.parametrize(
    ("keys", "value", "fault"),
    [
        (("fingerprint",), "x\0y", "no SHA-256"),
        (("fingerprint",), "../" * 30, "no SHA-256"),
        (("item",), "landslip-0123456789abcdef.json", "an Item of another name"),
        (("threshold",), 1e308, "a threshold that is not between"),
        (("threshold",), -1, "a threshold that is not between"),
        (("overlap",), 1e308, "an overlap that is not between"),
        (("grid", "crs"), "nonsense </script>", "another grid"),
        (("grid", "crs"), "EPSG:32653", "another grid"),
        (("grid", "crs"), "\0", "another grid"),
        (("grid", "height"), 10**12, "another grid"),
        (("grid", "transform"), [0, 0, 550_000, 0, -10, 4_730_000], "another grid"),
        (("grid", "transform"), [1e308, 0, 550_000, 0, -1e308, 4_730_000], "another grid"),
        (("inputs", 0, "acquired"), "\ud800</name>", "a time of an image that is none"),
    ],
)
def test_a_record_that_is_not_true_of_its_map_is_refused(out, keys, value, fault):
    changed = record_of(out)
    entry = changed
    for key in keys[:-1]:
        entry = entry[key]
    entry[keys[-1]] = value
    (out / RECORD).write_text(json.dumps(changed))
    before = state(out)
    with pytest.raises(landslip.InputError, match=f"run.json (has|tells) .*{fault}"):
        landslip.make_products(out, also="kml", project=True)
    assert state(out) == before


def test_files_of_others_with_the_name_of_a_product_are_left_alone(out, tmp_path):
    mine = tmp_path / "mine"
    mine.write_text("mine")
    for put in (lambda path: path.write_text("mine"), lambda path: path.symlink_to(mine), lambda path: path.mkdir()):
        kept = out / "landslides.kml"
        put(kept)
        before = sorted(entry.name for entry in out.iterdir())
        with pytest.raises(landslip.UsageError, match="kml would be replaced"):
            landslip.make_products(out, also="geojson,kml")
        assert sorted(entry.name for entry in out.iterdir()) == before
        assert kept.is_dir() or kept.read_text() == "mine"
        kept.rmdir() if kept.is_dir() else kept.unlink()
    landslip.make_products(out, also="kml")
    landslip.make_products(out, also="kml")


def test_a_folder_with_the_name_of_a_product_of_the_run_is_told(out):
    landslip.make_products(out, also="kml")
    item = out / record_of(out)["item"]
    item.unlink()
    item.mkdir()
    with pytest.raises(landslip.UsageError, match="would be replaced"):
        landslip.make_products(out, also="kml")
    assert sorted(out.glob(".*")) == []


def test_a_folder_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(landslip.InputMissingError, match="holds no finished run"):
        landslip.make_products(tmp_path / "nowhere", also="kml")
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_with_a_run_that_is_not_finished_is_left_alone(out):
    (out / PARTIAL).mkdir()
    (out / PARTIAL / ROWS).write_bytes(b"rows")
    with pytest.raises(landslip.UsageError, match="holds a run that is not finished"):
        landslip.make_products(out, also="kml")
    assert (out / PARTIAL / ROWS).read_bytes() == b"rows"


def test_two_at_once_are_told_apart(out):
    held = HiddenFolder(out)
    with pytest.raises(landslip.UsageError, match="is writing to") as raised:
        landslip.make_products(out, also="kml")
    assert raised.value.retryable
    held.clear()
    landslip.make_products(out, also="kml")


@pytest.mark.parametrize("error", [KeyboardInterrupt, landslip.OutputError("full"), ValueError("ours")])
def test_what_fails_leaves_the_run_as_it_was(out, monkeypatch, error):
    def failing(run, target, options):
        target.write_text("partial")
        raise error

    monkeypatch.setitem(deliverables.DELIVERABLES, "kml", failing)
    before = state(out)
    with pytest.raises(error if isinstance(error, type) else type(error)):
        landslip.make_products(out, also="geojson,kml")
    assert state(out) == before
    assert not (out / PARTIAL).exists()


def test_what_this_version_cannot_make_is_refused_before_anything_is_done(out, monkeypatch):
    monkeypatch.delitem(deliverables.DELIVERABLES, "kml")
    with pytest.raises(landslip.UsageError, match="cannot be made"):
        landslip.make_products(out, also="geojson,kml")
    assert not (out / "landslides.geojson").exists()


def test_the_item_follows_the_record(out):
    for also in ("geojson", "kml"):
        result = landslip.make_products(out, also=also)
        name = f"landslip-{'ab' * 8}.json"
        assert result.record.item == name == record_of(out)["item"]
        assert name in result.products
        assets = json.loads((out / name).read_text(encoding="utf-8"))["assets"].values()
        sizes = {asset["href"].removeprefix("./"): asset["file:size"] for asset in assets}
        assert sizes[RECORD] == (out / RECORD).stat().st_size
        told = {asset["href"].removeprefix("./"): asset["file:checksum"] for asset in assets}
        assert told[RECORD] == "1220" + state(out)[RECORD]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.slow
def test_killed_at_any_step_it_leaves_the_run_as_before_or_with_all(tmp_path):
    command = [sys.executable, "-W", "ignore", "-m", "helpers.killing_products", str(tmp_path)]
    path = os.pathsep.join(map(str, sys.path))
    env = os.environ | {"PYTHONPATH": path}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=600)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert len(told) >= 40
    assert {each["is"] for each in told} == {"before", "after"}
    assert all(each["again"] for each in told)
    order = [each["is"] for each in told]
    assert order == sorted(order, key=["before", "after"].index)
    # Only where files are being moved is the folder between the two, until it is next looked at.
    assert [each["left"] for each in told].count("between") <= 12


@pytest.mark.parametrize("committed", [False, True])
def test_the_supervisor_of_a_killed_process_drops_its_drafts_or_moves_what_was_committed(out, committed):
    before = state(out)
    (out / PARTIAL).mkdir()
    (out / PARTIAL / "landslides.kml").write_text("a draft")
    if committed:
        (out / PARTIAL / COMMITTED).write_text(json.dumps(["landslides.kml"]))
    drop_drafts(str(out))
    assert set(state(out)) == {*before, *(["landslides.kml"] if committed else [])}
    assert not (out / PARTIAL).exists()
    drop_drafts(str(out))  # there is nothing to do


def test_drafts_that_others_have_committed_have_to_be_products(out, tmp_path):
    before = state(out)
    (out / PARTIAL).mkdir()
    (out / PARTIAL / COMMITTED).write_text(json.dumps(["../escaped.txt", "notes.txt", 5, "landslides.kml"]))
    for name in ("notes.txt", "landslides.kml"):
        (out / PARTIAL / name).write_text("planted")
    landslip.make_products(out, also="geojson")
    assert set(state(out)) == {*before, *FURTHER["geojson"], "landslides.kml", record_of(out)["item"]}
    assert not (tmp_path / "escaped.txt").exists()
