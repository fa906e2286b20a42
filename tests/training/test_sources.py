"""Where training images come from."""

import numpy as np
import torch

from explorer.images import Values
from explorer.models.analytic import Gaussian
from explorer.training.sources import DistributionSource, MixedSource, PixelSource, rows_of_part


def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (6, 1, 4, 4), dtype=np.uint8)


def test_pixels_are_dequantized_anew_and_mirrored_at_random() -> None:
    values = Values()
    source = PixelSource(pixels(), values, flip=True)
    x = source.sample(200, torch.Generator().manual_seed(0))
    back = values.to_pixels(x).numpy()
    originals = {image.tobytes() for image in pixels()}
    mirrored = {np.ascontiguousarray(image[..., ::-1]).tobytes() for image in pixels()}
    seen = {image.tobytes() for image in back}
    assert seen == originals | mirrored
    assert len({image.tobytes() for image in x.numpy()}) == 200
    assert torch.equal(x, source.sample(200, torch.Generator().manual_seed(0)))


def test_statistics_use_every_image_once() -> None:
    source = PixelSource(pixels(), Values())
    x = source.statistics(100, torch.Generator().manual_seed(0))
    assert np.array_equal(Values().to_pixels(x).numpy(), pixels())
    assert len(source.statistics(3, torch.Generator())) == 3


def test_a_law_never_repeats() -> None:
    source = DistributionSource(Gaussian(torch.zeros(1, 2, 2), torch.eye(4)))
    generator = torch.Generator().manual_seed(0)
    assert not torch.equal(source.sample(5, generator), source.sample(5, generator))
    assert len(source.statistics(10**9, generator)) == 50_000


def test_only_the_chosen_rows_are_drawn() -> None:
    source = PixelSource(pixels(), Values(), rows=np.array([1, 4]))
    drawn = Values().to_pixels(source.sample(50, torch.Generator().manual_seed(0))).numpy()
    assert {image.tobytes() for image in drawn} == {pixels()[row].tobytes() for row in (1, 4)}
    assert np.array_equal(Values().to_pixels(source.statistics(9, torch.Generator())).numpy(), pixels()[[1, 4]])


def test_a_share_of_each_step_is_of_the_other_source() -> None:
    bright = PixelSource(np.full((3, 1, 4, 4), 255, np.uint8), Values())
    dark = PixelSource(np.zeros((3, 1, 4, 4), np.uint8), Values())
    source = MixedSource(dark, bright, 0.25)
    x = source.sample(8, torch.Generator().manual_seed(0))
    assert [bool(image.mean() > 0.5) for image in x] == [False] * 6 + [True] * 2
    assert source.statistics(9, torch.Generator().manual_seed(0)).max() < 0.1


def test_parts_are_of_pictures_and_share_none() -> None:
    first, second = (rows_of_part(21, 3, part, 2, None) for part in (0, 1))
    assert first.tolist() == [0, 1, 2, 6, 7, 8, 12, 13, 14, 18, 19, 20]
    assert second.tolist() == [3, 4, 5, 9, 10, 11, 15, 16, 17]
    assert not set(first // 3) & set(second // 3)


def test_a_number_of_pictures_is_spread_over_the_part() -> None:
    rows = rows_of_part(2000, 2, 1, 2, 100)
    assert len(rows) == 200
    assert (rows // 2 % 2 == 1).all()
    assert np.unique(np.diff(np.unique(rows // 2))).tolist() == [10]
    assert np.array_equal(rows_of_part(2000, 2, 1, 2, 10_000), rows_of_part(2000, 2, 1, 2, None))
