"""Does an energy cost denoising quality? The same U-Net trained as a plain denoiser and as an energy.

    python -m benchmarks.energy_vs_score                                  # on the built-in photographs
    python -m benchmarks.energy_vs_score --data PATH_OF_TINY_IMAGENET

Both networks read the same inputs and have the same weights but for the energy's few scalar terms. The score network
is free to output any vector field; the energy's is a gradient. It is trained twice: for as many steps as the energy,
and for as many minutes (a step of an energy needs the gradient of a gradient, and takes longer). The paper finds, on
color ImageNet64 at input 60 / 45 / 30 / 15 / 0 dB, 60.45 / 47.25 / 35.67 / 26.01 / 18.88 dB for the energy and
60.43 / 47.19 / 35.58 / 25.92 / 18.84 dB for the score network.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import typer
from torch import Tensor, nn

from benchmarks.result import Cell, WriteOption, measured, report
from benchmarks.steps import take_all_steps
from explorer.data.names import dataset_name
from explorer.data.sources import open_dataset
from explorer.models.dual import DualEnergy
from explorer.training.config import TrainingConfig, training_config
from explorer.training.objective import DualLosses
from explorer.training.sources import PixelSource
from explorer.training.trainer import Trainer
from explorer.units import noise_variance_from_psnr, psnr_from_noise_variance

_PSNRS = (60.0, 45.0, 30.0, 15.0, 0.0)
_SIZE = 16


class ScoreNetwork(nn.Module):
    """``sqrt(t) grad_y U`` of the Gaussian anchor, plus the U-Net's output carried back from whitened coordinates.

    It is `DualEnergy` with the first output of the U-Net read as the gradient itself and not as a factor of an inner
    product; the second, an energy of each pixel, is not used.

    Args:
        energy: gives network, anchor and embedding; its scalar terms are not used.
    """

    def __init__(self, energy: DualEnergy) -> None:
        super().__init__()
        self.parts = energy
        assert energy.radial is not None, "without amplitude the U-Net has no second output"
        for unused in (energy.radial, energy.offset):
            unused.requires_grad_(False)

    def forward(self, y: Tensor, t: Tensor) -> Tensor:
        parts = self.parts
        sigma = t.sqrt().view(-1, 1, 1, 1)
        network = parts.precondition(y, t)
        total = (parts.gaussian.variances + sigma.square()).sqrt()
        output, _ = parts.unet(network.images, network.embedding).chunk(2, 1)
        correction = parts.gaussian.synthesize(parts.gaussian.coefficients(output + parts.gaussian.mean) / total)
        gaussian = parts.gaussian.synthesize(network.z / total)
        return sigma * (gaussian + network.weight.view(-1, 1, 1, 1) * correction)


def denoising_losses(network: Callable[[Tensor, Tensor], Tensor], x: Tensor, eps: Tensor, t: Tensor) -> DualLosses:
    """The space loss of a network that gives ``sqrt(t) grad_y U`` itself; it has no time score, and no loss for it."""
    error = network(x + t.sqrt().view(-1, 1, 1, 1) * eps, t) - eps
    space = error.square().flatten(1).mean(1)
    return DualLosses(space, torch.zeros_like(space))


def _denoised(scaled_gradient: Callable[[Tensor, Tensor], Tensor], x: Tensor) -> list[float]:
    """PSNR after denoising at each of `_PSNRS`, the same noise for every network."""
    results = []
    for psnr in _PSNRS:
        generator = torch.Generator().manual_seed(4)
        t = float(noise_variance_from_psnr(psnr))
        errors = []
        for part in torch.split(x, 200):
            eps = torch.randn(part.shape, generator=generator)
            error = scaled_gradient(part + t**0.5 * eps, torch.full((len(part),), t)) - eps
            errors.append(t * error.square().flatten(1).mean(1))
        results.append(float(psnr_from_noise_variance(float(torch.cat(errors).mean()))))
    return results


def main(
    data: str = "photos",
    steps: int = 4000,
    images: int = 1000,
    seed: int = 0,
    threads: int = 1,
    write: WriteOption = False,
) -> None:
    """Train the three networks and print denoised PSNR side by side."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    shape = (1, _SIZE, _SIZE)
    training: np.ndarray = open_dataset(data, shape, "train").pixels
    validation: np.ndarray = open_dataset(data, shape, "validation").pixels[:images]
    config: TrainingConfig = training_config(
        "energy",
        data,
        size=_SIZE,
        model_size="small",
        steps=steps,
        learning_rate=3e-3,
        seed=seed,
        compile=True,
        device="cpu",
    )
    source = PixelSource(training, config.values, config.flip)
    x = config.values.dequantized(torch.from_numpy(np.array(validation)), torch.Generator().manual_seed(5))

    trainer = Trainer(config, source)
    energy_minutes = take_all_steps(trainer, "energy")
    energy = trainer.averaged
    assert isinstance(energy, DualEnergy)

    def of_energy(y: Tensor, t: Tensor) -> Tensor:
        return -t.sqrt().view(-1, 1, 1, 1) * energy.derivatives(y, t).score

    rows: list[list[Cell]] = [["energy", steps, energy_minutes, *_denoised(of_energy, x)]]
    score_minutes = 0.0
    for name in ("score, equal steps", "score, equal time"):
        count = steps if score_minutes == 0 else round(steps * energy_minutes / score_minutes)
        own = config.model_copy(update={"steps": count, "heat_weight": 0.0})  # the heat equation is one for energies
        start = Trainer(own, source).model
        assert isinstance(start, DualEnergy)
        network = ScoreNetwork(start)
        trainer = Trainer(own, source, network, denoising_losses)
        score_minutes = take_all_steps(trainer, name)
        with torch.no_grad():
            rows.append([name, count, score_minutes, *_denoised(trainer.averaged, x)])
    columns = {"network": "", "steps": ",", "CPU minutes": ".1f", **{f"{psnr:g} dB": ".2f" for psnr in _PSNRS}}
    title = f"PSNR of {len(x):,} denoised {_SIZE} x {_SIZE} images of {dataset_name(data)}, by that of the input"
    report("energy-vs-score", measured(title, columns, rows), write)


if __name__ == "__main__":
    typer.run(main)
