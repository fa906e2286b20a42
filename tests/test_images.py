"""Value conventions, crops and the way from an image to a model's square."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError

from explorer.errors import ExplorerError
from explorer.images import SYNTHETIC, Crop, Values, enlarge_png, to_pil, to_square

ALL_PIXELS = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
DIGIT_PIXELS = torch.tensor([round(v * 255 / 16) for v in range(17)], dtype=torch.uint8).view(1, 1, 1, 17)
CONVENTIONS = [
    pytest.param(Values(), ALL_PIXELS, id="256 levels"),
    pytest.param(Values(dequantize=False), ALL_PIXELS, id="k/255"),
    pytest.param(Values(levels=17), DIGIT_PIXELS, id="17 levels"),
    pytest.param(Values(levels=17, dequantize=False), DIGIT_PIXELS, id="17 levels, k/255"),
]
RNG = np.random.default_rng(0)


@pytest.mark.parametrize(("values", "pixels"), CONVENTIONS)
def test_to_pixels_inverts_centers(values: Values, pixels: torch.Tensor) -> None:
    centers = values.centers(pixels)
    assert centers.dtype == torch.float32
    assert torch.equal(values.to_pixels(centers), pixels)


def test_pixels_in_levels_are_what_a_model_tells_apart() -> None:
    assert torch.equal(Values().in_levels(ALL_PIXELS), ALL_PIXELS)
    assert torch.equal(Values(levels=17, dequantize=False).in_levels(ALL_PIXELS), ALL_PIXELS)
    few = Values(levels=17)
    same = few.in_levels(ALL_PIXELS)
    assert torch.equal(same.unique(), DIGIT_PIXELS.flatten().unique())
    assert torch.equal(few.centers(same), few.centers(ALL_PIXELS))


@pytest.mark.parametrize("levels", range(2, 28))
def test_to_pixels_inverts_centers_for_few_levels(levels: int) -> None:
    k = torch.arange(levels)
    pixels = torch.floor(k * 255 / (levels - 1) + 0.5).to(torch.uint8)
    assert torch.equal(Values(levels=levels).to_pixels(Values(levels=levels).centers(pixels)), pixels)


def test_centers_are_the_middles_of_the_cells() -> None:
    assert torch.equal(Values().centers(ALL_PIXELS).flatten(), (torch.arange(256) + 0.5) / 256)
    assert torch.equal(Values(levels=17).centers(DIGIT_PIXELS).flatten(), (torch.arange(17) + 0.5) / 17)
    assert Values(dequantize=False).centers(ALL_PIXELS).max() == 1.0


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(0, 2**32), st.sampled_from([Values(), Values(levels=17)]))
def test_dequantized_values_stay_in_their_cells(seed: int, values: Values) -> None:
    x = values.dequantized(ALL_PIXELS, torch.Generator().manual_seed(seed))
    cells = torch.floor(ALL_PIXELS.double() * values.levels / 256)
    assert torch.equal(torch.floor(x.double() * values.levels), cells)
    if values.levels == 256:
        assert torch.equal(values.to_pixels(x), ALL_PIXELS)


def test_dequantized_values_are_uniform_and_depend_on_the_generator() -> None:
    pixels = torch.zeros(1, 1, 200, 200, dtype=torch.uint8)
    generator = torch.Generator().manual_seed(0)
    u = Values().dequantized(pixels, generator) * 256
    assert abs(u.mean().item() - 0.5) < 0.01
    assert abs(u.var().item() - 1 / 12) < 0.002
    assert not torch.equal(u, Values().dequantized(pixels, generator) * 256)


def test_without_dequantization_nothing_is_random() -> None:
    values = Values(dequantize=False)
    assert torch.equal(values.dequantized(ALL_PIXELS, torch.Generator()), values.centers(ALL_PIXELS))
    assert not values.dither((3, 4, 4)).any()


@pytest.mark.parametrize("levels", [17, 256])
def test_dither_is_fixed_and_takes_centers_to_a_dequantized_image(levels: int) -> None:
    values = Values(levels=levels)
    dither = values.dither((1, 16, 16))
    assert dither.shape == (1, 16, 16)
    assert torch.equal(dither, values.dither((1, 16, 16)))
    x = values.centers(ALL_PIXELS) + dither
    assert torch.equal(torch.floor(x.double() * levels), torch.floor(ALL_PIXELS.double() * levels / 256))
    if levels == 256:
        assert torch.equal(values.to_pixels(x), ALL_PIXELS)


def test_to_pixels_clips_and_survives_what_is_not_finite() -> None:
    x = torch.tensor([-1.0, 2.0, float("inf"), -float("inf"), float("nan")])
    assert Values().to_pixels(x).tolist() == [0, 255, 255, 0, 0]


def test_values_survive_json_and_refuse_nonsense() -> None:
    values = Values(levels=17)
    assert Values.model_validate_json(values.model_dump_json()) == values
    for bad in ({"levels": 1}, {"levels": 257}, {"level": 17}):
        with pytest.raises(ValidationError):
            Values(**bad)


@settings(deadline=None, derandomize=True)
@given(
    st.integers(1, 6000),
    st.integers(1, 6000),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0, 1, exclude_min=True),
)
def test_every_crop_is_a_square_inside_every_image(
    width: int, height: int, left: float, top: float, size: float
) -> None:
    x0, y0, x1, y1 = Crop(left=left, top=top, size=size).box(width, height)
    assert x1 - x0 == y1 - y0 >= 1
    assert x0 >= 0
    assert y0 >= 0
    assert x1 <= width
    assert y1 <= height


def test_crop_takes_the_part_it_says() -> None:
    assert Crop().box(100, 60) == (20, 0, 80, 60)
    assert Crop(left=0, top=1, size=0.5).box(100, 60) == (0, 30, 30, 60)
    with pytest.raises(ValidationError):
        Crop(size=0)


def test_shrinking_is_an_area_average() -> None:
    pixels = RNG.integers(0, 256, (32, 32), dtype=np.uint8)
    expected = pixels.reshape(8, 4, 8, 4).mean((1, 3))
    shrunk = to_square(Image.fromarray(pixels), (1, 8, 8))
    assert shrunk.shape == (1, 8, 8)
    assert shrunk.dtype == np.uint8
    assert np.abs(shrunk[0] - expected).max() <= 1  # PIL rounds after each of its two passes


def test_gray_is_taken_before_shrinking() -> None:
    color = Image.fromarray(RNG.integers(0, 256, (32, 32, 3), dtype=np.uint8))
    expected = color.convert("L").resize((8, 8), Image.Resampling.BOX)
    assert (to_square(color, (1, 8, 8))[0] == np.asarray(expected)).all()


def test_same_size_is_untouched_and_color_is_channels_first() -> None:
    pixels = RNG.integers(0, 256, (3, 8, 8), dtype=np.uint8)
    assert (to_square(to_pil(pixels), (3, 8, 8)) == pixels).all()
    gray = to_square(to_pil(pixels[:1]), (3, 8, 8))
    assert (gray == pixels[:1]).all()


def test_enlarging_is_smooth() -> None:
    ramp = np.tile(np.linspace(20, 230, 8).astype(np.uint8), (8, 1))
    large = to_square(Image.fromarray(ramp), (1, 32, 32))[0].astype(int)
    assert (np.diff(large, axis=1) >= 0).all()
    assert np.diff(large, axis=1).max() < 15


@pytest.mark.parametrize("size", [(1, 1), (5000, 3), (3, 5000), (1, 4000)])
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 32)])
def test_extreme_sizes_become_squares(size: tuple[int, int], shape: tuple[int, int, int]) -> None:
    pixels = to_square(Image.new("RGB", size, (9, 9, 9)), shape, Crop(left=1.0, size=0.3))
    assert pixels.shape == shape
    assert (pixels == 9).all()


@pytest.mark.parametrize("shape", [(2, 8, 8), (1, 8, 9), (1, 0, 0)])
def test_shapes_that_are_no_squares_are_refused(shape: tuple[int, int, int]) -> None:
    with pytest.raises(ExplorerError, match="cannot be made"):
        to_square(Image.new("L", (8, 8)), shape)


@pytest.mark.parametrize("channels", [1, 3])
def test_enlarged_png_is_sharp(channels: int) -> None:
    pixels = RNG.integers(0, 256, (channels, 8, 8), dtype=np.uint8)
    image = Image.open(io.BytesIO(enlarge_png(pixels, 64)))
    assert image.format == "PNG"
    large = np.asarray(image).reshape(8, 8, 8, 8, channels)
    assert (large == pixels.transpose(1, 2, 0)[:, None, :, None]).all()


@pytest.mark.parametrize("name", SYNTHETIC)
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 32), (1, 1, 1), (1, 5, 5)])
def test_synthetic_images(name: str, shape: tuple[int, int, int]) -> None:
    pixels = SYNTHETIC[name](shape)
    assert pixels.shape == shape
    assert pixels.dtype == np.uint8
    assert (pixels == SYNTHETIC[name](shape)).all()
    assert shape[1] < 8 or (pixels.std() > 0) == (name != "constant")
