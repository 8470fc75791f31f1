"""The picture for people, read back pixel by pixel."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray

from landslip.runtime.errors import OutputError, UsageError
from landslip.runtime.products.quicklook import GAP, compose, write_quicklook

HEIGHT, WIDTH = 40, 60
GROUND = 120

Image = NDArray[np.uint8]


def images() -> tuple[Image, Image]:
    rng = np.random.default_rng(5)
    return (
        rng.integers(0, 256, (3, HEIGHT, WIDTH), dtype=np.uint8),
        np.full((3, HEIGHT, WIDTH), GROUND, np.uint8),
    )


def confidence_map() -> Image:
    """A landslide of 10 x 10 pixels, one of a single pixel, and a corner that was not observed."""
    confidence = np.full((HEIGHT, WIDTH), 49, np.uint8)
    confidence[10:20, 10:20] = 50
    confidence[30, 5] = 100
    confidence[:, 40:] = 255
    return confidence


def panels(picture: Image) -> tuple[Image, Image, Image]:
    assert picture.shape == (3, HEIGHT, 3 * WIDTH + 2 * GAP)
    step = WIDTH + GAP
    for start in (WIDTH, step + WIDTH):
        assert (picture[:, :, start : start + GAP] == 255).all()
    return picture[:, :, :WIDTH], picture[:, :, step : step + WIDTH], picture[:, :, 2 * step :]


def read_png(path: Path) -> Image:
    assert path.read_bytes().startswith(b"\x89PNG")
    with rasterio.open(path) as picture:
        pixels: Image = picture.read()
    return pixels


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_the_file_holds_the_composed_picture_and_nothing_else_is_left(tmp_path: Path) -> None:
    pre, post = images()
    path = tmp_path / "quicklook.png"
    path.write_bytes(b"something older")
    write_quicklook(path, [pre, post], confidence_map(), 50)
    np.testing.assert_array_equal(read_png(path), compose([pre, post], confidence_map(), 50))
    assert [file.name for file in tmp_path.iterdir()] == ["quicklook.png"]


def test_writing_warns_of_nothing(tmp_path: Path) -> None:
    # Warnings are errors here: rasterio's about missing georeferences must not reach a user of a picture.
    pre, post = images()
    write_quicklook(tmp_path / "quicklook.png", [pre, post], confidence_map(), 50)
    assert (tmp_path / "quicklook.png").stat().st_size > 100


def test_the_first_two_panels_are_the_images() -> None:
    pre, post = images()
    before, after, _ = panels(compose([pre, post], confidence_map(), 50))
    np.testing.assert_array_equal(before, pre)
    np.testing.assert_array_equal(after, post)


def test_landslides_are_tinted_and_rimmed_and_the_rest_is_untouched() -> None:
    pre, post = images()
    _, _, marked = panels(compose([pre, post], confidence_map(), 50))
    red, green, _ = marked[:, 15, 15].astype(int)
    assert red > GROUND + 60 > GROUND - 60 > green
    assert (marked[:, 30, 5] == marked[:, 15, 15]).all(), "a single pixel keeps its colour"
    rim = marked[:, 9, 15]
    assert rim.max() < 80
    for row, col in [(20, 15), (15, 9), (15, 20), (29, 5), (31, 5), (30, 4), (30, 6)]:
        assert (marked[:, row, col] == rim).all()
    changed = (marked != GROUND).any(axis=0)
    assert np.count_nonzero(changed[:, :40]) == 100 + 4 * 10 + 1 + 4


def test_the_level_decides_what_is_a_landslide() -> None:
    pre, post = images()
    _, _, marked = panels(compose([pre, post], confidence_map(), 51))
    assert np.count_nonzero((marked != GROUND).any(axis=0)[:, :40]) == 1 + 4


def test_what_was_not_observed_is_dimmed_and_hatched() -> None:
    pre, post = images()
    _, _, marked = panels(compose([pre, post], confidence_map(), 50))
    greys = np.unique(marked[:, :, 40:])
    assert len(greys) == 2
    dim, line = greys
    assert dim < GROUND < line
    assert (marked[0, :, 40:] == marked[1, :, 40:]).all()
    share = np.mean(marked[0, :, 40:] == line)
    assert 0.15 < share < 0.4


@pytest.mark.parametrize("confidence_shape", [(HEIGHT, WIDTH + 1), (0, 0)])
def test_arrays_that_do_not_fit_are_refused(confidence_shape: tuple[int, int]) -> None:
    pre, post = images()
    with pytest.raises(UsageError, match="quicklook cannot be made"):
        compose([pre, post], np.zeros(confidence_shape, np.uint8), 50)


def test_empty_arrays_are_refused() -> None:
    empty = np.zeros((3, 0, 5), np.uint8)
    with pytest.raises(UsageError, match="not empty"):
        compose([empty, empty], empty[0], 50)


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    pre, post = images()
    with pytest.raises(OutputError, match=r"nowhere/quicklook\.png cannot be written"):
        write_quicklook(tmp_path / "nowhere" / "quicklook.png", [pre, post], confidence_map(), 50)
