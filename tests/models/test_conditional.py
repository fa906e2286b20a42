"""The conditional energy: derivatives, anchor, locality, any size."""

import math

import pytest
import torch

from explorer.models.conditional import ConditionalEnergy, ConditionalEnergyConfig
from explorer.models.details import GivenCoarse
from explorer.models.dual import NoiseRange
from explorer.models.haar import haar
from explorer.models.stationary import StationaryGaussian, power_law_spectrum

NOISE = NoiseRange(t_min=1e-5, t0=1e-4, t_max=1.0)


def images(count: int = 20, size: int = 32, channels: int = 1) -> torch.Tensor:
    gray = StationaryGaussian(power_law_spectrum(size, 0.02), 0.5).sample(
        count * channels, torch.Generator().manual_seed(0)
    )
    x = gray.view(count, channels, size, size)
    return (x + 0.5 * x.mean(1, keepdim=True)).float()


def network(channels: int = 1, dilations: tuple[int, ...] = (1, 0)) -> ConditionalEnergy:
    torch.manual_seed(0)
    model = ConditionalEnergy(
        ConditionalEnergyConfig(channels=channels, noise=NOISE, width=8, dilations=dilations, embedding_dim=8)
    )
    for parameter in (model.output.weight, model.offset.weight):  # zero at first: the tests are about what it says
        torch.nn.init.normal_(parameter, std=0.1)
    model.fit_statistics(images(channels=channels))
    return model.requires_grad_(False)


def step(channels: int = 1, count: int = 2, size: int = 32) -> tuple[torch.Tensor, ...]:
    coarse, details = haar(images(count, size, channels))
    return details, torch.tensor([1e-3, 0.1][:count]), coarse / 2, torch.tensor([0.0, 2.0][:count])


@pytest.mark.parametrize("channels", [1, 3])
def test_derivatives_agree_with_finite_differences(channels: int) -> None:
    model = network(channels).double()
    details, t, coarse, level = (part.double() for part in step(channels))
    result = model.derivatives(details, t, coarse, level)
    direction = torch.randn(details.shape, generator=torch.Generator().manual_seed(2)).double()
    h = 1e-7

    def along(scale: float) -> torch.Tensor:
        return model.energy(details + scale * direction, t, coarse, level)

    later, earlier = (model.energy(details, t * (1 + s), coarse, level) for s in (h, -h))
    slope = -(result.score * direction).flatten(1).sum(1)
    torch.testing.assert_close(slope, (along(h) - along(-h)) / (2 * h), rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(result.time_score, (later - earlier) / (2 * h * t), rtol=1e-5, atol=1e-3)
    clean = model.denoise(details, t, coarse, level)
    torch.testing.assert_close(clean, details + t.view(-1, 1, 1, 1) * result.score)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_direct_score_is_that_of_the_energy_where_the_network_is_silent(channels: int) -> None:
    model = network(channels)
    arguments = step(channels)
    spoken = model.direct_score(*arguments)
    torch.nn.init.zeros_(model.output.weight)
    silent = model.direct_score(*arguments)
    torch.testing.assert_close(silent, model.derivatives(*arguments).score, rtol=1e-4, atol=1e-3)
    assert (spoken - silent).abs().max() > 0.1


def test_it_begins_as_the_gaussian_of_a_linear_prediction() -> None:
    torch.manual_seed(0)
    model = ConditionalEnergy(ConditionalEnergyConfig(noise=NOISE, width=8, dilations=(1,))).requires_grad_(False)
    x = images(200)
    model.fit_statistics(x)
    coarse, details = haar(x)
    t = torch.full((200,), 1e-4)
    energy = model.energy(details, t, coarse / 2, torch.zeros(200)).mean() / details[0].numel()
    # The mean energy of a Gaussian at the data it was fitted to, with noise far below its variance.
    expected = 0.5 * torch.log(2 * math.pi * math.e * model.variances).mean()
    assert float(energy) == pytest.approx(float(expected), abs=0.02)
    plain = ConditionalEnergy(model.config).requires_grad_(False)  # no prediction: the bands alone
    plain.variances.copy_(details.var((0, 2, 3)))
    without = plain.energy(details, t, coarse / 2, torch.zeros(200)).mean() / details[0].numel()
    assert float(energy) < float(without) - 0.05


def test_correction_vanishes_at_large_noise() -> None:
    model = network()
    details, _, coarse, level = step()
    eps = torch.randn(details.shape, generator=torch.Generator().manual_seed(0))
    gaussian = network()
    for part in gaussian.parameters():
        part.zero_()

    def correction(t: float) -> float:
        noisy, ts = details + math.sqrt(t) * eps, torch.full((2,), t)
        return float((model.energy(noisy, ts, coarse, level) - gaussian.energy(noisy, ts, coarse, level)).abs().mean())

    assert correction(100.0) < 1e-3 * correction(1e-4)


def test_details_of_one_coarse_image_have_an_energy_of_their_own() -> None:
    model = network()
    details, t, coarse, _ = step()
    given = GivenCoarse(model, coarse[:1], 2, 1e-4)
    assert given.image_shape == (3, 16, 16)
    level, both = torch.full((2,), 2.0), coarse[:1].expand(2, -1, -1, -1)
    torch.testing.assert_close(given.energy(details, t), model.energy(details, t, both, level))
    torch.testing.assert_close(given.denoise(details, t), model.denoise(details, t, both, level))


@pytest.mark.parametrize("dilations", [(0,), (1, 0), (2, 1)])
def test_only_the_receptive_field_counts(dilations: tuple[int, ...]) -> None:
    model = network(dilations=dilations)
    details, t, coarse, level = step(size=64)
    details = details.requires_grad_()
    energy = model.local_energy(details, t, coarse, level)[0, 16, 16]
    (gradient,) = torch.autograd.grad(energy, details)
    rows = gradient[0].abs().sum((0, 2)).nonzero().flatten()
    reach = model.config.receptive_field // 2
    assert (int(rows[0]), int(rows[-1])) == (16 - reach, 16 + reach)
    assert reach < model.config.reach
    changed = coarse.clone()
    changed[:, :, : 16 - model.config.reach] = 0
    same = model.local_energy(details, t, changed, level)[:, 16, 16]
    torch.testing.assert_close(same, model.local_energy(details, t, coarse, level)[:, 16, 16])


def test_a_shift_by_two_pixels_shifts_the_energy() -> None:
    model = network()
    x = images(1, 64)
    energies = []
    for part in (x[..., :48, :48], x[..., 2:50, 2:50]):
        coarse, details = haar(part)
        energies.append(model.local_energy(details, torch.tensor([1e-3]), coarse / 2, torch.zeros(1))[0])
    reach = model.config.reach
    inner = slice(reach + 1, 24 - reach)
    before = slice(reach, 23 - reach)
    torch.testing.assert_close(energies[0][inner, inner], energies[1][before, before], rtol=1e-4, atol=1e-4)


def test_energies_are_finite_at_every_contrast() -> None:
    """Contrast enters by the logarithm of the amplitudes: the energy is finite at every one."""
    model = network()
    details, _, coarse, level = step()
    t = torch.full((2,), 1e-4)
    for contrast in (0.0, 1e-3, 1.0, 100.0):
        energy = model.energy(contrast * details, t, 0.5 + contrast * (coarse - 0.5), level)
        assert torch.isfinite(energy).all()
