"""The step: its gradient, its losses, its precision."""

from pathlib import Path

import torch

from explorer.measures.consistency.heat import heat_residuals
from explorer.measures.image.dimensionality import flipd, flipd_by_trace
from explorer.training.trainer import Trainer
from tests.training.bars import bars, config, pixels


def test_micro_batches_give_the_gradient_of_the_whole_batch() -> None:
    whole, parts = Trainer(config(), bars(config())), Trainer(config(), bars(config()))
    parts.micro_batch = 5
    torch.testing.assert_close(whole.take_step(), parts.take_step(), rtol=1e-5, atol=0)
    for first, second in zip(whole.model.parameters(), parts.model.parameters(), strict=True):
        torch.testing.assert_close(first.grad, second.grad, rtol=1e-3, atol=1e-6)


def test_the_heat_loss_lowers_the_residual_at_clean_images(home: Path) -> None:
    def disagreement(weight: float) -> float:
        trainer = Trainer(config(steps=80, learning_rate=1e-2, heat_weight=weight), bars(config()))
        while trainer.step < 80:
            trainer.take_step()
        x = trainer.config.values.centers(torch.from_numpy(pixels(20, 1)))
        readings = flipd(trainer.averaged, x, 0.1), flipd_by_trace(trainer.averaged, x, 0.1, None)[0]
        return float((readings[0] - readings[1]).abs().mean())

    assert disagreement(1.0) < 0.5 * disagreement(0.0)


def test_the_heat_loss_looks_where_it_is_told() -> None:
    def noise_shares(**settings: float) -> torch.Tensor:
        """Noise variance of the points of the heat loss over that of their level, one value an image."""
        trainer = Trainer(config(batch_size=400, heat_share=0.5, **settings), bars(config()))
        batch = trainer.batch(0)
        noise = batch.heat.y - batch.x[:200]
        assert len(noise) == len(batch.heat.t) == 200
        return noise.square().mean((1, 2, 3)) / batch.heat.t

    usual, noisy = noise_shares(), noise_shares(heat_noisy=1.0)
    assert 0.4 < float((usual == 0).float().mean()) < 0.6
    assert 0.2 < float(usual.mean()) < 0.3
    assert 0.97 < float(noisy.mean()) < 1.03
    assert float(noisy.min()) > 0.4


def test_the_heat_loss_at_noisy_images_lowers_the_residual_there() -> None:
    def residual(weight: float) -> float:
        trainer = Trainer(
            config(steps=80, learning_rate=1e-2, heat_weight=weight, heat_share=0.5, heat_noisy=1.0), bars(config())
        )
        while trainer.step < 80:
            trainer.take_step()
        x = trainer.config.values.centers(torch.from_numpy(pixels(20, 1)))
        return max(level.rms for level in heat_residuals(trainer.averaged, x, [1e-3, 1e-2, 1e-1], None))

    assert residual(10.0) < 0.5 * residual(0.0)


def test_bfloat16_layers_train_a_model_of_float32() -> None:
    exact, fast = Trainer(config(), bars(config())), Trainer(config(bfloat16=True), bars(config()))
    for trainer in (exact, fast):
        for _ in range(3):  # the first moves the output layer away from zero
            trainer.take_step()
    gradients = [torch.cat([p.grad.flatten() for p in trainer.model.parameters()]) for trainer in (exact, fast)]
    assert float(torch.cosine_similarity(*gradients, dim=0)) > 0.99
    assert all(parameter.dtype == torch.float32 for parameter in fast.model.parameters())
    assert fast.model.unet.convolution_dtype == torch.bfloat16
    assert fast.averaged.unet.convolution_dtype == torch.float32


def test_a_state_from_before_the_first_step_is_whole(tmp_path: Path) -> None:
    Trainer(config(), bars(config())).save(tmp_path / "state.safetensors")
    resumed, fresh = Trainer(config(), bars(config())), Trainer(config(), bars(config()))
    resumed.restore(tmp_path / "state.safetensors")
    torch.testing.assert_close(resumed.take_step(), fresh.take_step(), rtol=0, atol=0)
