"""Entropy of a model against its cross-entropy on data."""

from __future__ import annotations

import math

import pytest
import torch

from explorer.measures.sampling.own_samples import own_samples
from explorer.models.analytic import Gaussian
from tests.measures.sampling.distributions import T0, D, exact, gaussian


def test_samples_of_the_truth_are_as_probable_as_the_data() -> None:
    density = gaussian()
    x = density.sample(2000, torch.Generator().manual_seed(0))
    found = own_samples(density, density.log_prob(exact(density, 1000, T0)), x, T0)
    entropy = 0.5 * torch.log(2 * math.pi * math.e * (density.eigenvalues.double() + T0)).sum() / D / math.log(2)
    assert found.model == pytest.approx(float(entropy), abs=4 * found.model_error)
    assert found.data == pytest.approx(float(entropy), abs=4 * found.data_error)
    assert abs(found.difference) < 4 * found.error
    assert found.model_error == pytest.approx(1 / math.sqrt(2 * D * 1000) / math.log(2), rel=0.1)
    assert (found.samples, found.images, found.t) == (1000, 2000, T0)
    assert set(found.as_dict()) == {"model", "model_error", "data", "data_error", "samples", "images", "t"}


def test_a_model_that_is_too_wide_has_samples_that_are_less_probable() -> None:
    """Twice the variance at t = 0: the entropy is that of the model, 1/2 log 2 nats per dimension above the data's; the
    cross-entropy is 1/2 log 2 - 1/4 above it. The difference is 1/4 nat."""
    density = gaussian()
    wide = Gaussian(
        density.mean, 2 * density.eigenvectors @ torch.diag(density.eigenvalues) @ density.eigenvectors.T, 1e-9
    )
    x = density.sample(2000, torch.Generator().manual_seed(0))
    found = own_samples(wide, wide.log_prob(exact(wide, 2000, 1e-9)), x, 1e-9)
    assert found.difference == pytest.approx(0.25 / math.log(2), abs=4 * found.error)


def test_one_has_no_error() -> None:
    density = gaussian()
    with pytest.raises(ValueError, match="At least two"):
        own_samples(density, torch.zeros(1), density.sample(5, torch.Generator()), T0)
