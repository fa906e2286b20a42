"""Features: what they are, for every kind of model, and that they say something about the density."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.data.sources import open_dataset
from explorer.measures.dataset.neighbors import neighbor_accuracy, neighbor_r2
from explorer.measures.image.features import FeatureKind, feature_kind, features, layer_powers, score_powers
from explorer.measures.shared.scoring import log_prob_batched, model_input
from explorer.models.analytic import Gaussian
from explorer.models.base import EnergyModel
from explorer.models.checkpoints import load_checkpoint
from explorer.models.dual import DualEnergy, DualEnergyConfig, NoiseRange
from explorer.models.released import InnerProductConfig, InnerProductEnergy
from explorer.models.unet import UNetConfig

NOISE = NoiseRange(t_min=1e-5, t0=1e-4, t_max=100.0)
UNET = UNetConfig(base_width=4, num_scales=1, embedding_dim=8)
CHANNELS_OF_LAYERS = 4 + 4 + 8 + 8 + 4 + 4  # encoder, middle, decoder


def dual(shape: tuple[int, int, int] = (1, 8, 8), **settings: bool) -> DualEnergy:
    torch.manual_seed(0)
    return DualEnergy(DualEnergyConfig(image_shape=shape, noise=NOISE, unet=UNET, **settings)).requires_grad_(False)


def released(channels: int) -> InnerProductEnergy:
    torch.manual_seed(0)
    noise = NoiseRange(t_min=1e-9, t0=0.0, t_max=1e3)
    config = InnerProductConfig(image_shape=(channels, 8, 8), noise=noise, unet=UNET)
    return InnerProductEnergy(config).requires_grad_(False)


def law(shape: tuple[int, int, int]) -> Gaussian:
    count = int(np.prod(shape))
    return Gaussian(torch.full(shape, 0.5), torch.diag(torch.linspace(0.01, 0.1, count)).double())


def images(shape: tuple[int, int, int], count: int = 5) -> Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    ("model", "kind", "length"),
    [
        (dual(), "layer powers", 2 * CHANNELS_OF_LAYERS),
        (dual(amplitude=False), "layer powers", 2 * CHANNELS_OF_LAYERS),
        (dual(anchor=False), "layer powers", 2 * CHANNELS_OF_LAYERS),
        (dual((3, 8, 8)), "layer powers", 2 * CHANNELS_OF_LAYERS),
        (released(1), "layer powers", 2 * CHANNELS_OF_LAYERS),
        (released(3), "layer powers", 2 * CHANNELS_OF_LAYERS),
        (law((1, 8, 8)), "score powers", 5 * 2),
        (law((3, 4, 8)), "score powers", 5 * 2 * 3),
    ],
)
def test_every_model_has_features(model: EnergyModel, kind: FeatureKind, length: int) -> None:
    assert feature_kind(model) == kind
    found = features(model)(images(model.image_shape))
    assert found.shape == (5, length)
    assert found.dtype == torch.float32
    assert torch.isfinite(found).all()
    assert (found.std(0) > 0).any()


@pytest.mark.parametrize("model", [dual(), released(3), law((1, 8, 8))])
def test_an_image_has_its_features_whatever_it_comes_with(model: EnergyModel) -> None:
    x, measure = images(model.image_shape), features(model)
    together = measure(x)
    torch.testing.assert_close(torch.cat([measure(one[None]) for one in x]), together, rtol=1e-4, atol=1e-4)


def test_a_layer_power_is_that_of_the_layer() -> None:
    model, x = dual(), images((1, 8, 8))
    heard = []
    with torch.no_grad():
        first = model.unet.encoder[0][0]
        first.register_forward_hook(lambda _module, _inputs, output: heard.append(output))
        model.log_prob(x, 1e-2)
    expected = (heard[0].square().mean((2, 3)) + 1e-4).log()
    torch.testing.assert_close(layer_powers(model, [20.0])(x)[:, :4], expected)


def test_the_model_is_left_alone() -> None:
    model = dual()
    before = model.state_dict()
    layer_powers(model)(images((1, 8, 8)))
    assert not any(module._forward_hooks for module in model.modules())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_noise_below_that_of_log_prob_is_not_asked_for() -> None:
    model, x = dual(), images((1, 8, 8))
    assert torch.equal(layer_powers(model, [90.0])(x), layer_powers(model, [40.0])(x))


def test_score_powers_are_those_of_the_spectrum() -> None:
    """White images of variance ``v``: the power of ``sqrt(t) score`` is ``t v / (v + t)^2`` at every frequency."""
    model = Gaussian(torch.zeros(1, 16, 16), 0.5 * torch.eye(256, dtype=torch.float64))
    x = 0.5**0.5 * torch.randn(400, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    found = score_powers(model, [10.0])(x).exp().mean(0)
    np.testing.assert_allclose(found, 0.1 * 0.5 / 0.6**2 + 1e-4, rtol=0.03)


def test_neighbors_of_real_photographs_have_the_same_log_prob(home: Path) -> None:
    checkpoint = load_checkpoint("natural32", "cpu")
    store = open_dataset("photos", (1, 32, 32), "validation", 200)
    x = model_input(checkpoint.values, torch.from_numpy(np.array(store.pixels)))
    log_prob = log_prob_batched(checkpoint.model, x).numpy()
    found = features(checkpoint.model)(x).numpy()
    assert neighbor_r2(found, log_prob) > neighbor_r2(x.flatten(1).numpy(), log_prob) + 0.1


def test_neighbors_of_real_digits_have_the_same_label(home: Path) -> None:
    checkpoint = load_checkpoint("digits", "cpu")
    store = open_dataset("digits", (1, 8, 8), "all", 600)
    x = model_input(checkpoint.values, torch.from_numpy(np.array(store.pixels)))
    assert neighbor_accuracy(features(checkpoint.model)(x).numpy(), np.array(store.labels)) > 0.8
