"""What a gradient buys: samplers by the images that they draw.

    python -m benchmarks.samplers                                       # natural64, 16 images, some minutes
    python -m benchmarks.samplers --model digits --count 64 --steps 15,30,60

For each sampler and number of steps: gradients per image, seconds, mean -log p of the samples and how far it is from
that of the data (which a right density and a right sampler make zero), and the error of the radial power spectrum: of
the clean samples against the data, root mean square over frequencies, in dB. `paper` is ancestral sampling with the
steps of Kadkhodaie and Simoncelli (2021), h0 = beta = 0.1; `late` starts where the model is its Gaussian.

Then the map of surprise: its seconds and its errors on one image. Run it with nothing else on the cores.
"""

from __future__ import annotations

import functools
import math
import time

import numpy as np
import torch
import typer
from torch import Tensor

from benchmarks.result import Cell, WriteOption, measured, report
from explorer.data.sources import open_dataset
from explorer.data.unseen import unseen_split
from explorer.measures.image.surprise import surprise
from explorer.measures.sampling.own_samples import own_samples
from explorer.measures.sampling.sample import follow, plan
from explorer.measures.sampling.samplers import SAMPLERS, ancestral
from explorer.measures.sampling.schedules import kadkhodaie_simoncelli_schedule
from explorer.measures.sampling.start import start
from explorer.measures.shared.noise import noise_generator
from explorer.models.checkpoints import Checkpoint, load_checkpoint

_IMAGES = 256  # of the data
_BETA = 0.1  # of the paper's steps; with its 0.01 they are ten times as many


def radial_spectrum(x: Tensor) -> np.ndarray:
    """Power of images ``(N, C, H, W)`` at 1 to H / 2 cycles an image, mean over images, channels and angles."""
    size = x.shape[-1]
    f = np.fft.fftfreq(size, 1 / size)
    ring = np.rint(np.hypot(f[:, None], f)).astype(int).ravel()
    power = torch.fft.fft2(x.double()).abs().square().mean((0, 1)).flatten().numpy()
    return (np.bincount(ring, power) / np.bincount(ring))[1 : size // 2 + 1]


def _unseen(checkpoint: Checkpoint, data: str) -> Tensor:
    """Clean images that are new to the model, dequantized."""
    source = data or checkpoint.config.dataset
    store = open_dataset(source, checkpoint.model.image_shape, unseen_split(source, checkpoint.config.dataset))
    pixels = torch.from_numpy(np.array(store.pixels[:_IMAGES]))
    return checkpoint.values.dequantized(pixels, noise_generator(1))


def main(
    model: str = "natural64",
    data: str = "",
    count: int = 16,
    steps: str = "30,60",
    samplers: str = ",".join((*SAMPLERS, "paper")),
    late: bool = True,
    threads: int = 2,
    write: WriteOption = False,
) -> None:
    """Print a table of samplers, and a line on the map of surprise."""
    torch.set_num_threads(threads)
    checkpoint = load_checkpoint(model)
    energy = checkpoint.model
    x = _unseen(checkpoint, data)
    true_spectrum = radial_spectrum(x)
    rows: list[list[Cell]] = []
    numbers = [int(part) for part in steps.split(",")]
    runs = [(name, k, False) for name in samplers.split(",") if name != "paper" for k in numbers]
    runs += [("flow", k, True) for k in numbers if late]
    runs += [("paper", 0, False)] if "paper" in samplers.split(",") else []
    for name, k, from_gaussian in runs:
        began = time.perf_counter()
        if name == "paper":
            ts = kadkhodaie_simoncelli_schedule(energy.t_max, energy.t_low, _BETA, _BETA)
            generator = noise_generator(0)
            y = start(energy, ts[0], count, generator)
            states = functools.partial(ancestral, beta=_BETA)(energy, y, ts, generator)
        else:
            states = follow(energy, plan(energy, name, k, late=from_gaussian), count)
        *_, state = states
        seconds = time.perf_counter() - began

        found = own_samples(energy, -state.energy, x, state.t)
        ratio = 10 * np.log10(radial_spectrum(state.denoised.cpu()) / true_spectrum)
        rows.append(
            [
                f"{name}, late" if from_gaussian else name,
                k or len(ts) - 1,
                state.gradients,
                seconds,
                f"{found.model:.3f} ± {found.model_error:.3f}",
                f"{found.difference:+.3f} ± {found.error:.3f}",
                float(math.sqrt(np.mean(ratio**2))),
            ]
        )
    began = time.perf_counter()
    shown = surprise(energy, x[:1], energy.t_low, energy.t_max)
    seconds = time.perf_counter() - began
    per_bit = energy.dimensions * math.log(2)
    code, draws, grid, own = (
        float(each) / per_bit for each in (shown.total, shown.draw_error, shown.grid_error, shown.energy)
    )
    note = (
        f"Map of surprise: {seconds:.2f} s for {len(shown.ts)} levels. -log p {code:.3f} bits/dimension "
        f"± {draws:.4f} (draws) ± {grid:.4f} (levels), by the energy {own:.3f}; "
        f"a single value ± {float(shown.value_error) / math.log(2):.2f} bits."
    )
    columns = {"sampler": "", "steps": ",", "gradients": ",", "seconds": ".1f"}
    columns |= {"-log p": "", "above the data": "", "spectrum, dB": ".2f"}
    title = f"{model}, {count} samples, {len(x)} images of data; -log p in bits/dimension"
    report("samplers", measured(title, columns, rows, [note]), write)


if __name__ == "__main__":
    typer.run(main)
