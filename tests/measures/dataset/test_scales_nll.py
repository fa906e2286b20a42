"""Both estimates of the NLL of details, on a density that is known."""

import math

import pytest
import torch

from explorer.measures.dataset.scales_nll import base_nll, details_nll
from explorer.models.multiscale import MultiscaleDensity
from explorer.models.stationary import StationaryGaussian, power_law_spectrum

T0 = 1e-4


def distribution() -> StationaryGaussian:
    return StationaryGaussian(power_law_spectrum(32, 0.02), 0.5, T0)


def test_both_estimates_of_a_known_density_agree() -> None:
    model = distribution()
    x = model.sample(200, torch.Generator().manual_seed(0))
    for level in (0, 1):
        truth = model.details() if level == 0 else model.halved().details()
        nll = details_nll(truth.float(), x.float(), level, T0, count=33)
        assert nll.energy == pytest.approx(nll.i_mmse, abs=0.01)
        assert max(abs(nll.mean_time_score)) < 0.01
        assert nll.gaussian > nll.energy
        scale = 3 / 4 ** (level + 1)
        bits = nll.bits_per_pixel()
        assert bits["energy"] == pytest.approx(scale * (nll.energy / math.log(2) + 8 + level))


def test_the_sum_over_scales_is_the_entropy_of_the_image() -> None:
    """Bits by scale and of the base add up to the code length of the whole."""
    model = distribution()
    x = model.sample(400, torch.Generator().manual_seed(0)).float()
    levels = [model.float().details(), model.halved().float().details()]
    bits = sum(details_nll(step, x, level, T0).bits_per_pixel()["energy"] for level, step in enumerate(levels))
    base = model.halved().halved()
    factored = MultiscaleDensity(base, levels, T0, 32)
    y = x + T0**0.5 * torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    per_bit = 32 * 32 * math.log(2)
    whole = -float(factored.log_prob(y).mean()) / per_bit + 8
    rest = float(factored.factors(y)[-1].energy.mean()) / per_bit + 8 / 16
    assert bits + rest == pytest.approx(whole, abs=0.02)
    entropy = 0.5 * torch.log(2 * math.pi * math.e * (model.spectrum + T0)).sum()
    assert whole == pytest.approx(float(entropy) / per_bit + 8, abs=0.02)


def test_both_estimates_of_the_base_agree_and_complete_the_code_length() -> None:
    model = distribution()
    x = model.sample(400, torch.Generator().manual_seed(0)).float()
    steps = [model.float().details(), model.halved().float().details()]
    factored = MultiscaleDensity(model.halved().halved(), steps, T0, 32)
    nll = base_nll(factored, x)
    assert (nll.halvings, nll.squares) == (2, 400)
    assert nll.energy == pytest.approx(nll.i_mmse, abs=0.02)
    truth = 0.5 * torch.log(2 * math.pi * math.e * (factored.base.spectrum + T0 / 16)).mean()
    assert nll.energy == pytest.approx(float(truth), abs=0.02)
    bits = nll.bits_per_pixel()
    assert bits["gap"] == pytest.approx((nll.energy - nll.i_mmse) / 16 / math.log(2))
    parts = [details_nll(step, x, level, T0, count=33).bits_per_pixel() for level, step in enumerate(steps)]
    entropy = 0.5 * torch.log(2 * math.pi * math.e * (model.spectrum + T0)).mean() / math.log(2) + 8
    for name in ("energy", "i_mmse"):
        assert bits[name] + sum(part[name] for part in parts) == pytest.approx(float(entropy), abs=0.02)
