"""Are images self-similar enough for one network to serve all scales? One network against one for each scale.

    python -m benchmarks.one_network --data PATH      # photographs of 192 pixels or more

Both have as many weights: the networks of a scale each are narrower. Each of them takes as many steps as the one that
serves all, so that they see more images of their scale than it does; what they still lose is due to their size.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
import typer
from torch import Tensor

from benchmarks.result import Cell, WriteOption, measured, report
from explorer.data.sources import open_dataset
from explorer.data.views import Views
from explorer.images import Values
from explorer.measures.dataset.scales_nll import details_nll
from explorer.models.conditional import ConditionalEnergy
from explorer.models.dual import NoiseRange
from explorer.training.conditional import ConditionalConfig, ConditionalModelConfig, ConditionalTrainer, unpack
from explorer.training.sources import ImageSource, PixelSource

_SIZE = 96
_NOISE = NoiseRange(t_min=6.3e-8, t0=3.162e-7, t_max=1.0)
_SCALES = 3  # an image of 96 pixels is halved so often in training
_LAYERS = 8


def main(
    data: Annotated[str, typer.Option(help="Data set of photographs of 192 pixels or more.")],
    steps: int = 1000,
    width: int = 32,
    images: int = 64,
    threads: int = 1,
    bfloat16: bool = False,
    write: WriteOption = False,
) -> None:
    """Train both and print the NLL of the details by scale."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    shape = (1, _SIZE, _SIZE)
    training = open_dataset(data, shape, "train", views=Views(3, 2.0))
    pixels = torch.from_numpy(np.array(open_dataset(data, shape, "validation", limit=images).pixels))
    x = Values().dequantized(pixels, torch.Generator().manual_seed(1))

    def trained(width: int, level: int | None) -> ConditionalEnergy:
        config = ConditionalConfig(
            name="one-network",
            dataset=data,
            model=_architecture(width),
            steps=steps,
            batch_size=8,
            learning_rate=3e-3,
            time_weight=3.0,
            ema_decay=0.99,
            bfloat16=bfloat16,
        )
        trainer = ConditionalTrainer(config, PixelSource(training.pixels, config.values, config.flip))
        if level is not None:
            trainer.source = _OfLevel(trainer.source, level)
        while trainer.step < steps:
            trainer.take_step()
        return trainer.conditional

    rows: list[list[Cell]] = []
    for name, count in (("one for all", 1), ("one a scale", _SCALES)):
        began = time.process_time()
        narrower = next(w for w in range(width, 0, -1) if count * _weights(w) <= _weights(width))
        networks = [trained(narrower, level if count > 1 else None) for level in range(count)]
        minutes = (time.process_time() - began) / 60
        found = [details_nll(networks[min(level, count - 1)], x, level, _NOISE.t0) for level in range(_SCALES)]
        bits = [nll.bits_per_pixel()["i_mmse"] for nll in found]
        energies = sum(nll.bits_per_pixel()["energy"] for nll in found)
        rows.append([name, narrower, count * _weights(narrower), *bits, sum(bits), energies, minutes])
    by_scale = {f"level {level}": ".3f" for level in range(_SCALES)}
    sums = {"sum": ".3f", "sum, energy": ".3f"}
    columns = {"networks": "", "width": "", "weights": ",", **by_scale, **sums, "CPU minutes": ".1f"}
    title = f"Details of {len(pixels)} photographs of {_SIZE} pixels by I-MMSE, bits/pixel; {steps:,} steps a network"
    report("one-network", measured(title, columns, rows), write)


def _architecture(width: int) -> ConditionalModelConfig:
    return ConditionalModelConfig(
        noise=_NOISE, image_shape=(1, _SIZE, _SIZE), width=width, dilations=(1,) * _LAYERS, embedding_dim=32
    )


def _weights(width: int) -> int:
    return sum(parameter.numel() for parameter in ConditionalEnergy(_architecture(width).architecture).parameters())


@dataclass(frozen=True, eq=False)
class _OfLevel:
    """Those samples of a source of Haar steps that are of one level."""

    steps: ImageSource
    level: int

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """One step of the level."""
        while True:
            packed = self.steps.sample(count, generator)
            if int(unpack(packed)[2][0]) == self.level:
                return packed

    def statistics(self, most: int, generator: torch.Generator) -> Tensor:
        """As of all levels."""
        return self.steps.statistics(most, generator)


if __name__ == "__main__":
    typer.run(main)
