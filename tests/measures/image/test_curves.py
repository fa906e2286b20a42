import numpy as np
import pytest
import torch

from explorer.measures.image.curves import NoiseCurves, noise_curves, perturbation_curve
from explorer.measures.image.probe import probe
from explorer.models.analytic import Gaussian
from explorer.models.checkpoints import Checkpoint
from explorer.perturbations import RANGES, Perturbation


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (1, 8, 8), dtype=np.uint8)


@pytest.mark.parametrize("denoise_t", [None, 0.01])
@pytest.mark.parametrize("name", RANGES)
def test_a_curve_is_log_p_of_the_perturbed_images(
    tiny_checkpoint: Checkpoint, pixels: np.ndarray, name: str, denoise_t: float | None
) -> None:
    perturbation = Perturbation(contrast=0.7, brightness=0.1, sparsity=0.5, blur=0.5, noise=0.05, seed=3)
    model, values = tiny_checkpoint.model, tiny_checkpoint.values
    curve = perturbation_curve(model, values, pixels, perturbation, name, points=4, denoise_t=denoise_t)
    assert (curve.values[0], curve.values[-1]) == (RANGES[name].low, RANGES[name].high)
    for value, log_prob in zip(curve.values, curve.log_prob, strict=True):
        alone = probe(model, values, pixels, perturbation.model_copy(update={name: float(value)}), denoise_t)
        assert log_prob == pytest.approx(alone.log_prob, rel=1e-4)


def test_a_curve_does_not_depend_on_its_own_slider(tiny_checkpoint: Checkpoint, pixels: np.ndarray) -> None:
    model, values = tiny_checkpoint.model, tiny_checkpoint.values
    one, other = (
        perturbation_curve(model, values, pixels, Perturbation(contrast=c, noise=0.1), "contrast", points=3)
        for c in (0.5, 1.5)
    )
    np.testing.assert_array_equal(one.log_prob, other.log_prob)


def test_noise_curves_of_a_gaussian(tiny_checkpoint: Checkpoint) -> None:
    """A white Gaussian: ``d_eff = d lambda/(lambda + t)`` on average, and log p of ``N(mean, lambda + t)``."""
    d, variance = 64, 0.04
    model = Gaussian(torch.full((1, 8, 8), 0.5), variance * torch.eye(d))
    x = (0.5 + variance**0.5 * torch.randn((1, 8, 8), generator=torch.Generator().manual_seed(1))).numpy()
    curves = noise_curves(model, tiny_checkpoint.values, x, (30.0, 10.0, 0.0), draws=64)
    t = 10 ** (-curves.psnr / 10)
    shrink = variance / (variance + t)
    distance = float(((x - 0.5) ** 2).sum())
    # E||x - D||^2 / t, for this one x: the bias (1 - s)^2 |x - mean|^2 / t and the noise s^2 d.
    np.testing.assert_allclose(curves.dimensionality, shrink**2 * d + (1 - shrink) ** 2 * distance / t, rtol=0.1)
    expected = -0.5 * ((distance + t * d) / (variance + t) + d * np.log(2 * np.pi * (variance + t)))
    np.testing.assert_allclose(curves.log_prob, expected, rtol=0.05)


def test_between_two_noise_levels() -> None:
    curves = NoiseCurves(np.array([20.0, 10.0]), np.array([100.0, 50.0]), np.array([-1.0, -3.0]))
    assert curves.dimensionality_at(15.0) == pytest.approx(75.0)
    assert curves.log_prob_at(15.0) == pytest.approx(-2.0)
    assert curves.dimensionality_at(60.0) == 100.0
