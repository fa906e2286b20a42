"""What a gradient buys: samplers by the images that they draw.

    python -m benchmarks.samplers --data natural64=PATH_OF_PHOTOGRAPHS --write     # minutes
    python -m benchmarks.samplers --time --threads 2                               # seconds for 16 images of natural64

Each sampler gets as many steps as a number of gradients per image allows. Mean -log p of what it draws is compared with
that of data with the same noise, which a right density and a right sampler make equal; and the radial power spectrum
of the clean samples with that of the data: root mean square of the ratio over frequencies, in dB. So few images differ
from each other, too: the row `data` compares as many images of the data with the others.

The second table follows data, samples of the flow and samples of MALA by exact Langevin moves at the smallest noise:
they leave the density of the model as it is, so that the three meet at its entropy.

With `--time` nothing is compared. Run it with nothing else on the cores.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Annotated

import numpy as np
import torch
import typer
from torch import Tensor

from benchmarks.result import Cell, WriteOption, measured, report
from explorer.data.sources import open_dataset
from explorer.data.unseen import unseen_split
from explorer.measures.sampling.own_samples import compare_log_prob, log_prob_with_noise
from explorer.measures.sampling.plan import follow, plan
from explorer.measures.sampling.sample import sample
from explorer.measures.sampling.samplers import SAMPLERS, gradients_needed, mala
from explorer.measures.shared.noise import noise_generator
from explorer.models.checkpoints import Checkpoint, load_checkpoint

_IMAGES = 256  # of the data
_COUNTS = {"digits": 128}  # samples; of other models `_COUNT`
_COUNT = 16
_COLUMNS = {"model": "", "sampler": "", "gradients": ",", "steps": ","}
_COLUMNS |= {"−log p, bits/dim": "", "above the data": "", "spectrum, dB": ".2f"}
_MOVES = (0, 10, 100, 400)
_FOLLOWED = "digits"  # larger images would take far more moves
_TIMED = ("natural64", 16, 60)  # model, images, steps


def radial_spectrum(x: Tensor) -> np.ndarray:
    """Power of images ``(N, C, H, W)`` at 1 to H / 2 cycles an image, mean over images, channels and angles."""
    size = x.shape[-1]
    f = np.fft.fftfreq(size, 1 / size)
    ring = np.rint(np.hypot(f[:, None], f)).astype(int).ravel()
    power = torch.fft.fft2(x.double()).abs().square().mean((0, 1)).flatten().numpy()
    return (np.bincount(ring, power) / np.bincount(ring))[1 : size // 2 + 1]


def spectrum_error(x: Tensor, data: Tensor) -> float:
    """Root mean square over frequencies of the ratio of two spectra in dB."""
    ratio = 10 * np.log10(radial_spectrum(x) / radial_spectrum(data))
    return float(math.sqrt(np.mean(ratio**2)))


def _unseen(checkpoint: Checkpoint, source: str, count: int) -> Tensor:
    """Clean images that are new to the model, dequantized."""
    store = open_dataset(source, checkpoint.model.image_shape, unseen_split(source, checkpoint.config.dataset))
    pixels = torch.from_numpy(np.array(store.pixels[:count]))
    return checkpoint.values.dequantized(pixels, noise_generator(1))


def _steps(sampler: str, gradients: int) -> int:
    """The most steps that a number of gradients per image allows."""
    return max(k for k in range(1, gradients + 1) if gradients_needed(sampler, k + 1) <= gradients)


def _rows(name: str, source: str, budgets: list[int]) -> Iterator[list[Cell]]:
    checkpoint, count = load_checkpoint(name, "cpu"), _COUNTS.get(name, _COUNT)
    model = checkpoint.model
    images = _unseen(checkpoint, source or checkpoint.config.dataset, _IMAGES)
    some, data = images[:count], images[count:]
    if len(data) < count:
        some, data = images[: len(images) // 3], images[len(images) // 3 :]
    reference = log_prob_with_noise(model, data, model.t_low)

    def row(sampler: str, gradients: int | None, steps: int | None, log_prob: Tensor, clean: Tensor) -> list[Cell]:
        found = compare_log_prob(log_prob, reference, model.dimensions, model.t_low)
        numbers = (f"{found.model:.3f} ± {found.model_error:.3f}", f"{found.difference:+.3f} ± {found.error:.3f}")
        signed = (number.replace("-", "−") for number in numbers)
        return [name, sampler, gradients, steps, *signed, spectrum_error(clean, data)]

    yield row("data", None, None, log_prob_with_noise(model, some, model.t_low, seed=1), some)
    for budget in budgets:
        for sampler in SAMPLERS:
            steps = _steps(sampler, budget)
            drawn = sample(model, count, sampler=sampler, steps=steps)
            yield row(sampler, gradients_needed(sampler, steps + 1), steps, drawn.log_prob, drawn.images)
    late = sample(model, count, steps=_steps("flow", budgets[-1]), late=True)
    assert late.trace is not None
    way = late.trace.plan
    yield row("flow, late start", way.gradients, len(way.ts) - 1, late.log_prob, late.images)


def _followed(name: str) -> Iterator[list[Cell]]:
    """Mean -log p after so many moves, in bits/dimension, from three beginnings."""
    checkpoint, count = load_checkpoint(name, "cpu"), _COUNTS.get(name, _COUNT)
    model, generator = checkpoint.model, noise_generator(2)
    *_, drawn = follow(model, plan(model, "mala", 60), count)
    x = _unseen(checkpoint, checkpoint.config.dataset, count)
    noisy = x + math.sqrt(drawn.t) * torch.randn(x.shape, generator=generator)
    for what, y in (("data", noisy), ("flow, 60 steps", sample(model, count).y), ("MALA, 60 steps", drawn.y)):
        states = mala(model, y, [drawn.t] * max(_MOVES), generator, step=drawn.step)
        energies = [-model.log_prob(y, drawn.t), *(state.energy for state in states)]
        yield [name, what, *(_mean(energies[moves], model.dimensions) for moves in _MOVES)]


def _mean(nats: Tensor, dimensions: int) -> str:
    bits = nats.double() / (dimensions * math.log(2))
    return f"{bits.mean():.3f} ± {bits.std() / math.sqrt(len(bits)):.3f}".replace("-", "−")


def _print_times() -> None:
    """Seconds for images of a model, by sampler."""
    name, count, steps = _TIMED
    model = load_checkpoint(name, "cpu").model
    sample(model, count, steps=1)  # the first gradient is slower
    for sampler, late in (*((sampler, False) for sampler in SAMPLERS), ("flow", True)):
        began = time.perf_counter()
        way = plan(model, sampler, steps, late=late)
        sample(model, count, sampler=sampler, steps=steps, late=late)
        what = f"{sampler}, late start" if late else sampler
        typer.echo(f"{name}, {count} images, {what}: {way.gradients} gradients, {time.perf_counter() - began:.1f} s")


def main(
    models: Annotated[str, typer.Option(help="Names of models, separated by commas.")] = "digits,natural64",
    data: Annotated[list[str] | None, typer.Option(help="MODEL=DATA, where its own data are not offered.")] = None,
    gradients: Annotated[str, typer.Option(help="Per image, separated by commas.")] = "60,120",
    time_only: Annotated[bool, typer.Option("--time", help="Seconds alone.")] = False,
    threads: int = 1,
    write: WriteOption = False,
) -> None:
    """Print a table of samplers."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    if time_only:
        _print_times()
        return
    sources = dict(each.split("=", 1) for each in data or [])
    budgets = [int(part) for part in gradients.split(",")]
    rows = [row for name in models.split(",") for row in _rows(name, sources.get(name, ""), budgets)]
    title = f"Samples against up to {_IMAGES} images of the data that the model was not trained on"
    report("samplers", measured(title, _COLUMNS, rows), write)
    title = "Mean −log p in bits/dimension after so many exact Langevin moves at the smallest noise"
    columns = {"model": "", "from": ""} | {f"{moves} moves": "" for moves in _MOVES}
    report("samplers-followed", measured(title, columns, list(_followed(_FOLLOWED))), write)


if __name__ == "__main__":
    typer.run(main)
