"""The sheet of thumbnails behind the card of a map."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.webapp.widgets.hover_card import thumbnail_sheet

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(("channels", "count", "columns"), [(1, 10, 4), (3, 4, 2), (1, 1, 1)])
def test_every_image_is_at_its_place(channels: int, count: int, columns: int) -> None:
    pixels = RNG.integers(0, 256, (30, channels, 8, 6), np.uint8)
    index = RNG.choice(30, count, replace=False)
    sheet = np.asarray(thumbnail_sheet(pixels, index)).reshape(-(-count // columns) * 8, columns * 6, channels)
    for place, image in enumerate(pixels[index]):
        top, left = 8 * (place // columns), 6 * (place % columns)
        np.testing.assert_array_equal(sheet[top : top + 8, left : left + 6], image.transpose(1, 2, 0))


@pytest.mark.parametrize(("side", "small"), [(64, 32), (96, 32), (32, 32), (37, 37), (100, 50), (8, 8)])
def test_large_images_shrink_without_leaking_into_each_other(side: int, small: int) -> None:
    pixels = np.array([10, 200, 90], np.uint8).reshape(3, 1, 1, 1) * np.ones((3, 1, side, side), np.uint8)
    sheet = np.asarray(thumbnail_sheet(pixels, np.arange(3)))
    assert sheet.shape == (2 * small, 2 * small)
    for place, value in enumerate((10, 200, 90)):
        top, left = small * (place // 2), small * (place % 2)
        assert (sheet[top : top + small, left : left + small] == value).all()
