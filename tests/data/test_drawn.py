"""Disks and C-alpha images as data sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from explorer.data.sources import open_dataset
from explorer.data.synthetic import CAlpha


def test_images_follow_from_their_number(home: Path) -> None:
    assert not home.exists()
    for spec in ("disks", "c-alpha"):
        some = open_dataset(spec, (1, 16, 16), "validation")
        assert (len(some), some.pixels.dtype, some.pixels.shape[1:]) == (1000, np.uint8, (1, 16, 16))
        assert len(np.unique(some.pixels.reshape(1000, -1), axis=0)) == 1000
        few = open_dataset(spec, (3, 16, 16), "validation", limit=4)
        np.testing.assert_array_equal(few.pixels[1, 2], some.pixels[int(few.names[1]), 0])
        assert few.division is not None
        assert (few.division.train, few.division.validation) == (20_000, 1_000)
        train = open_dataset(spec, (1, 16, 16), "train", limit=10)
        assert not (train.pixels[0] == some.pixels[0]).all()


def test_the_label_is_the_regularity(home: Path) -> None:
    images = open_dataset("c-alpha", (1, 16, 16), "validation")
    assert images.folder.is_relative_to(home)
    assert images.label_names == ["alpha = 1", "alpha = 2", "alpha = 3", "alpha = 4"]
    assert images.labels[:6].tolist() == [0, 1, 2, 3, 0, 1]
    rough, smooth = (np.abs(np.diff(images.pixels[images.labels == k].astype(int), axis=2)).mean() for k in (0, 3))
    assert rough > 1.2 * smooth


@pytest.mark.parametrize("alpha", [1.0, 2.0])
def test_the_contour_has_the_spectrum_that_makes_its_regularity(alpha: float) -> None:
    """Its row is read from images whose regions are constant: amplitudes fall as ``k^-alpha``."""
    size = 64
    family = CAlpha(size, alpha)
    noise = 2 * torch.rand(2000, size, generator=torch.Generator().manual_seed(0)) - 1
    power = torch.fft.fft(family._smooth(noise, 1)).abs().square().mean(0)
    slope = np.polyfit(np.log(np.arange(1, 20)), np.log(power[1:20].numpy()), 1)[0]
    assert slope == pytest.approx(-2 * alpha, abs=0.05)
    x = family.sample(200, torch.Generator().manual_seed(0))
    assert 0 <= float(x.min()) < 0.1
    assert 0.9 < float(x.max()) <= 1
    # Light and dark are on either side of the middle row, and neither is always above.
    jump = x[:, 0, -1].mean(1) - x[:, 0, 0].mean(1)
    assert 60 < int((jump > 0).sum()) < 140


def test_the_contour_moves_by_fractions_of_a_pixel() -> None:
    """The edge takes a pixel's height for more than two rows, so that its place is not rounded."""
    x = CAlpha(32, 4.0).sample(50, torch.Generator().manual_seed(1))[:, 0]
    steps = torch.diff(x, dim=1).abs()
    jump = x.amax((1, 2)) - x.amin((1, 2))
    assert float((steps.amax((1, 2)) / jump).mean()) < 0.75


def test_two_draws_differ_and_the_same_generator_gives_the_same() -> None:
    first, again, other = (CAlpha(16, 2).sample(3, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
