"""Conditionally log-concave? The smallest curvature of details given the coarse image, and of whole images."""

from __future__ import annotations

import math

import numpy as np
import torch
import typer

from benchmarks.large.photographs import DataOption, LabelOption, ShrinkOption, SplitOption, photographs
from benchmarks.result import Cell, WriteOption, measured, report
from explorer.measures.image.curvature import concave_from, curvature_by_scale, smallest_curvature
from explorer.measures.shared.noise import noise_generator
from explorer.models.base import EnergyModel
from explorer.models.checkpoints import Checkpoint, load_checkpoint
from explorer.models.haar import halve
from explorer.units import format_number, noise_variance_from_psnr, psnr_from_noise_variance

__all__ = ["concave"]


def concave(
    checkpoint: str,
    data: DataOption,
    model: str = "natural64",
    images: int = 4,
    decibels: str = "60,50,40,30,20,10,0,-10",
    label: LabelOption = "",
    min_shrink: ShrinkOption = 2.0,
    split: SplitOption = "validation",
    threads: int = 2,
    write: WriteOption = False,
) -> None:
    """Smallest eigenvalue of ``t`` times the Hessian at noisy photographs, by noise level: of the details of each scale
    given the coarser image, of the coarsest image, and of the whole image under a model of whole images."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    density, whole = load_checkpoint(checkpoint, "cpu"), load_checkpoint(model, "cpu")
    channels, side, _ = whole.model.image_shape
    found = photographs(data, channels, side, images, split, label, min_shrink)
    psnrs = [float(part) for part in decibels.split(",")]
    ts = [float(noise_variance_from_psnr(psnr)) for psnr in psnrs]
    halvings = density.multiscale.levels(side, side)
    names = [*(f"details {level}" for level in range(halvings)), f"base, {checkpoint}", f"whole, {model}"]
    smallest = np.zeros((len(found.pixels), len(ts), len(names)))  # images x noise levels x densities
    at_t0 = []
    for number, pixels in enumerate(found.pixels):
        smallest[number], whole_of_density = _of_image(density, whole, pixels, ts, number)
        at_t0.append(whole_of_density)
        typer.echo(f"  photograph {number + 1} of {len(found.pixels)}", err=True)
    rows: list[list[Cell]] = []
    for place, psnr in enumerate(psnrs):
        rows.append([psnr, *(_mean_and_least(values) for values in smallest[:, place].T)])
    notes = [
        f"Mean over {len(smallest)} photographs, and the smallest of them; log-concave there where it is positive.",
        *(f"{name}: {_from(psnrs, smallest[..., place])}." for place, name in enumerate(names)),
        f"The whole image under {checkpoint}, at its {float(psnr_from_noise_variance(density.model.t0)):.0f} dB: "
        f"{_mean_and_least(np.array(at_t0))}.",
        found.sentence,
    ]
    title = f"Smallest eigenvalue of t times the Hessian of the energy, {side} x {side} pixels"
    report("multiscale-concave", measured(title, {"noise, dB": ".0f"} | dict.fromkeys(names, ""), rows, notes), write)


def _of_image(
    density: Checkpoint, whole: Checkpoint, pixels: np.ndarray, ts: list[float], seed: int
) -> tuple[np.ndarray, float]:
    """Smallest eigenvalues, noise levels x densities, and that of the whole image under `density` at its `t0`."""
    multiscale = density.multiscale
    x, y = (
        each.values.dequantized(torch.from_numpy(pixels[None]), torch.Generator().manual_seed(seed))
        for each in (density, whole)
    )
    by_scale = curvature_by_scale(multiscale, x, ts, seed)
    halvings = len(by_scale)
    coarse = multiscale.squares(halve(x, halvings))
    columns = [[each.smallest for each in scale.found] for scale in by_scale]
    columns.append([_noisy(multiscale.base, coarse, t / 4**halvings, seed) for t in ts])
    columns.append([_noisy(whole.model, y, t, seed) for t in ts])
    return np.array(columns).T, _noisy(multiscale, x, multiscale.t0, seed)


def _noisy(model: EnergyModel, x: torch.Tensor, t: float, seed: int) -> float:
    eps = torch.randn(x.shape, generator=noise_generator(seed))
    return smallest_curvature(model, x + math.sqrt(t) * eps, t, seed).smallest


def _mean_and_least(values: np.ndarray) -> str:
    mean, least = (format_number(float(value), "+.2f") for value in (values.mean(), values.min()))
    return f"{mean} ({least})"


def _from(psnrs: list[float], smallest: np.ndarray) -> str:
    """From which of the noise levels on, towards more noise, every photograph has a positive curvature."""
    start = concave_from(psnrs, smallest.min(0).tolist())
    if start is None:
        return "log-concave at none of these levels"
    return f"log-concave from {format_number(start, '.0f')} dB on, towards more noise"
