"""Ordered products get their names all together, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from landslip.runtime.errors import OutputError, UsageError
from landslip.runtime.joborder import publishing
from landslip.runtime.joborder.ordered_names import OrderedProduct
from landslip.runtime.joborder.product_places import check_free
from landslip.runtime.joborder.publishing import publish


@pytest.fixture
def made(tmp_path):
    """Two files and a folder of a map, and products that are to be made of them."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    for name in ("confidence.tif", "landslides.gpkg"):
        (hidden / name).write_text(name)
    targets = (("confidence.tif", "out/A.tif"), ("landslides.gpkg", "other/B.gpkg"), ("folder", "ALL"))
    return [
        (OrderedProduct(product, tmp_path / path, "T"), hidden if product == "folder" else hidden / product)
        for product, path in targets
    ]


def tree(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


HIDDEN = ["hidden/confidence.tif", "hidden/landslides.gpkg"]


def test_products_and_the_list(made, tmp_path):
    publish(made, tmp_path / "1.LIST")
    assert (tmp_path / "1.LIST").read_text() == "out/A.tif\nother/B.gpkg\nALL\n"
    delivered = ["1.LIST", "ALL/confidence.tif", "ALL/landslides.gpkg", *HIDDEN, "other/B.gpkg", "out/A.tif"]
    assert tree(tmp_path) == delivered
    assert (tmp_path / "ALL" / "confidence.tif").read_text() == "confidence.tif"


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_a_failure_takes_all_names_back(made, tmp_path, monkeypatch, failing):
    replace, calls = Path.replace, []

    def fails(self, target):
        calls.append(target)
        if len(calls) == failing:
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(OutputError, match="No space left"):
        publish(made, tmp_path / "1.LIST")
    assert tree(tmp_path) == HIDDEN


def test_a_list_that_cannot_be_written_takes_them_back_too(made, tmp_path, monkeypatch):
    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publishing, "write_file", fails)
    with pytest.raises(OutputError, match="No space left"):
        publish(made, tmp_path / "1.LIST")
    assert tree(tmp_path) == HIDDEN


def test_a_disk_without_links_has_copies(made, tmp_path, monkeypatch):
    def no_links(*_, **__):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", no_links)
    publish(made, tmp_path / "1.LIST")
    assert (tmp_path / "out" / "A.tif").read_text() == "confidence.tif"


def test_a_list_is_added_to(made, tmp_path):
    listed = tmp_path / "1.LIST"
    publish(made[:1], listed)
    publish(made[1:], listed, add=True)
    assert listed.read_text() == "out/A.tif\nother/B.gpkg\nALL\n"


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_there_is_not_replaced_unasked(made, tmp_path, overwrite):
    products, listed = [product for product, _ in made], tmp_path / "1.LIST"
    check_free(products, listed, overwrite=overwrite)
    products[0].path.parent.mkdir()
    products[0].path.touch()
    if overwrite:
        check_free(products, listed, overwrite=True)
    else:
        with pytest.raises(UsageError, match="there already"):
            check_free(products, listed, overwrite=False)
    products[2].path.mkdir()
    with pytest.raises(UsageError, match="there already"):
        check_free(products, listed, overwrite=overwrite)


def test_what_came_meanwhile_is_not_replaced_unasked(made, tmp_path):
    place = tmp_path / "out" / "A.tif"
    place.parent.mkdir()
    place.write_text("of another")
    with pytest.raises(UsageError, match="there already"):
        publish(made, tmp_path / "1.LIST")
    assert place.read_text() == "of another"
    assert tree(tmp_path) == [*HIDDEN, "out/A.tif"]
    publish(made, tmp_path / "1.LIST", overwrite=True)
    assert place.read_text() == "confidence.tif"
