from pathlib import Path

import numpy as np
import pytest
import torch

from explorer.images import Values
from explorer.measures.image.probe import denoise_once, probe
from explorer.measures.shared.scoring import log_prob_batched, model_input
from explorer.models.analytic import Gaussian
from explorer.models.checkpoints import Checkpoint, load_checkpoint
from explorer.perturbations import Perturbation, perturb
from tests.conftest import write_tiny_checkpoint


@pytest.fixture
def pixels() -> np.ndarray:
    return np.linspace(0, 255, 64).astype(np.uint8).reshape(1, 8, 8)


def test_without_a_perturbation_nothing_changes(tiny_checkpoint: Checkpoint, pixels: np.ndarray) -> None:
    model, values = tiny_checkpoint.model, tiny_checkpoint.values
    probed = probe(model, values, pixels, Perturbation())
    alone = log_prob_batched(model, model_input(values, torch.from_numpy(pixels)[None])).item()
    assert probed.log_prob == pytest.approx(alone, rel=1e-5)
    assert probed.original_log_prob == probed.log_prob
    assert (probed.below, probed.above) == (0, 0)


@pytest.mark.parametrize("seed", range(1, 4))
def test_rounding_is_no_change(seed: int) -> None:
    """The same image twice in one batch of `natural64` may have log p that differ in the third decimal."""
    checkpoint = load_checkpoint("natural64", "cpu")
    noise = np.random.default_rng(seed).integers(0, 256, checkpoint.model.image_shape, np.uint8)
    probed = probe(checkpoint.model, checkpoint.values, noise, Perturbation())
    assert probed.original_log_prob == probed.log_prob


def test_values_out_of_range_are_counted_until_they_are_clipped(
    tiny_checkpoint: Checkpoint, pixels: np.ndarray
) -> None:
    model, values = tiny_checkpoint.model, tiny_checkpoint.values
    probed = probe(model, values, pixels, Perturbation(contrast=2.0))
    assert probed.below == (probed.x < 0).sum() > 0
    assert probed.above == (probed.x > 1).sum() > 0
    assert probed.original_log_prob != probed.log_prob
    assert probed.perturbed_pixels.min() == 0
    assert probed.perturbed_pixels.max() == 255
    clipped = probe(model, values, pixels, Perturbation(contrast=2.0, clip=True))
    assert (clipped.below, clipped.above) == (0, 0)


@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize("levels", [17, 256])
@pytest.mark.parametrize(
    "change", [{"contrast": 2.0}, {"brightness": 0.5}, {"brightness": -0.5}, {"noise": 0.5}, {"contrast": 0.37}]
)
def test_the_code_length_is_of_the_image_that_codecs_code(
    home: Path, pixels: np.ndarray, levels: int, clip: bool, change: dict[str, float]
) -> None:
    """Out of range, or between two levels, there is nothing that a file could hold."""
    write_tiny_checkpoint(home / "checkpoints" / "tiny", (1, 8, 8), levels)
    tiny = load_checkpoint("tiny", "cpu")
    probed = probe(tiny.model, tiny.values, pixels, Perturbation(**change, clip=clip))
    in_file = model_input(tiny.values, torch.from_numpy(probed.coded_pixels)[None])
    assert probed.coded_log_prob == pytest.approx(log_prob_batched(tiny.model, in_file).item(), rel=1e-5)
    assert len(np.unique(probed.coded_pixels)) <= levels
    assert np.abs(probed.coded_pixels.astype(int) - probed.perturbed_pixels).max() <= 255 / (levels - 1)
    assert probed.coded_log_prob != probed.log_prob


def test_the_code_length_of_an_image_that_stays_is_that_of_its_log_p(
    tiny_checkpoint: Checkpoint, pixels: np.ndarray
) -> None:
    probed = probe(tiny_checkpoint.model, tiny_checkpoint.values, pixels, Perturbation())
    assert probed.coded_log_prob == probed.log_prob


def test_an_image_can_be_denoised_last_of_all(pixels: np.ndarray) -> None:
    """Of a white Gaussian of variance v around its mean, the denoiser keeps v/(v + t) of every deviation."""
    variance, t, values = 0.04, 0.01, Values()
    model = Gaussian(torch.full((1, 8, 8), 0.5), variance * torch.eye(64), t0=1e-5)
    noisy = Perturbation(noise=0.1, jpeg=50)
    before, after = (probe(model, values, pixels, noisy, denoise_t) for denoise_t in (None, t))
    shown = before.x + values.dither((1, 8, 8)).numpy()
    np.testing.assert_allclose(after.x, 0.5 + variance / (variance + t) * (shown - 0.5), atol=1e-5)
    assert after.log_prob > before.log_prob
    assert after.original_log_prob == before.original_log_prob


def test_a_jpeg_image_is_the_one_that_codecs_code(tiny_checkpoint: Checkpoint, pixels: np.ndarray) -> None:
    probed = probe(tiny_checkpoint.model, tiny_checkpoint.values, pixels, Perturbation(contrast=0.7, jpeg=10))
    assert probed.coded_log_prob == probed.log_prob != probed.original_log_prob


def test_denoising_follows_the_score(tiny_checkpoint: Checkpoint, pixels: np.ndarray) -> None:
    x = pixels.astype(np.float32) / 255
    result = denoise_once(tiny_checkpoint.model, tiny_checkpoint.values, x, 0.01)
    np.testing.assert_allclose(result.denoised, result.noisy + 0.01 * result.score, rtol=1e-5, atol=1e-6)
    again = denoise_once(tiny_checkpoint.model, tiny_checkpoint.values, x, 0.01)
    np.testing.assert_array_equal(result.noisy, again.noisy)


def test_noise_of_the_neighborhood_is_not_the_noise_of_the_perturbation(tiny_checkpoint: Checkpoint) -> None:
    x = np.zeros((1, 8, 8), np.float32)
    ours = denoise_once(tiny_checkpoint.model, tiny_checkpoint.values, x, 1.0).noisy
    theirs = perturb(torch.zeros(1, 1, 8, 8), Perturbation(noise=0.5)).numpy()[0]
    assert abs(np.corrcoef(ours.ravel(), theirs.ravel())[0, 1]) < 0.4
