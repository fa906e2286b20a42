"""A multi-scale density: code lengths against codecs, time and memory by size, and a known density.

    python -m benchmarks.large bits CHECKPOINT --data PATH   # bits a pixel at 64, 128, ... of validation photographs
    python -m benchmarks.large time CHECKPOINT               # seconds and memory of one log p as the image grows
    python -m benchmarks.large truth                         # trained on 1/f^2 Gaussian images, against the closed form

CHECKPOINT is a multi-scale checkpoint, PATH a data set, of which the largest middle squares are taken.
What a codec or a model needs depends on how sharp the pixels are: give photographs that are at least twice as large as
the largest size, or that were shrunk to it.
"""

from __future__ import annotations

import math
import resource
import time
from typing import Annotated

import numpy as np
import torch
import typer
from torch import Tensor

from benchmarks.result import Cell, WriteOption, measured, report
from explorer.data.sources import open_dataset
from explorer.measures.dataset.scales_nll import details_nll
from explorer.measures.image.codecs import lossless_bits
from explorer.models.checkpoints import load_checkpoint
from explorer.models.dual import NoiseRange
from explorer.models.multiscale import MultiscaleDensity
from explorer.models.stationary import StationaryGaussian, power_law_spectrum
from explorer.training.conditional import ConditionalConfig, ConditionalModelConfig, ConditionalTrainer

_app = typer.Typer(add_completion=False, help=__doc__)

_TRUTH = NoiseRange(t_min=2e-6, t0=1e-5, t_max=10.0)
_BASE = 16


@_app.command()
def bits(
    checkpoint: str,
    data: Annotated[str, typer.Option(help="Data set; its validation part is used.")],
    sizes: str = "64,128,256",
    images: int = 32,
    threads: int = 2,
    write: WriteOption = False,
) -> None:
    """Bits a pixel of whole images: the model by its energy, by scale with both estimates, and lossless codecs."""
    torch.set_num_threads(threads)
    loaded = load_checkpoint(checkpoint, "cpu")
    model, values = loaded.multiscale, loaded.values
    channels = model.image_shape[0]
    whole: list[list[Cell]] = []
    scales: list[list[Cell]] = []
    for size in (int(part) for part in sizes.split(",")):
        pixels = np.array(open_dataset(data, (channels, size, size), "validation", limit=images).pixels)
        x = values.dequantized(torch.from_numpy(pixels), torch.Generator().manual_seed(0))
        d = x[0].numel()
        nats = -torch.cat([model.log_prob(part) for part in torch.split(x, 4)]).mean()
        code = float(nats) / math.log(2) / d + math.log2(values.levels)
        codecs = dict.fromkeys(("JPEG XL", "WebP", "PNG"), 0.0)
        for image in pixels:
            for name, size_in_bits in lossless_bits(image).items():
                codecs[name] += size_in_bits / d / len(pixels)
        ratio = f"{code / codecs['JPEG XL'] - 1:+.1%}"
        whole.append([size, len(x), code, *codecs.values(), ratio])
        for level in range(model.levels(size, size)):
            found = details_nll(model.step(level), x, level, model.t0).bits_per_pixel(values.levels)
            scales.append([size, level, *(found[name] for name in ("energy", "i_mmse", "gap", "gaussian"))])
    columns = {"size": "", "images": ",", **dict.fromkeys(("model", "JPEG XL", "WebP", "PNG"), ".3f")}
    title = "Whole images, bits/dimension"
    report("multiscale-bits", measured(title, columns | {"model against JPEG XL": ""}, whole), write)
    columns = {"size": "", "level": "", **dict.fromkeys(("energy", "I-MMSE", "gap", "linear prediction"), ".3f")}
    report("multiscale-scales", measured("Details by scale, bits/dimension", columns, scales), write)


@_app.command("time")
def seconds(
    checkpoint: str, sizes: str = "64,128,256,512,1024,2048", threads: int = 2, write: WriteOption = False
) -> None:
    """Seconds of one log p, best of three, and the largest memory of the process so far."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    model = load_checkpoint(checkpoint, "cpu").multiscale
    rows: list[list[Cell]] = []
    for size in (int(part) for part in sizes.split(",")):
        x = torch.rand(1, model.image_shape[0], size, size)
        best = math.inf
        for _ in range(3):
            began = time.perf_counter()
            model.log_prob(x)
            best = min(best, time.perf_counter() - began)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append([size, best, 1e6 * best / size**2, memory])
    columns = {"size": "", "seconds": ".3f", "microseconds per pixel": ".2f", "memory, MB": ",.0f"}
    report("multiscale-time", measured("One log p as the image grows", columns, rows), write)


@_app.command()
def truth(
    size: int = 64,
    steps: int = 1500,
    width: int = 32,
    layers: int = 8,
    threads: int = 1,
    write: WriteOption = False,
) -> None:
    """RMS error of log p, in dB/dimension, of a conditional energy trained on stationary Gaussian images.

    One network serves all levels and the base is exact. The images are periodic, and the network does not know it: what
    the other side says of a border is a part of the error.
    """
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    whole = StationaryGaussian(power_law_spectrum(size, 0.05), 0.5, _TRUTH.t0)
    architecture = ConditionalModelConfig(
        noise=_TRUTH, image_shape=(1, size, size), width=width, dilations=(1,) * layers, most_levels=4
    )
    settings = {"steps": steps, "batch_size": 8, "learning_rate": 3e-3, "requantized": 0.0, "decay_fraction": 0.8}
    config = ConditionalConfig(name="truth", dataset="", model=architecture, **settings)
    trainer = ConditionalTrainer(config, _Float(whole))
    base = whole
    while base.image_shape[1] > _BASE:
        base = base.halved()
    x = whole.sample(64, torch.Generator().manual_seed(1))
    y = x + _TRUTH.t0**0.5 * torch.randn(x.shape, generator=torch.Generator().manual_seed(2), dtype=x.dtype)
    exact = whole.log_prob(y)
    rows: list[list[Cell]] = []
    while True:
        if trainer.step % max(1, steps // 6) == 0:
            model = MultiscaleDensity(base.float(), [trainer.conditional], _TRUTH.t0, size)
            error = (model.log_prob(y.float()).double() - exact) * (10 / math.log(10) / size**2)
            rows.append([trainer.step, float(error.square().mean().sqrt()), float(error.mean())])
            typer.echo(f"  step {trainer.step:,}: mean error {error.mean():+.4f} dB/dimension", err=True)
        if trainer.step == steps:
            break
        trainer.take_step()
    columns = {"step": ",", "RMS error, dB/dimension": ".4f", "mean error": "+.4f"}
    report("multiscale-truth", measured(f"1/f² Gaussian images, {size} x {size}", columns, rows), write)


class _Float:
    """Fresh images of a distribution in float32, as training has them."""

    def __init__(self, distribution: StationaryGaussian) -> None:
        self._distribution = distribution

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Independent images."""
        return self._distribution.sample(count, generator).float()

    def statistics(self, most: int, generator: torch.Generator) -> Tensor:
        """Independent images, at most 500."""
        return self.sample(min(most, 500), generator)


if __name__ == "__main__":
    _app()
