"""Bits and dimensionality by scale, on densities that are known."""

import numpy as np
import pytest
import torch

from explorer.images import Values
from explorer.measures.image.scales import bits_by_scale, dimensionality_by_scale, perturbed_bits, scale_curve
from explorer.measures.shared.scoring import model_input
from explorer.models.multiscale import MultiscaleDensity
from explorer.models.stationary import StationaryGaussian, power_law_spectrum
from explorer.perturbations import Perturbation
from explorer.units import code_length_bits
from tests.conftest import tiny_multiscale

T0 = 1e-4


def factored(size: int = 16, base: int = 4) -> tuple[StationaryGaussian, MultiscaleDensity]:
    whole = model = StationaryGaussian(power_law_spectrum(size, 0.05), 0.5, T0)
    steps = []
    while model.image_shape[1] > base:
        steps.append(model.details())
        model = model.halved()
    return whole, MultiscaleDensity(model, steps, T0, size)


def test_bits_add_up_to_the_code_length_of_the_closed_form() -> None:
    whole, model = factored()
    x = whole.sample(3, torch.Generator().manual_seed(0))
    scales = bits_by_scale(model, x, 256)
    assert [(scale.level, scale.is_base, scale.pixels) for scale in scales] == [
        (0, False, 2),
        (1, False, 4),
        (2, True, 4),
    ]
    assert sum(scale.dimensions for scale in scales) == 256
    total = sum(scale.bits for scale in scales)
    np.testing.assert_allclose(total, code_length_bits(whole.log_prob(x), 256, 256).numpy(), rtol=1e-9)


@pytest.mark.parametrize("channels", [1, 3])
def test_maps_are_of_the_pixels_and_add_up(channels: int) -> None:
    x = torch.rand(2, channels, 32, 48, generator=torch.Generator().manual_seed(0))
    scales = bits_by_scale(tiny_multiscale(channels), x, 17)
    for scale in scales:
        assert scale.map().shape == (2, 32, 48)
        np.testing.assert_allclose(scale.map().sum((1, 2), dtype=np.float64), scale.bits, rtol=1e-4, atol=0.1)
    nats = tiny_multiscale(channels).log_prob(x).numpy()
    np.testing.assert_allclose(sum(scale.bits for scale in scales), code_length_bits(nats, 17, x[0].numel()), rtol=1e-6)


def test_a_map_shows_where_the_detail_is() -> None:
    _, model = factored()
    x = torch.full((1, 1, 16, 16), 0.5, dtype=torch.float64)
    x[0, 0, 10, 4] = 1.0
    fine = bits_by_scale(model, x, 256)[0]
    assert np.unravel_index(fine.local[0].argmax(), (8, 8)) == (5, 2)


def test_a_curve_holds_the_image_as_it_is_and_changed() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (1, 32, 32), np.uint8)
    model, values = tiny_multiscale(), Values()
    told: list[tuple[int, int | None]] = []
    steps = [0.0, 1.0, 2.0]
    curve = scale_curve(model, values, pixels, Perturbation(), "contrast", steps, lambda *step: told.append(step))
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert curve.values.tolist() == [0.0, 1.0, 2.0]
    x = model_input(values, torch.from_numpy(pixels)[None])
    as_it_is = [float(scale.bits[0]) for scale in bits_by_scale(model, x, values.levels)]
    np.testing.assert_allclose(curve.bits[1], as_it_is, rtol=1e-5)
    gray = [float(scale.bits[0]) for scale in perturbed_bits(model, values, pixels, Perturbation(contrast=0.0))]
    np.testing.assert_allclose(curve.bits[0], gray, rtol=1e-5)
    assert scale_curve(model, values, pixels, Perturbation(), "jpeg", [10, 90]).bits.shape == (2, 3)


def test_dimensionality_by_scale_is_that_of_the_closed_form() -> None:
    whole, model = factored()
    x = whole.sample(1, torch.Generator().manual_seed(0))
    ts, told = [1e-4, 1e-2, 1.0], []
    found = dimensionality_by_scale(model, x, ts, draws=200, progress=lambda *step: told.append(step))
    assert told[-1] == (9, 9)
    assert [(scale.level, scale.is_base, scale.dimensions) for scale in found] == [
        (0, False, 192),
        (1, False, 48),
        (2, True, 16),
    ]
    details = model.step(0)
    for place, t in enumerate(ts):
        truth = float((details.variances / (details.variances + t)).sum())
        assert found[0].energy[place] == pytest.approx(truth, abs=0.05 * 192**0.5)
        base = float((model.base.spectrum / (model.base.spectrum + t / 16)).sum())
        assert found[2].energy[place] == pytest.approx(base, abs=0.5)
    for scale in found:
        assert np.allclose(scale.energy, scale.denoising, atol=0.05 * scale.dimensions)


def test_one_draw_is_enough_however_few_coefficients_a_scale_has() -> None:
    whole, model = factored()
    x = whole.sample(1, torch.Generator().manual_seed(0))
    for scale in dimensionality_by_scale(model, x, [1e-6]):
        assert scale.denoising[0] == pytest.approx(scale.dimensions, rel=0.1)


def test_dimensionality_is_of_one_image() -> None:
    with pytest.raises(ValueError, match="One image is needed"):
        dimensionality_by_scale(tiny_multiscale(), torch.rand(2, 1, 32, 32), [1e-3])
