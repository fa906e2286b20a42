import numpy as np

from explorer.figures.pixels import diverging_pixels, mark_out_of_range, signed_pixels


def test_only_pixels_out_of_range_are_colored() -> None:
    pixels = np.full((1, 2, 2), 100, np.uint8)
    x = np.array([[[0.4, 1.2], [-0.1, 1.0]]], np.float32)
    marked = mark_out_of_range(pixels, x)
    assert marked.shape == (3, 2, 2)
    assert (marked[:, 0, 0] == 100).all()
    assert (marked[:, 1, 1] == 100).all()
    red, _, blue = marked[:, 0, 1]
    assert red > blue  # above 1 is warm
    red, _, blue = marked[:, 1, 0]
    assert blue > red  # below 0 is cold


def test_an_image_in_range_stays_as_it_is() -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    assert mark_out_of_range(pixels, pixels / 255) is pixels


def test_rounding_is_not_out_of_range() -> None:
    pixels = np.zeros((1, 1, 2), np.uint8)
    assert mark_out_of_range(pixels, np.array([[[-1e-7, 1 + 1e-4]]], np.float32)) is pixels


def test_diverging_colors_are_symmetric_about_white() -> None:
    values = np.array([[[-2.0, 0.0, 2.0]]])
    colors, scale = diverging_pixels(values)
    assert 1.9 < scale <= 2.0
    assert (colors[:, 0, 1] == 255).all()
    assert colors[2, 0, 0] > colors[0, 0, 0]
    assert colors[0, 0, 2] > colors[2, 0, 2]


def test_a_score_of_zero_is_white() -> None:
    colors, scale = diverging_pixels(np.zeros((3, 2, 2)))
    assert scale == 0
    assert (colors == 255).all()


def test_signed_values_of_three_channels_are_around_gray() -> None:
    values = np.zeros((3, 2, 2))
    values[0, 0, 0], values[2, 1, 1] = 0.5, -0.5
    colors = signed_pixels(values)
    assert colors[:, 0, 0].tolist() == [255, 128, 128]
    assert colors[:, 1, 1].tolist() == [128, 128, 0]
    assert (signed_pixels(np.zeros((3, 2, 2))) == 128).all()
    np.testing.assert_array_equal(signed_pixels(values[:1]), diverging_pixels(values[:1])[0])
