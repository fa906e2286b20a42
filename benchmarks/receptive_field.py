"""How far does an image's structure reach? Conditional energies of different receptive fields, trained alike.

    python -m benchmarks.receptive_field --data PATH      # photographs of 192 pixels or more

All networks have the same number of layers, of which so many are 3 x 3 convolutions, the wide ones dilated, as the
receptive field asks for; the others are 1 x 1. The smaller a field, the fewer weights: a wider network with the same
number of weights would be the other way to compare. All see the same images and the same noise, in training and in
validation, so that their differences are known better than the NLL itself: the standard error is that of the
difference over groups of validation images, and says nothing of another training. With --write the table is kept
anew whenever a network is trained.

After Kadkhodaie, Guth, Mallat and Simoncelli 2023 (arXiv 2303.02984), who find that 9 x 9 positions are nearly enough
once the coarse image is given.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import torch
import typer

from benchmarks.result import Cell, WriteOption, measured, report
from explorer.data.sources import open_dataset
from explorer.data.views import Views
from explorer.measures.dataset.scales_nll import details_nll
from explorer.models.dual import NoiseRange
from explorer.training.conditional import ConditionalConfig, ConditionalModelConfig, ConditionalTrainer
from explorer.training.sources import PixelSource

_SIZE = 96
_NOISE = NoiseRange(t_min=6.3e-8, t0=3.162e-7, t_max=1.0)
_LAYERS = 8
# 5 + twice the sum is the receptive field, in positions of the details.
_DILATIONS = {
    5: (),
    9: (1, 1),
    13: (1, 1, 1, 1),
    23: (1, 1, 1, 1, 1, 1, 1, 2),
    43: (1, 1, 2, 2, 3, 3, 3, 4),
}
_ESTIMATES = ("i_mmse", "energy", "gaussian")
_GROUP = 8  # validation images whose NLL is one value


def main(
    data: Annotated[str, typer.Option(help="Data set of photographs of 192 pixels or more.")],
    steps: int = 1000,
    width: int = 32,
    images: int = 64,
    fields: str = "5,9,13,23,43",
    threads: int = 1,
    bfloat16: bool = False,
    write: WriteOption = False,
) -> None:
    """Train one conditional energy for each receptive field and print the NLL of the details at level 0."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    shape = (1, _SIZE, _SIZE)
    training = open_dataset(data, shape, "train", views=Views(3, 2.0))
    pixels = torch.from_numpy(np.array(open_dataset(data, shape, "validation", limit=images).pixels))
    rows: list[list[Cell]] = []
    before: np.ndarray | None = None
    for field in (int(part) for part in fields.split(",")):
        dilations = _DILATIONS[field] + (0,) * (_LAYERS - len(_DILATIONS[field]))
        config = ConditionalConfig(
            name=f"field-{field}",
            dataset=data,
            model=ConditionalModelConfig(noise=_NOISE, image_shape=shape, width=width, dilations=dilations),
            steps=steps,
            batch_size=8,
            learning_rate=3e-3,
            time_weight=3.0,
            ema_decay=0.99,
            bfloat16=bfloat16,
        )
        trainer = ConditionalTrainer(config, PixelSource(training.pixels, config.values, config.flip))
        while trainer.step < steps:
            trainer.take_step()
        model = trainer.conditional
        x = config.values.dequantized(pixels, torch.Generator().manual_seed(1))
        found = [
            details_nll(model, part, 0, _NOISE.t0, seed=seed).bits_per_pixel(config.values.levels)
            for seed, part in enumerate(torch.split(x, _GROUP))
        ]
        i_mmse, energy, gaussian = (np.array([each[name] for each in found]) for name in _ESTIMATES)
        change, error = (None, None) if before is None else _mean_and_error(i_mmse - before)
        before = i_mmse
        weights = sum(parameter.numel() for parameter in model.parameters())
        averages = [float(each.mean()) for each in (i_mmse, energy, gaussian)]
        rows.append([model.config.receptive_field, weights, averages[0], change, error, *averages[1:]])
        columns = {
            "receptive field": "",
            "weights": ",",
            "I-MMSE, bits/pixel": ".3f",
            "change from the field before": "+.4f",
            "its standard error": ".4f",
            "energy": ".3f",
            "linear prediction": ".3f",
        }
        title = f"Details of {len(pixels)} photographs of {_SIZE} pixels given the coarse image, {steps:,} steps"
        report("receptive-field", measured(title, columns, rows), write)


def _mean_and_error(values: np.ndarray) -> tuple[float, float]:
    """Mean and its standard error."""
    return float(values.mean()), float(values.std(ddof=1) / len(values) ** 0.5)


if __name__ == "__main__":
    typer.run(main)
