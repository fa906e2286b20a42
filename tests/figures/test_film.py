import io

import numpy as np
import pytest
from PIL import Image

from explorer.figures.film import animation, contact_sheet, enlarged


def test_a_sheet_has_each_image_in_its_place() -> None:
    images = np.arange(5, dtype=np.uint8).reshape(5, 1, 1, 1).repeat(2, 2).repeat(3, 3) * 10
    sheet = contact_sheet(images)
    assert sheet.shape == (1, 2 * 2 + 1, 3 * 3 + 2)
    assert [sheet[0, 0, 0], sheet[0, 0, 4], sheet[0, 0, 8], sheet[0, 3, 0], sheet[0, 3, 4]] == [0, 10, 20, 30, 40]
    assert (sheet[0, 2] == 255).all()  # between the rows
    assert (sheet[0, 3:, 8:] == 255).all()  # no sixth image


@pytest.mark.parametrize("channels", [1, 3])
def test_an_animation_has_every_frame_and_repeats(channels: int) -> None:
    frames = [np.full((4, channels, 8, 8), 20 * k, dtype=np.uint8) for k in range(10)]
    with Image.open(io.BytesIO(animation(frames))) as film:
        assert film.n_frames == 10
        assert film.info["loop"] == 0
        lengths = []
        for k in range(film.n_frames):
            film.seek(k)
            lengths.append(film.info["duration"])
            assert abs(film.convert("L").getpixel((2, 2)) - 20 * k) < 6
        assert lengths[-1] > lengths[0]


def test_enlarged_pixels_are_sharp_squares() -> None:
    picture = enlarged(np.array([[[0, 255], [255, 0]]], dtype=np.uint8), 8)
    assert picture.size == (8, 8)
    assert set(np.asarray(picture).ravel().tolist()) == {0, 255}
