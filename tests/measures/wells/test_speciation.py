"""When samples decide, where it is known."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import norm

from explorer.errors import ExplorerError
from explorer.measures.sampling.schedules import even_schedule
from explorer.measures.wells.landscape import Section
from explorer.measures.wells.speciation import Paths, follow_paths, principal_line
from explorer.models.analytic import Gaussian
from explorer.models.base import EnergyModel
from explorer.models.memory import Memory

SHAPE = (1, 2, 3)
COUNT = 2000


def walked(model: EnergyModel, section: Section, sampler: str = "ancestral") -> Paths:
    *_, last = follow_paths(model, section, even_schedule(1000.0, 1e-3, 120), COUNT, sampler)
    return last


def test_the_principal_line_is_that_of_the_covariance() -> None:
    x = torch.randn(400, *SHAPE, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x[:, 0, 1, 2] *= 3
    line = principal_line(x)
    values, vectors = np.linalg.eigh(np.cov(x.flatten(1).numpy(), rowvar=False, bias=True))
    assert line.unit**2 == pytest.approx(values[-1])
    assert abs(line.axes.flatten().numpy() @ vectors[:, -1]) == pytest.approx(1)
    two = principal_line(x[:2])
    assert two.unit**2 == pytest.approx((x[0] - x[1]).norm().item() ** 2 / 4)  # where two images split
    with pytest.raises(ExplorerError, match="at least two"):
        principal_line(x[:1])
    with pytest.raises(ExplorerError, match="the same"):
        principal_line(x[[0, 0, 0]])


def test_gaussian_samples_are_half_way_decided_at_the_variance_of_their_data() -> None:
    mean, largest = torch.zeros(SHAPE, dtype=torch.float64), 0.6
    model = Gaussian(mean, torch.diag(torch.tensor([largest, 0.1, 0.1, 0.05, 0.01, 0.0], dtype=torch.float64)), 1e-3)
    line = principal_line(model.sample(5000, torch.Generator().manual_seed(1)))
    paths = walked(model, line)
    expected = 0.5 + np.arcsin(np.sqrt(largest / (largest + np.array(paths.ts)))) / math.pi
    np.testing.assert_allclose(paths.decided, expected, atol=4 * 0.5 / math.sqrt(COUNT) + 0.01)
    assert paths.decision_noise == pytest.approx(largest, rel=0.2)


def test_the_error_of_the_decision_noise_is_its_scatter() -> None:
    """Forty sets of 50 samples each: their scatter, and what each says of itself."""
    model = Gaussian(torch.zeros(SHAPE, dtype=torch.float64), 0.5 * torch.eye(6, dtype=torch.float64), 1e-3)
    axis = torch.eye(6, dtype=torch.float64)[:1].view(1, *SHAPE)
    paths = walked(model, Section(torch.zeros(SHAPE, dtype=torch.float64), axis, 1.0, np.array([[-1.0], [1.0]])))
    parts = [
        Paths(paths.section, paths.ts, denoised=[each[first : first + 50] for each in paths.denoised])
        for first in range(0, COUNT, 50)
    ]
    noise = np.array([part.decision_noise for part in parts], float)
    errors = [part.decision_error for part in parts if part.decision_error is not None]
    assert np.mean(errors) == pytest.approx(np.nanstd(10 * np.log10(noise)), rel=0.4)
    assert paths.decision_error is not None
    assert paths.decision_error < 0.3 * np.mean(errors)


def test_samples_of_two_images_decide_as_a_normal_distribution_says() -> None:
    x = torch.zeros(2, *SHAPE, dtype=torch.float64)
    x[0, 0, 0, 0], x[1, 0, 0, 0] = -1, 1
    paths = walked(Memory(x, t0=1e-3), Section.through(x))
    np.testing.assert_allclose(paths.decided, norm.cdf(1 / np.sqrt(paths.ts)), atol=4 * 0.5 / math.sqrt(COUNT) + 0.01)
    np.testing.assert_allclose(np.abs(paths.denoised[-1]), 1, atol=1e-6)  # all fell into a well
    assert paths.decision_noise == pytest.approx(1 / norm.ppf(0.75) ** 2, rel=0.2)


def test_the_flow_never_changes_sides_between_two_images() -> None:
    x = torch.zeros(2, *SHAPE, dtype=torch.float64)
    x[0, 0, 0, 0], x[1, 0, 0, 0] = -1, 1
    paths = walked(Memory(x, t0=1e-3), Section.through(x), "flow")
    assert paths.decided.min() > 0.99
    assert paths.decision_noise is None
    assert paths.decision_error is None


def test_an_energy_that_is_not_finite_is_told() -> None:
    class Broken(EnergyModel):
        image_shape = SHAPE

        def energy(self, y: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
            return y.flatten(1).sum(1) * t * math.nan

    x = torch.rand(2, *SHAPE, generator=torch.Generator().manual_seed(0))
    with pytest.raises(ExplorerError, match="no finite energy"):
        next(follow_paths(Broken(), Section.through(x), [1.0, 0.5], 2))
