"""Do models remember their training images? Own images beside fresh ones, and what comes back from noise.

python -m benchmarks.memorization --data PATH_OF_PHOTOGRAPHS

By `explorer.measures.wells`: log p of own minus fresh images, PSNR of denoised own minus fresh ones, and the share of
own images that the probability flow brings back from noise; for each also the exact density of all stored images, which
remembers everything.
"""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
import torch
import typer

from benchmarks.result import Cell, WriteOption, measured, report
from explorer.errors import ExplorerError
from explorer.images import Values
from explorer.measures.consistency.verdict import with_error
from explorer.measures.shared.noise import noise_generator
from explorer.measures.wells.own_and_fresh import OwnAndFresh, own_and_fresh
from explorer.measures.wells.recall import recall
from explorer.models.base import EnergyModel
from explorer.models.checkpoints import load_checkpoint
from explorer.models.memory import Memory
from explorer.training.own_images import OwnImages, open_own
from explorer.units import noise_variance_from_psnr

_MODELS = "natural64,natural64-n1000-a,natural64-n100-a"
_DENOISED = (30.0, 20.0, 10.0)  # dB
_BACK = (10.0, 0.0)
_STARTED = 12
_STEPS = 12


def main(
    data: Annotated[str, typer.Option(help="The photographs that the models were trained on.")],
    models: Annotated[str, typer.Option(help="Names of checkpoints.")] = _MODELS,
    limit: Annotated[int, typer.Option(help="Images of each kind.", min=16)] = 64,
    write: WriteOption = False,
) -> None:
    """Print a row for each model that was trained on the data, from so many images of each kind."""
    torch.set_flush_denormal(True)
    rows: list[list[Cell]] = []
    for name in models.split(","):
        checkpoint = load_checkpoint(name)
        images = open_own(checkpoint.config, data, checkpoint.model.image_shape, limit)
        if images is None:
            raise ExplorerError(f"The training images of {name} are not in {data}.")
        pictures = checkpoint.config.training.get("training_pictures")
        rows.append([name, pictures, *_row(checkpoint.model, checkpoint.values, images)])
        if name == models.split(",")[-1]:
            stored = checkpoint.values.centers(torch.from_numpy(images.own))
            exact = Memory(stored, t0=checkpoint.model.t_low)
            rows.append(["the images themselves, exact", len(images.own), *_row(exact, checkpoint.values, images)])
    columns = {"model": "", "training pictures": ",.0f", "log p, own minus fresh, bits/dimension": ""}
    columns["the same at 20 dB"] = ""
    columns |= {f"denoised at {psnr:.0f} dB, own minus fresh, dB": "" for psnr in _DENOISED}
    columns |= {f"back from {psnr:.0f} dB, own, %": ".0f" for psnr in _BACK}
    title = f"{limit} training images of each model beside {limit} fresh ones"
    report("memorization", measured(title, columns, rows), write)


def _row(model: EnergyModel, values: Values, images: OwnImages) -> list[Cell]:
    generator = noise_generator(1)
    own, fresh = (values.dequantized(torch.from_numpy(pixels), generator) for pixels in images)
    ts = [model.t_low, *(float(noise_variance_from_psnr(psnr)) for psnr in _DENOISED)]
    first, *others = own_and_fresh(model, own, fresh, ts)
    at_20 = others[_DENOISED.index(20.0)]
    per_bit = model.dimensions * math.log(2)
    places = (np.arange(_STARTED) * len(own) // _STARTED).tolist()
    starts = [float(noise_variance_from_psnr(psnr)) for psnr in _BACK]
    back = recall(model, values, images.own, places, starts, steps=_STEPS)
    return [
        *(with_error(each.difference / per_bit, each.error / per_bit, 3) for each in (first, at_20)),
        *map(_denoised, others),
        *(100 * each.share for each in back),
    ]


def _denoised(level: OwnAndFresh) -> str:
    """``10 log10 (mse of fresh / mse of own)`` and its error."""
    decibels = 10 / math.log(10)
    more = decibels * math.log(max(level.fresh_mse, 1e-12) / max(level.own_mse, 1e-12))
    errors = (level.fresh_mse_error / max(level.fresh_mse, 1e-12), level.own_mse_error / max(level.own_mse, 1e-12))
    return with_error(more, decibels * math.hypot(*errors), 2)


if __name__ == "__main__":
    typer.run(main)
