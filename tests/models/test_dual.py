"""The energy network: derivatives, anchor, homogeneity, normalization."""

import math

import numpy as np
import pytest
import torch

from explorer.models.anchor import SpectralGaussian, dct_matrix
from explorer.models.checkpoints import load_checkpoint
from explorer.models.dual import DualEnergy, DualEnergyConfig, NoiseRange
from explorer.models.unet import UNet, UNetConfig

NOISE = NoiseRange(t_min=1e-6, t0=1e-5, t_max=100.0)

ENERGIES = {
    "natural32": ((7206.23, 305.3058, 1528.396), (-24614.36, -1413.959, -26.15271), (-1.490089e7, -6490.469, 164.3719)),
    "natural64": (
        (45550.05, 1169.200, 6102.626),
        (-132599.5, -8054.360, -116.0093),
        (3.113413e8, -126411.2, 657.9650),
    ),
    "color32": ((412277.0, 1102.938, 4579.537), (-888716.1, -2870.076, -87.4597), (-5.287974e9, 15917.88, 493.3977)),
    "digits": ((66.04439, 61.27724, 96.53172), (-189.5641, -146.4883, -3.329679), (4469.156, -1439.996, 9.841481)),
}
"""Of shipped models: energy, inner product of score and image, and time score of three images of uniform noise."""


def images(count: int, shape: tuple[int, int, int], seed: int = 0) -> torch.Tensor:
    """Smooth random images: a few random DCT coefficients, so that the variances differ by orders of magnitude."""
    generator = torch.Generator().manual_seed(seed)
    channels, height, width = shape
    z = torch.randn(count, *shape, generator=generator)
    z = z / (1 + torch.arange(height)[:, None] + torch.arange(width)) ** 1.5
    x = dct_matrix(height).float().T @ z @ dct_matrix(width).float()
    if channels == 3:
        x = x + x.mean(1, keepdim=True)
    return 0.5 + 0.3 * x


def network(*, shape: tuple[int, int, int] = (1, 8, 8), anchor: bool = True, amplitude: bool = True) -> DualEnergy:
    torch.manual_seed(0)
    unet = UNetConfig(base_width=4, num_scales=1, embedding_dim=16)
    model = DualEnergy(
        DualEnergyConfig(image_shape=shape, noise=NOISE, unet=unet, anchor=anchor, amplitude=amplitude, frequencies=4)
    )
    # The output layer and the offset start at zero; the tests are about networks that say something.
    torch.nn.init.normal_(model.unet.output.weight, std=0.1)
    torch.nn.init.normal_(model.offset.weight, std=0.1)
    model.fit_statistics(images(200, shape))
    return model.requires_grad_(False)


@pytest.mark.parametrize("anchor", [True, False])
@pytest.mark.parametrize("amplitude", [True, False])
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 8, 8)])
def test_derivatives_agree_with_finite_differences(anchor: bool, amplitude: bool, shape: tuple[int, int, int]) -> None:
    model = network(shape=shape, anchor=anchor, amplitude=amplitude).double()
    y, t = images(2, shape, seed=1).double(), torch.tensor([0.01, 0.3]).double()
    result = model.derivatives(y, t)
    direction = torch.randn(y.shape, generator=torch.Generator().manual_seed(2)).double()
    h = 1e-6
    along_y = (model.energy(y + h * direction, t) - model.energy(y - h * direction, t)) / (2 * h)
    along_t = (model.energy(y, t * (1 + h)) - model.energy(y, t * (1 - h))) / (2 * h * t)
    torch.testing.assert_close(-(result.score * direction).flatten(1).sum(1), along_y, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(result.time_score, along_t, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(result.energy, model.energy(y, t))
    torch.testing.assert_close(model.denoise(y, t), y + t.view(-1, 1, 1, 1) * result.score)


def test_anchored_network_begins_as_the_gaussian() -> None:
    torch.manual_seed(0)
    model = DualEnergy(
        DualEnergyConfig(image_shape=(1, 8, 8), noise=NOISE, unet=UNetConfig(base_width=4, num_scales=1))
    )
    model.fit_statistics(images(200, (1, 8, 8)))
    y, t = images(4, (1, 8, 8), seed=1), torch.full((4,), 0.02)
    torch.testing.assert_close(model.energy(y, t), model.gaussian.energy(y, t))


def test_anchored_network_is_the_gaussian_at_large_noise() -> None:
    """The correction falls as var/(var + t): at the end of the range it is below 1 % of what it is at t = var."""
    model = network()
    y = images(4, (1, 8, 8), seed=1)
    eps = torch.randn(y.shape, generator=torch.Generator().manual_seed(0))

    def correction(t: float) -> float:
        noisy, ts = y + t**0.5 * eps, torch.full((4,), t)
        return float((model.energy(noisy, ts) - model.gaussian.energy(noisy, ts)).abs().mean())

    assert correction(100.0) < 0.01 * correction(float(model.pixel_variance))


def test_spectral_gaussian_is_the_dense_gaussian_of_its_covariance() -> None:
    shape = (3, 6, 6)
    model = SpectralGaussian(shape).fit(images(300, shape)).double()
    # synthesize maps orthonormally, so its columns are the eigenvectors of the covariance.
    basis = model.synthesize(torch.eye(108, dtype=torch.float64).view(108, *shape)).flatten(1)
    torch.testing.assert_close(basis @ basis.T, torch.eye(108, dtype=torch.float64), rtol=0, atol=1e-5)
    covariance = basis.T @ torch.diag(model.variances.flatten()) @ basis + 0.1 * torch.eye(108, dtype=torch.float64)
    y = images(5, shape, seed=3).double()
    exact = torch.distributions.MultivariateNormal(model.mean.flatten(), covariance)
    torch.testing.assert_close(model.log_prob(y, 0.1), exact.log_prob(y.flatten(1)), rtol=1e-5, atol=1e-4)


def test_spectral_gaussian_needs_two_images() -> None:
    with pytest.raises(ValueError, match="two images"):
        SpectralGaussian((1, 8, 8)).fit(torch.zeros(1, 1, 8, 8))


def test_unet_without_bias_maps_zero_to_zero_and_sees_its_condition() -> None:
    torch.manual_seed(0)
    net = UNet(1, 2, UNetConfig(base_width=4, num_scales=2, embedding_dim=8, patch=2))
    assert net(torch.zeros(1, 1, 16, 16), torch.ones(1, 8)).abs().max() == 0
    x = images(1, (1, 16, 16))
    first, second = net(x, torch.zeros(1, 8)), net(x, torch.ones(1, 8))
    assert first.shape == (1, 2, 16, 16)
    assert (first - second).abs().max() > 1e-3


def test_normalize_fixes_the_constant_at_large_noise() -> None:
    """Without an anchor, the mean energy at t_max becomes the entropy of the noisy data."""
    model = network(anchor=False)
    x = images(400, (1, 8, 8), seed=5)
    model.normalize(x, torch.Generator().manual_seed(0))
    t = NOISE.t_max
    noisy = x + t**0.5 * torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    mean = float(model.energy(noisy, torch.full((len(x),), t)).mean())
    assert mean == pytest.approx(32 * math.log(2 * math.pi * math.e * t), abs=4 * math.sqrt(32 / len(x)) + 0.2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"image_shape": (1, 9, 8)}, "multiples of 2"),
        ({"image_shape": (2, 8, 8)}, "1 or 3 channels"),
        ({"noise": {"t_min": 1e-3, "t0": 1e-5, "t_max": 1.0}}, "t_min <= t0"),
    ],
)
def test_impossible_architectures_are_refused(settings: dict, message: str) -> None:
    base = {"image_shape": (1, 8, 8), "noise": NOISE.model_dump(), "unet": {"base_width": 4, "num_scales": 1}}
    with pytest.raises(ValueError, match=message):
        DualEnergyConfig.model_validate(base | settings)


def test_energy_in_float32_is_good_to_a_hundredth_of_a_nat() -> None:
    model = network(shape=(1, 32, 32))
    y, t = images(4, (1, 32, 32), seed=1), torch.full((4,), 1e-5)
    single = model.energy(y, t).numpy()
    double = model.double().energy(y.double(), t.double()).numpy()
    np.testing.assert_allclose(single, double, rtol=1e-5, atol=0.01)


@pytest.mark.parametrize("name", ENERGIES)
def test_shipped_models_keep_their_energies(name: str) -> None:
    """At ``t0``, 0.01 and 3. The last digits of float32 depend on the processor."""
    model = load_checkpoint(name, "cpu").model
    generator = torch.Generator().manual_seed(0)
    y = torch.rand(3, *model.image_shape, generator=generator)
    energy, score, time_score = model.derivatives(y, torch.tensor([model.t0, 0.01, 3.0]))
    slope = (score * y).flatten(1).sum(1)
    expected = np.array(ENERGIES[name])
    np.testing.assert_allclose(np.array([energy, slope, time_score]), expected, rtol=1e-4)
