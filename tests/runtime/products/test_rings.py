"""Rings from corners given by hand; tests/runtime/products/test_tracing.py has the general case."""

import numpy as np
import pytest
from affine import Affine
from numpy.typing import NDArray

from landslip.runtime.products import labels as lab
from landslip.runtime.products.rings import multipolygons


def corners_of_square(row: int, col: int, size: int, region: int) -> list[tuple[int, int, int, int]]:
    return [
        (row, col, 1, region),
        (row, col + size, 0, region),
        (row + size, col, 0, region),
        (row + size, col + size, 1, region),
    ]


def corners_of_square_hole(row: int, col: int, size: int, region: int) -> list[tuple[int, int, int, int]]:
    return [(r, c, 1 - along_row, p) for r, c, along_row, p in corners_of_square(row, col, size, region)]


def as_corners(*parts: list[tuple[int, int, int, int]]) -> NDArray[np.int32]:
    """All corners, row by row."""
    return np.array(sorted(corner for part in parts for corner in part), np.int32)


@pytest.mark.parametrize(
    "transform", [Affine.identity(), Affine(2, 0, 10, 0, -3, 20), Affine.rotation(30), Affine.scale(-1, -1)]
)
def test_regions_and_holes_go_where_they_belong(transform: Affine) -> None:
    corners = as_corners(
        corners_of_square(0, 0, 6, 1),
        corners_of_square_hole(1, 1, 1, 1),
        corners_of_square_hole(3, 3, 2, 1),
        corners_of_square(6, 6, 1, 2),
        corners_of_square(20, 0, 3, 5),
    )
    owner = (corners[:, lab.REGION] == 5).astype(np.int64)
    first, second = multipolygons(corners, owner, transform)
    scale = abs(transform.determinant)
    assert [part.area / scale for part in first.geoms] == pytest.approx([36 - 1 - 4, 1])
    assert [len(part.interiors) for part in first.geoms] == [2, 0]
    assert [part.area / scale for part in second.geoms] == pytest.approx([9])
    assert first.is_valid
    assert all(part.exterior.is_ccw for one in (first, second) for part in one.geoms)


def test_no_corners_make_no_polygons() -> None:
    none = np.empty((0, lab.CORNER_FIELDS), np.int32)
    assert len(multipolygons(none, np.empty(0, np.int64), Affine.identity())) == 0
