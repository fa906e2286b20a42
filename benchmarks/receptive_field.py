"""How far does an image's structure reach? Conditional energies of different receptive fields, trained alike.

    python -m benchmarks.receptive_field --data PATH      # photographs of 192 pixels or more

All networks have the same number of layers, of which so many are 3 x 3 convolutions, the wide ones dilated, as the
receptive field asks for; the others are 1 x 1. The smaller a field, the fewer weights: a wider network with the same
number of weights would be the other way to compare. After Kadkhodaie, Guth, Mallat and Simoncelli 2023 (arXiv
2303.02984), who find that 9 x 9 positions are nearly enough once the coarse image is given.
"""

from __future__ import annotations

import time
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


def main(
    data: Annotated[str, typer.Option(help="Data set of photographs of 192 pixels or more.")],
    steps: int = 600,
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
        began = time.process_time()
        trainer = ConditionalTrainer(config, PixelSource(training.pixels, config.values, config.flip))
        while trainer.step < steps:
            trainer.take_step()
        minutes = (time.process_time() - began) / 60
        model = trainer.conditional
        x = config.values.dequantized(pixels, torch.Generator().manual_seed(1))
        bits = details_nll(model, x, 0, _NOISE.t0).bits_per_pixel(config.values.levels)
        weights = sum(parameter.numel() for parameter in model.parameters())
        estimates = [bits[name] for name in ("i_mmse", "energy", "gaussian")]
        rows.append([model.config.receptive_field, weights, *estimates, minutes])
        typer.echo(f"  {field}: {bits['i_mmse']:.3f} bits a pixel", err=True)
    bits_columns = dict.fromkeys(("I-MMSE, bits/pixel", "energy", "linear prediction"), ".3f")
    columns = {"receptive field": "", "weights": ",", **bits_columns, "CPU minutes": ".1f"}
    title = f"Details of {len(pixels)} photographs of {_SIZE} pixels, {steps:,} steps"
    report("receptive-field", measured(title, columns, rows), write)


if __name__ == "__main__":
    typer.run(main)
