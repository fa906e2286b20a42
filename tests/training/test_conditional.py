"""Training of conditional energies: samples, objective, and that a few steps improve on the anchor."""

import pytest
import torch

from explorer.images import Values
from explorer.measures.dataset.scales_nll import details_nll
from explorer.models.dual import NoiseRange
from explorer.models.haar import haar
from explorer.models.stationary import StationaryGaussian, power_law_spectrum
from explorer.training.conditional import (
    ConditionalConfig,
    ConditionalModelConfig,
    ConditionalSource,
    ConditionalTrainer,
    conditional_heat_losses,
    conditional_losses,
    pack,
    unpack,
)
from explorer.training.objective import dual_score_losses

T0 = 1e-4
NOISE = NoiseRange(t_min=2e-5, t0=T0, t_max=1.0)


class Contrasts:
    """Stationary Gaussian images of two contrasts: what a Gaussian anchor cannot know, and a local amplitude does."""

    def __init__(self, size: int = 32) -> None:
        self.gaussian = StationaryGaussian(power_law_spectrum(size, 0.02), 0.5, T0)

    def sample(self, count: int, generator: torch.Generator) -> torch.Tensor:
        x = self.gaussian.sample(count, generator).float()
        faint = torch.rand(count, 1, 1, 1, generator=generator) < 0.5
        return 0.5 + torch.where(faint, 0.1, 1.0) * (x - 0.5)

    def statistics(self, most: int, generator: torch.Generator) -> torch.Tensor:
        return self.sample(most, generator)


def config(**settings: object) -> ConditionalConfig:
    model = ConditionalModelConfig(
        noise=NOISE, image_shape=(1, 32, 32), width=8, dilations=(1, 1), embedding_dim=8, frequencies=4
    )
    defaults = {"steps": 60, "batch_size": 16, "warmup_steps": 5, "learning_rate": 1e-2, "ema_decay": 0.9}
    return ConditionalConfig(name="contrasts", dataset="contrasts", model=model, **(defaults | settings))


def test_samples_are_packed_and_unpacked() -> None:
    coarse, details = haar(torch.rand(2, 3, 8, 8))
    packed = pack(details, coarse, 2.0)
    assert packed.shape == (2, 13, 4, 4)
    for part, expected in zip(unpack(packed), (details, coarse, torch.full((2,), 2.0)), strict=True):
        torch.testing.assert_close(part, expected)


def test_levels_have_the_noise_that_belongs_to_them() -> None:
    """The coarse image is the mean of the pixels plus noise ``t0 / 4^(level + 1)``."""

    class Gray:
        def sample(self, count: int, _generator: torch.Generator) -> torch.Tensor:
            return torch.full((count, 1, 64, 64), 0.4)

        statistics = sample

    source = ConditionalSource(Gray(), Values(), T0, requantized=0.5)
    seen = set()
    for seed in range(40):
        details, coarse, level = unpack(source.sample(4, torch.Generator().manual_seed(seed)))
        assert len(set(level.tolist())) == 1
        seen.add((coarse.shape[-1], int(level[0])))
        expected = T0 / 4 ** (int(level[0]) + 1)
        if (coarse.shape[-1], int(level[0])) != (32, 0):
            expected += (1 / 12 / 256**2 / 4) * (level[0] == 0)  # rounded and dequantized again
        assert float(coarse.var()) == pytest.approx(float(expected), rel=0.2)
        assert details.shape[:2] == (4 * 32 // coarse.shape[-1], 3)
    assert seen == {(32, 0), (16, 0), (16, 1), (8, 0), (8, 2)}


def test_the_objective_is_dual_score_matching_at_the_noise_of_the_level() -> None:
    truth = Contrasts().gaussian.details()
    coarse, details = haar(Contrasts().gaussian.sample(4, torch.Generator().manual_seed(0)))
    packed = pack(details, coarse / 2, 1.0)
    eps = torch.randn(packed.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    t = torch.full((4,), 0.04, dtype=torch.float64)

    def energy(packed: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        details, coarse, level = unpack(packed)
        return truth.energy(details, t, coarse, level)

    found = conditional_losses(energy, packed, eps, t)
    expected = dual_score_losses(lambda d, t: truth.energy(d, t, coarse / 2, torch.ones(4)), details, eps[:, :3], t / 4)
    torch.testing.assert_close(found.space, expected.space)
    torch.testing.assert_close(found.time, expected.time)


def test_the_heat_loss_of_the_truth_vanishes_at_every_level() -> None:
    truth = Contrasts().gaussian.details()

    def energy(packed: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        details, coarse, level = unpack(packed)
        return truth.energy(details, t, coarse, level)

    coarse, details = haar(Contrasts().gaussian.sample(64, torch.Generator().manual_seed(0)))
    generator = torch.Generator().manual_seed(1)
    signs = [2.0 * torch.randint(0, 2, details.shape, generator=generator).double() - 1 for _ in range(2)]
    t = torch.full((64,), 0.01, dtype=torch.float64)
    right = conditional_heat_losses(energy, pack(details, coarse / 2, 1.0), t, *signs)
    wrong = conditional_heat_losses(lambda y, t: 1.3 * energy(y, t), pack(details, coarse / 2, 1.0), t, *signs)
    assert right.mean().abs() < 0.01 * wrong.mean()


def test_heat_points_have_the_noise_of_their_level_on_the_details_alone() -> None:
    trainer = ConditionalTrainer(config(heat_weight=1.0, heat_share=1.0, heat_noisy=1.0), Contrasts(), most=200)
    for step in range(20):
        batch = trainer.batch(step)
        details, _, level = unpack(batch.x)
        noise = batch.heat.y[:, :3] - details
        torch.testing.assert_close(batch.heat.y[:, 3:], batch.x[:, 3:])
        ratio = noise.square().mean((1, 2, 3)) / batch.heat.t
        assert float(ratio.mean()) == pytest.approx(1.0, abs=0.15)
        assert float(batch.heat.t.max()) <= 1.0 / 4 ** float(level[0])
    assert torch.isfinite(trainer.take_step()).all()


def test_a_few_steps_improve_on_the_anchor() -> None:
    trainer = ConditionalTrainer(config(), Contrasts(), most=200)
    x = Contrasts().sample(32, torch.Generator().manual_seed(5))
    before = details_nll(trainer.conditional, x, 0, T0, count=9)
    while trainer.step < trainer.config.steps:
        trainer.take_step()
    after = details_nll(trainer.conditional, x, 0, T0, count=9)
    assert after.i_mmse < before.i_mmse - 0.1
    assert after.energy < before.energy - 0.1


def test_wrong_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="even side"):
        ConditionalModelConfig(noise=NOISE, image_shape=(1, 31, 31))
    with pytest.raises(ValueError, match="3 channels"):
        ConditionalModelConfig(noise=NOISE, image_shape=(1, 32, 32), channels=3)


def test_the_direct_score_learns_too() -> None:
    """As a denoiser it removes more noise than the best Gaussian, and what it learns is no energy's time score."""
    trainer = ConditionalTrainer(config(), Contrasts(), direct=True)
    losses = [trainer.take_step() for _ in range(60)]
    assert all(loss[1] == 0 for loss in losses)
    model = trainer.conditional
    coarse, details = haar(Contrasts().sample(64, torch.Generator().manual_seed(1)))
    coarse, t = coarse / 2, torch.full((64,), 1e-3)
    noise = t.sqrt().view(-1, 1, 1, 1) * torch.randn(details.shape, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        score = model.direct_score(details + noise, t, coarse, torch.zeros(64))
    denoised = details + noise + t.view(-1, 1, 1, 1) * score
    torch.nn.init.zeros_(model.output.weight)
    gaussian = model.denoise(details + noise, t, coarse, torch.zeros(64))
    assert (denoised - details).square().mean() < 0.95 * (gaussian - details).square().mean()
