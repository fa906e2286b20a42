"""Dead leaves: what the model must be like, from its definition and from what is known of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kstest, kurtosis

from explorer.data import leaves as module
from explorer.data.leaves import TRAIN_IMAGES, VALIDATION_IMAGES, dead_leaves, draw_radii, leaves
from explorer.data.sources import open_dataset

SIDE = 64


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """500 gray images in [0, 1], float ``(N, H, W)``."""
    return np.stack([dead_leaves(number, (1, SIDE, SIDE))[0] for number in range(500)]) / 255


def test_power_falls_with_the_square_of_the_frequency(images: np.ndarray) -> None:
    """Between 2 and 16 cycles an image: the largest leaf is the image, and a pixel averages what is finer than 16."""
    window = np.hanning(SIDE)
    centered = (images - images.mean((1, 2), keepdims=True)) * np.outer(window, window)
    power = (np.abs(np.fft.fft2(centered)) ** 2).mean(0)
    frequency = np.hypot(*np.meshgrid(*2 * [np.fft.fftfreq(SIDE) * SIDE])).round()
    band = np.arange(2, 17)
    radial = [power[frequency == ring].mean() for ring in band]
    slope = np.polyfit(np.log(band), np.log(radial), 1)[0]
    assert slope == pytest.approx(-2, abs=0.15)


def test_derivatives_of_the_logarithm_have_heavy_tails(images: np.ndarray) -> None:
    derivative = np.diff(np.log(images + 1 / 255), axis=2)
    assert kurtosis(derivative.ravel(), fisher=False) > 10, "a Gaussian has 3"


def test_covariance_of_disks_is_that_of_the_theory() -> None:
    """Two points share a leaf with probability g(h) / (2 g(0) - g(h)); see the module's docstring."""
    images = np.stack([dead_leaves(n, (1, SIDE, SIDE), 7, shapes=("disk",))[0] for n in range(500)]) / 255 - 0.5
    log_r, step = np.linspace(0, np.log(SIDE), 20_001, retstep=True)
    r = np.exp(log_r)

    def shared_area(h: float) -> float:
        z = (h / (2 * r)).clip(0, 1)
        return float((2 * r**2 * (np.arccos(z) - z * np.sqrt(1 - z**2)) * r**-2).sum() * step)  # density r^-3, r dlog r

    for h in (4, 8, 16, 32):
        expected = shared_area(h) / (2 * shared_area(0) - shared_area(h)) / 12
        assert (images[:, :, h:] * images[:, :, :-h]).mean() == pytest.approx(expected, rel=0.15), h


def test_no_place_is_special(images: np.ndarray) -> None:
    mean, variance = images.mean(), images.var()
    error = images.mean((1, 2)).std() / np.sqrt(len(images))
    assert mean == pytest.approx(0.5, abs=4 * error)
    assert 0.8 / 12 < variance < 1 / 12, "a pixel averages a uniform intensity over a small area"
    middle = slice(SIDE // 4, -SIDE // 4)
    frame = np.ones((SIDE, SIDE), bool)
    frame[middle, middle] = False
    for part in (images[:, frame], images[:, middle, middle], images[:, :3], images[:, :, -3:]):
        assert part.mean() == pytest.approx(mean, abs=0.02)
        assert part.var() == pytest.approx(variance, rel=0.07)


def test_radii_fall_with_the_third_power() -> None:
    r = draw_radii(np.random.default_rng(0).random(20_000), 1.5, 40.0)
    assert r.min() >= 1.5
    assert r.max() <= 40

    def distribution(radius: np.ndarray) -> np.ndarray:
        return (1.5**-2 - radius**-2.0) / (1.5**-2 - 40.0**-2)

    assert kstest(r, distribution).pvalue > 0.01


@pytest.mark.parametrize("shapes", [("disk",), ("ellipse",), ("rectangle",)])
def test_every_point_is_covered(shapes: tuple[module.Shape, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """With leaves that are all white, whatever is not white was not covered."""
    monkeypatch.setattr(module, "_levels", lambda _rng, count, channels: np.full((channels, count), 255))
    assert (dead_leaves(0, (1, 32, 32), shapes=shapes) == 255).all()


def test_edges_are_averages_and_leaves_are_plain() -> None:
    """Large leaves alone: most pixels have the level of a leaf, those on an edge lie anywhere between two."""
    image = dead_leaves(3, (1, SIDE, SIDE), shapes=("disk",), r_min=12, r_max=30)[0]
    levels, counts = np.unique(image, return_counts=True)
    plain = levels[counts >= 40]
    assert len(plain) >= 3
    assert np.isin(image, plain).mean() > 0.7
    assert len(levels) > len(plain) + 20, "pixels on edges mix two levels in many ratios"


def test_compiled_and_plain_code_paint_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = dead_leaves(0, (3, 8, 8))
    monkeypatch.setattr(module, "_painter", lambda: module._paint)
    assert (dead_leaves(0, (3, 8, 8)) == compiled).all()


def test_an_image_is_known_by_its_seed_and_number() -> None:
    first, again = dead_leaves(5, (1, 16, 16)), dead_leaves(5, (1, 16, 16))
    assert first.dtype == np.uint8
    assert first.shape == (1, 16, 16)
    assert (first == again).all()
    assert (dead_leaves(6, (1, 16, 16)) != first).any()
    assert (dead_leaves(5, (1, 16, 16), seed=2) != first).any()
    assert dead_leaves(10**12, (1, 8, 8)).std() > 0, "there is no last one"
    # The same on every machine: catalogs that ship are found by the pixels.
    assert dead_leaves(0, (1, 4, 4), r_max=8.0)[0].tolist() == [
        [173, 111, 111, 52],
        [145, 111, 111, 110],
        [180, 118, 111, 111],
        [219, 199, 111, 111],
    ]


def test_color_channels_are_correlated_as_stated() -> None:
    pixels = np.stack([dead_leaves(number, (3, 16, 16)) for number in range(300)]).astype(float)
    channels = pixels.transpose(1, 0, 2, 3).reshape(3, -1)
    assert np.corrcoef(channels)[np.triu_indices(3, 1)] == pytest.approx(0.9, abs=0.02)
    assert (np.ptp(pixels, axis=1) > 0).mean() > 0.99


def test_training_and_validation_share_no_image(home: Path) -> None:
    assert (leaves("train").count, leaves("validation").count) == (TRAIN_IMAGES, VALIDATION_IMAGES) == (20_000, 1_000)
    assert leaves("all").count == TRAIN_IMAGES + VALIDATION_IMAGES
    train, validation = (
        [sample.pixels.tobytes() for sample in leaves(split).read(range(200), (1, 8, 8))]
        for split in ("train", "validation")
    )
    assert len({*train, *validation}) == 400
    whole = leaves("all")
    assert next(whole.read([3], (1, 8, 8))).pixels.tobytes() == train[3]
    assert next(whole.read([TRAIN_IMAGES + 3], (1, 8, 8))).pixels.tobytes() == validation[3]
    store = open_dataset("leaves", (1, 8, 8), limit=50)
    assert (store.name, len(store), store.label_names) == ("Dead leaves", 50, [])
    assert store.pixels[1].tobytes() == validation[20], "a limit thins evenly"


def test_images_can_be_read_from_the_middle() -> None:
    """A store that was stopped goes on with the images that it lacks."""
    images = leaves("validation")
    everything = [sample.pixels for sample in images.read(range(6), (1, 8, 8))]
    rest = [sample.pixels for sample in images.read(range(4, 6), (1, 8, 8))]
    assert (np.stack(everything[4:]) == np.stack(rest)).all()
