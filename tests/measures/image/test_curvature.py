"""The smallest curvature, against dense Hessians and closed forms."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.measures.image.curvature import concave_from, curvature_by_scale, smallest_curvature
from explorer.models.analytic import Gaussian
from explorer.models.base import EnergyModel
from explorer.models.multiscale import MultiscaleDensity
from explorer.models.stationary import StationaryGaussian, power_law_spectrum
from tests.conftest import tiny_multiscale

T0 = 1e-2


def test_of_a_gaussian_it_is_that_of_its_widest_direction() -> None:
    variances = torch.linspace(0.01, 0.5, 16, dtype=torch.float64)
    model = Gaussian(torch.zeros(1, 4, 4, dtype=torch.float64), torch.diag(variances), T0)
    for t in (1e-2, 1.0):
        found = smallest_curvature(model, torch.rand(1, 1, 4, 4, dtype=torch.float64), t)
        assert found.smallest == pytest.approx(t / (0.5 + t), abs=1e-4)
        assert found.residual < 0.02
        assert abs(found.direction.flatten()[-1]) == pytest.approx(1, abs=0.02)


def test_of_a_network_it_is_that_of_the_dense_hessian() -> None:
    model = tiny_multiscale()
    y = torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    t = torch.tensor([model.t0])
    dense = torch.autograd.functional.hessian(lambda z: model.energy(z, t).sum(), y).view(256, 256)
    truth = float(torch.linalg.eigvalsh((dense + dense.T) / 2)[0]) * model.t0
    assert smallest_curvature(model, y, model.t0).smallest == pytest.approx(truth, abs=2e-3)


def test_scales_of_a_gaussian_have_the_closed_form() -> None:
    whole = StationaryGaussian(power_law_spectrum(16, 0.05), 0.5, T0)
    model = MultiscaleDensity(whole.halved().halved(), [whole.details(), whole.halved().details()], T0, 16)
    x, ts, told = whole.sample(1, torch.Generator().manual_seed(0)), [1e-2, 1e-1], []
    scales = curvature_by_scale(model, x, ts, progress=lambda *step: told.append(step))
    assert told[-1] == (4, 4)
    for scale in scales:
        widest = float(model.step(scale.level).variances.max())
        for t, found in zip(ts, scale.found, strict=True):
            noise = t / 4**scale.level
            assert found.smallest == pytest.approx(noise / (widest + noise), abs=2e-3)


class TwoWells(EnergyModel):
    """``x`` is one of two images, equally often."""

    image_shape = (1, 2, 2)

    def __init__(self, first: Tensor, second: Tensor) -> None:
        super().__init__()
        self.register_buffer("wells", torch.stack((first, second)))

    def energy(self, y: Tensor, t: Tensor) -> Tensor:
        apart = (y[:, None] - self.wells).square().flatten(2).sum(2)
        return 2 * torch.log(2 * math.pi * t) + math.log(2) - torch.logsumexp(-apart / (2 * t[:, None]), 1)


def test_two_wells_are_log_concave_scale_by_scale_and_not_as_a_whole() -> None:
    """The wells differ in the coarse image; the details given the coarse image are Gaussian."""
    whole = StationaryGaussian(power_law_spectrum(4, 0.05), 0.5, T0)
    shift = torch.full((1, 2, 2), 0.2, dtype=torch.float64)
    model = MultiscaleDensity(TwoWells(0.5 - shift, 0.5 + shift), [whole.details()], T0, 4)
    x = torch.full((1, 1, 4, 4), 0.5, dtype=torch.float64)
    (scale,) = curvature_by_scale(model, x, [T0])
    assert scale.found[0].smallest > 0
    # Half way between the wells, m = 0.4 from each, with noise s = t0 / 4: hess U along the way is 1/s - m^2/s^2.
    s = T0 / 4
    coarse = s * (1 / s - 0.4**2 / s**2)
    assert smallest_curvature(
        TwoWells(0.5 - shift, 0.5 + shift), torch.full((1, 1, 2, 2), 0.5).double(), s
    ).smallest == (pytest.approx(coarse, rel=1e-3))
    found = smallest_curvature(model, x, T0)
    assert found.smallest < -10
    dense = torch.autograd.functional.hessian(
        lambda z: model.energy(z, torch.tensor([T0], dtype=torch.float64)).sum(), x
    ).view(16, 16)
    assert found.smallest == pytest.approx(T0 * float(torch.linalg.eigvalsh(dense)[0]), rel=1e-2)
    assert np.std(found.direction) < 0.1 * np.abs(found.direction).mean()  # all pixels brighter, or all darker


def test_noise_makes_two_wells_one() -> None:
    """Wells at +-m along one direction, seen half way: ``t hess U = 1 - m^2 / t``, positive from ``t = m^2`` on."""
    shift = torch.full((1, 2, 2), 0.05, dtype=torch.float64)
    wells, x = TwoWells(0.5 - shift, 0.5 + shift), torch.full((1, 1, 2, 2), 0.5, dtype=torch.float64)
    psnr = [0.0, 10.0, 19.9, 20.1, 30.0]  # m = 0.1: 20 dB
    ts = [10 ** (-each / 10) for each in psnr]
    smallest = [smallest_curvature(wells, x, t).smallest for t in ts]
    assert smallest == pytest.approx([1 - 0.01 / t for t in ts], abs=2e-3)
    assert concave_from(psnr, smallest) == 19.9
    assert concave_from(psnr[::-1], smallest[::-1]) == 19.9
    assert concave_from(psnr[3:], smallest[3:]) is None
    assert concave_from([10.0, 20.0, 30.0], [-1.0, 1.0, 1.0]) is None


def test_the_curvature_is_at_one_point() -> None:
    with pytest.raises(ValueError, match="at one image"):
        smallest_curvature(tiny_multiscale(), torch.rand(2, 1, 32, 32), 1e-3)
