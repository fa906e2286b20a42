"""How far does an image's structure reach? Conditional energies of different receptive fields, trained alike.

    python -m benchmarks.receptive_field --data PATH      # photographs of 192 pixels or more

All networks have eight layers of one width. From 13 positions on they differ in nothing but the dilations of four
3 x 3 convolutions, so that depth and weights, which a short training punishes or rewards, are the same; the two
smallest fields have room for two of them, or none, and 1 x 1 convolutions for the rest. All see the same images and
the same noise, in training and in validation, so that their differences are known better than the NLL itself: the
standard error is that of the difference over groups of validation images, and says nothing of another training.

What was measured of a network is kept in a folder, where one is given, and not measured again.

After Kadkhodaie, Guth, Mallat and Simoncelli 2023 (arXiv 2303.02984), who find that 9 x 9 positions are nearly enough
once the coarse image is given.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import torch
import typer
from torch import Tensor

from benchmarks.result import Cell, WriteOption, measured, report
from explorer.data.sources import open_dataset
from explorer.data.store import Store
from explorer.data.views import Views
from explorer.home import write_atomically
from explorer.measures.dataset.scales_nll import details_nll
from explorer.models.dual import NoiseRange
from explorer.training.conditional import ConditionalConfig, ConditionalModelConfig, ConditionalTrainer
from explorer.training.sources import PixelSource

_SIZE = 96
_NOISE = NoiseRange(t_min=6.3e-8, t0=3.162e-7, t_max=1.0)
# 5 + twice the sum is the receptive field, in positions of the details.
_DILATIONS = {
    5: (0, 0, 0, 0),
    9: (1, 1, 0, 0),
    13: (1, 1, 1, 1),
    23: (1, 2, 3, 3),
    43: (1, 3, 6, 9),
}
_ESTIMATES = ("i_mmse", "energy", "gaussian")
_GROUP = 8  # validation images whose NLL is one value


class _Network(NamedTuple):
    """One of the networks, trained.

    Attributes:
        weights: their number.
        bits: name of an estimate -> bits/pixel of the details of each group of validation images.
    """

    weights: int
    bits: dict[str, list[float]]


def main(
    data: Annotated[str, typer.Option(help="Data set of photographs of 192 pixels or more.")],
    steps: int = 1000,
    width: int = 32,
    images: int = 64,
    fields: str = "5,9,13,23,43",
    threads: int = 1,
    bfloat16: bool = False,
    kept: Annotated[Path | None, typer.Option(help="Folder of what was measured; goes on from there.")] = None,
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
        config = ConditionalConfig(
            name=f"field-{field}",
            dataset=data,
            model=ConditionalModelConfig(
                noise=_NOISE, image_shape=shape, width=width, dilations=(*_DILATIONS[field], 0, 0, 0, 0)
            ),
            steps=steps,
            batch_size=8,
            learning_rate=3e-3,
            time_weight=3.0,
            ema_decay=0.99,
            bfloat16=bfloat16,
        )
        found = _kept(kept, config, training, pixels)
        i_mmse, energy, gaussian = (np.array(found.bits[name]) for name in _ESTIMATES)
        change, error = (None, None) if before is None else _mean_and_error(i_mmse - before)
        before = i_mmse
        averages = [float(each.mean()) for each in (i_mmse, energy, gaussian)]
        rows.append([config.model.receptive_field, found.weights, averages[0], change, error, *averages[1:]])
        typer.echo(f"  {field}: {averages[0]:.3f} bits/pixel", err=True)
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


def _kept(folder: Path | None, config: ConditionalConfig, training: Store, pixels: Tensor) -> _Network:
    """What was measured of this network, or is measured now."""
    if folder is None:
        return _measure(config, training, pixels)
    content = f"{config.model_dump_json()} {training.fingerprint} {len(pixels)}"
    path = folder / f"{hashlib.sha256(content.encode()).hexdigest()[:16]}.json"
    if path.is_file():
        return _Network(**json.loads(path.read_text(encoding="utf-8")))
    found = _measure(config, training, pixels)
    with write_atomically(path) as temporary:
        temporary.write_text(json.dumps(found._asdict()), encoding="utf-8")
    return found


def _measure(config: ConditionalConfig, training: Store, pixels: Tensor) -> _Network:
    trainer = ConditionalTrainer(config, PixelSource(training.pixels, config.values, config.flip))
    while trainer.step < config.steps:
        trainer.take_step()
    model = trainer.conditional
    x = config.values.dequantized(pixels, torch.Generator().manual_seed(1))
    found = [
        details_nll(model, part, 0, _NOISE.t0, seed=seed).bits_per_pixel(config.values.levels)
        for seed, part in enumerate(torch.split(x, _GROUP))
    ]
    weights = sum(parameter.numel() for parameter in model.parameters())
    return _Network(weights, {name: [each[name] for each in found] for name in _ESTIMATES})


def _mean_and_error(values: np.ndarray) -> tuple[float, float]:
    """Mean and its standard error."""
    return float(values.mean()), float(values.std(ddof=1) / len(values) ** 0.5)


if __name__ == "__main__":
    typer.run(main)
