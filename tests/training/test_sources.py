"""Where training images come from."""

import numpy as np
import torch

from explorer.images import Values
from explorer.models.analytic import Gaussian
from explorer.training.sources import LawSource, PixelSource


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
    source = LawSource(Gaussian(torch.zeros(1, 2, 2), torch.eye(4)))
    generator = torch.Generator().manual_seed(0)
    assert not torch.equal(source.sample(5, generator), source.sample(5, generator))
    assert len(source.statistics(10**9, generator)) == 50_000
