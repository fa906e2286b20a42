"""What ships must not say of images that it never saw what no density of photographs would."""

from pathlib import Path

import numpy as np
import pytest
import torch

from explorer.data.sources import open_dataset
from explorer.measures.consistency.heat import HeatCheck, heat_residuals
from explorer.measures.consistency.storage import find_report
from explorer.measures.shared.scoring import log_prob_batched, model_input
from explorer.models.checkpoints import Checkpoint, load_checkpoint
from explorer.perturbations import Perturbation, perturb


@pytest.fixture(params=["natural32", "natural64"])
def natural(home: Path, request: pytest.FixtureRequest) -> Checkpoint:
    return load_checkpoint(request.param, "cpu")


def photographs(checkpoint: Checkpoint) -> torch.Tensor:
    pixels = open_dataset("photos", checkpoint.model.image_shape, "validation").pixels[::10]
    return model_input(checkpoint.values, torch.from_numpy(np.array(pixels)))


def test_the_more_noise_the_less_probable(natural: Checkpoint) -> None:
    x = photographs(natural)
    means = [
        float(log_prob_batched(natural.model, perturb(x, Perturbation(noise=sigma))).mean())
        for sigma in (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
    ]
    assert means == sorted(means, reverse=True)


def test_noise_is_less_probable_than_any_photograph_and_a_constant_more(natural: Checkpoint) -> None:
    log_prob = log_prob_batched(natural.model, photographs(natural))
    shape = natural.model.image_shape
    noise = torch.rand(16, *shape, generator=torch.Generator().manual_seed(0))
    constants = natural.values.centers(torch.full((1, *shape), 128, dtype=torch.uint8)) + natural.values.dither(shape)
    assert log_prob_batched(natural.model, noise).max() < log_prob.min()
    assert log_prob_batched(natural.model, constants).min() > log_prob.quantile(0.99)


@pytest.mark.parametrize("factor", [0.5, 0.8])
def test_less_contrast_is_more_probable(natural: Checkpoint, factor: float) -> None:
    x = photographs(natural)
    change = log_prob_batched(natural.model, perturb(x, Perturbation(contrast=factor)))
    change = change - log_prob_batched(natural.model, x)
    assert float((change > 0).float().mean()) > 0.9


def test_digits_pass_every_check_but_that_of_its_own_samples(home: Path) -> None:
    """Which no included model passes; see docs/checks.md."""
    report = find_report(load_checkpoint("digits", "cpu"))
    assert report is not None
    assert report.effort == "full"
    assert {"large_noise", "annealing"} <= report.results.keys()
    assert [verdict.check for verdict in report.verdicts() if verdict.outcome == "does not pass"] == ["own_samples"]


def test_the_noise_levels_of_digits_belong_to_one_density(home: Path) -> None:
    checkpoint = load_checkpoint("digits", "cpu")
    pixels = open_dataset("digits", checkpoint.model.image_shape, "validation").pixels[::4]
    x = model_input(checkpoint.values, torch.from_numpy(np.array(pixels)))
    levels = heat_residuals(checkpoint.model, x, [5e-4, 5e-3, 5e-2], probes=None)
    assert max(level.rms for level in levels) < HeatCheck.threshold
