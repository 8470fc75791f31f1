"""Maps through the front door: files as programs name them, typed results, and an engine that stays open."""

from __future__ import annotations

import pickle
import threading
from dataclasses import fields
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

import pytest

import landslip
from helpers.models import brightness_model
from helpers.rasters import scene_mixed, scene_on_grid, write
from landslip.runtime.cli.main import run
from landslip.runtime.engines.opening import DEVICES, ENGINES, RUN_PRECISIONS
from landslip.runtime.inputs.read_options import DEM_UNITS, ON_ERROR
from landslip.runtime.mapping import arguments, mapper
from landslip.runtime.mapping.engine_choice import GivenOptions
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.run.product_options import ProductOptions
from landslip.runtime.tiling.plan import PROTOCOLS
from landslip.runtime.tiling.presets import PRESETS

MAPS = ("confidence.tif", "confidence.qml", "landslides.gpkg", "quicklook.png")


@pytest.fixture
def model(tmp_path):
    return brightness_model(tmp_path / "m.onnx")


@pytest.fixture
def mixed(tmp_path):
    return scene_mixed(tmp_path)


def digests(result):
    return {name: product.sha256 for name, product in result.record.products.items()}


def test_a_map_is_that_of_the_command_line_whatever_names_the_files(model, mixed, tmp_path):
    by_text = landslip.map_scene(
        pre=str(mixed.pre), post=[str(mixed.post)], dem=[mixed.dem], masks=str(mixed.masks[0]),
        model=str(model), out=str(tmp_path / "a"),
    )  # fmt: skip
    by_path = landslip.map_scene(
        pre=(mixed.pre,), post=mixed.post, dem=mixed.dem, masks=mixed.masks, model=model, out=tmp_path / "b"
    )
    flags = {"--pre": mixed.pre, "--post": mixed.post, "--dem": mixed.dem, "--mask": mixed.masks[0], "-m": model}
    given = [str(text) for pair in flags.items() for text in pair]
    assert run(["-q", "map", *given, "-o", str(tmp_path / "c")]) == 0
    for name in MAPS:
        assert by_text.products[name].read_bytes() == by_path.products[name].read_bytes()
        assert by_text.products[name].read_bytes() == (tmp_path / "c" / name).read_bytes()
    assert landslip.RunRecord.read(tmp_path / "c" / "run.json").fingerprint == by_text.record.fingerprint


def test_the_result_has_types(model, mixed, tmp_path):
    files = {"pre": mixed.pre, "post": mixed.post, "dem": mixed.dem}
    result = landslip.map_scene(model=model, out=tmp_path / "out", threshold=0.6, min_area=0.0, **files)
    assert isinstance(result, landslip.MapResult)
    assert isinstance(result.record, landslip.RunRecord)
    assert result.record == landslip.RunRecord.read(result.products["run.json"])
    assert (result.landslides, result.landslide_km2) == (result.record.landslides, result.record.landslide_km2)
    assert 0 < result.landslide_km2 <= result.observed_km2
    assert result.record.threshold == 0.6
    assert set(result.products) == {*MAPS, "run.json", result.record.item}
    assert all(path.is_file() for path in result.products.values())
    assert pickle.loads(pickle.dumps(result)) == result  # noqa: S301 - our own
    with pytest.raises(AttributeError):
        result.record.landslides = 3


def test_a_scene_file_and_what_replaces_it(model, mixed, tmp_path):
    scene = tmp_path / "scene.toml"
    scene.write_text('pre = "pre.tif"\npost = "gone.tif"\ndem = "dem.tif"\n', encoding="utf-8")
    with pytest.raises(landslip.InputMissingError):
        landslip.map_scene(scene, model=model, out=tmp_path / "a")
    scene.write_text('pre = "pre.tif"\npost = "post.tif"\ndem = "dem.tif"\nresolution = 8.0\n', encoding="utf-8")
    result = landslip.map_scene(scene, model=model, out=tmp_path / "a", masks=[mixed.masks[0]], resolution=12)
    assert result.record.grid.transform[0] == 12
    assert [entry.role for entry in result.record.inputs] == ["pre", "post", "dem", "mask"]
    same = landslip.map_scene(scene=str(scene), model=model, out=tmp_path / "b", masks=mixed.masks, resolution=12)
    assert digests(same) == digests(result)


def test_terrain_and_area_of_interest_are_named_as_all_files_are(model, tmp_path):
    files = scene_on_grid(tmp_path, 80, 80)
    area = write(tmp_path / "area.tif", (files_of_ones(80) * 1).astype("uint8"), 6.0)
    result = landslip.map_scene(
        pre=str(files.pre), post=files.post, hillshade=[str(files.hillshade)], slope=files.slope, aoi=str(area),
        model=model, out=tmp_path / "out",
    )  # fmt: skip
    assert [entry.role for entry in result.record.inputs] == ["pre", "post", "hillshade", "slope", "aoi"]
    with pytest.raises(landslip.UsageError, match="2 files are given as `slope`") as raised:
        landslip.map_scene(post=files.post, slope=[files.slope, files.slope], model=model, out=tmp_path / "x")
    assert raised.value.option == "slope"


def files_of_ones(edge):
    import numpy as np

    return np.ones((edge, edge), np.uint8)


def test_a_forecast_has_types_and_writes_nothing(model, mixed, tmp_path):
    found = landslip.dry_run(mixed, model=model, out=tmp_path / "out")
    assert isinstance(found, landslip.Forecast)
    assert found.tiles.total == found.tiles.predicted + found.tiles.skipped
    assert found.grid.resolution == 6.0
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("call", ["map_scene", "dry_run", "open_mapper", "map"])
def test_an_unknown_option_is_a_type_error(call, model, tmp_path):
    with landslip.open_mapper(model) as door, pytest.raises(TypeError, match="'thread'"):
        {
            "map_scene": lambda: landslip.map_scene(model=model, out=tmp_path, thread=1),
            "dry_run": lambda: landslip.dry_run(model=model, out=tmp_path, thread=1),
            "open_mapper": lambda: landslip.open_mapper(model, thread=1),
            "map": lambda: door.map(out=tmp_path, thread=1),
        }[call]()
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'tresholds'. Did you mean 'threshold'\?"):
        landslip.map_scene(model=model, out=tmp_path, tresholds=1)


@pytest.mark.parametrize("name", ["model", "out"])
@pytest.mark.parametrize("text", ["", "https://example.org/x"])
def test_a_model_and_results_lie_here(name, text, mixed, model, tmp_path):
    names = {"model": model, "out": tmp_path / "out", name: text}
    with pytest.raises(landslip.UsageError):
        landslip.map_scene(mixed, **names)


def test_arguments_are_the_fields_they_become():
    reading, files = {f.name for f in fields(landslip.ReadOptions)}, {f.name for f in fields(landslip.SceneFiles)}
    assert set(arguments.ReadArguments.__annotations__) == reading
    assert set(arguments.SceneArguments.__annotations__) == reading | files - {"reading", "sources", "item_granules"}
    how = {f.name for f in fields(MapRequest)} - {"model", "files", "out", "engine", "products"}
    how |= {f.name for f in fields(ProductOptions)}
    assert set(arguments.MapArguments.__annotations__) == set(arguments.SceneArguments.__annotations__) | how
    assert set(arguments.EngineArguments.__annotations__) == {f.name for f in fields(GivenOptions)}


@pytest.mark.parametrize(
    ("group", "name", "known"),
    [
        ("ReadArguments", "dem_unit", DEM_UNITS),
        ("ReadArguments", "on_error", ON_ERROR),
        ("MapArguments", "protocol", PROTOCOLS),
        ("MapArguments", "preset", PRESETS),
        ("EngineArguments", "engine", ENGINES),
        ("EngineArguments", "device", DEVICES),
        ("EngineArguments", "precision", RUN_PRECISIONS),
    ],
)
def test_choices_of_an_argument_are_those_that_are_taken(group, name, known):
    said = get_type_hints(getattr(arguments, group))[name]
    choices = next((each for each in get_args(said) if get_origin(each) is Literal), said)
    assert get_args(choices) == tuple(known)


@pytest.fixture
def opened(monkeypatch):
    """Engines that the mapper opened, with whether they were closed."""
    engines = []

    def open_counted(model, options):
        engine = real(model, options)
        engines.append([options.tile, False])
        close = engine.close

        def closed(entry=engines[-1]):
            entry[1] = True
            close()

        engine.close = closed
        return engine

    real = mapper.open_shrinking
    monkeypatch.setattr(mapper, "open_shrinking", open_counted)
    return engines


def test_an_engine_is_opened_once_for_many_scenes(model, opened, tmp_path):
    scenes = []
    for number in range(3):
        folder = tmp_path / f"scene{number}"
        folder.mkdir()
        scenes.append(scene_on_grid(folder, 100 + 20 * number, 90, seed=number))
    with landslip.open_mapper(model, engine="onnxruntime") as door:
        found = [door.map(scene, out=tmp_path / f"kept{at}") for at, scene in enumerate(scenes)]
        assert [closed for _, closed in opened] == [False]
    assert [closed for _, closed in opened] == [True]
    alone = [
        landslip.map_scene(scene, model=model, out=tmp_path / f"alone{at}", engine="onnxruntime")
        for at, scene in enumerate(scenes)
    ]
    assert list(map(digests, found)) == list(map(digests, alone))
    assert len({tuple(digests(result).values()) for result in found}) == 3


def test_other_tiles_open_it_anew(model, opened, tmp_path):
    scene = scene_on_grid(tmp_path, 600, 500)
    with landslip.open_mapper(model) as door:
        fast = door.map(scene, out=tmp_path / "fast", preset="fast")
        faithful = door.map(scene, out=tmp_path / "faithful")
    tiles = [tile for tile, _ in opened]
    assert len(tiles) == 3
    assert tiles[0] == tiles[2] == faithful.record.tile < tiles[1] == fast.record.tile
    assert all(closed for _, closed in opened)
    assert digests(fast) == digests(landslip.map_scene(scene, model=model, out=tmp_path / "x", preset="fast"))


def test_threads_share_a_mapper(model, tmp_path):
    scene = scene_on_grid(tmp_path, 120, 90)
    found = {}

    def make(number):
        found[number] = door.map(scene, out=tmp_path / str(number))

    with landslip.open_mapper(model) as door:
        threads = [threading.Thread(target=make, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len({tuple(digests(result).values()) for result in found.values()}) == 1
    assert len(found) == 3


def test_bad_input_leaves_the_mapper_as_it_is(model, opened, tmp_path):
    scene = scene_on_grid(tmp_path, 80, 80)
    with landslip.open_mapper(model) as door:
        with pytest.raises(landslip.InputMissingError):
            door.map(pre=scene.pre, post="gone.tif", slope=scene.slope, hillshade=scene.hillshade, out=tmp_path / "a")
        door.map(scene, out=tmp_path / "b")
    assert len(opened) == 1


def test_after_an_engine_has_failed_another_is_opened(model, opened, tmp_path, monkeypatch):
    scene = scene_on_grid(tmp_path, 80, 80)
    with landslip.open_mapper(model) as door:
        monkeypatch.setattr(door._engine, "infer", fail)
        with pytest.raises(landslip.EngineError, match="gone"):
            door.map(scene, out=tmp_path / "a", keep=False)
        assert door.map(scene, out=tmp_path / "a").record.tiles.predicted
    assert len(opened) == 2


def fail(batch):
    raise landslip.EngineError("The device is gone.")


def test_a_closed_mapper_says_so(model, tmp_path):
    with landslip.open_mapper(model) as door:
        pass
    door.close()
    with pytest.raises(landslip.UsageError, match="closed"):
        door.map(scene_on_grid(tmp_path, 80, 80), out=tmp_path / "a")


def test_a_model_that_is_not_there_is_said_when_the_mapper_opens():
    with pytest.raises(landslip.InputMissingError):
        landslip.open_mapper(Path("gone.onnx"))
