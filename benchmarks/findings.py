"""Does a checkpoint show what the paper found? Each claim with its sign and size, beside the paper's values.

    python -m benchmarks.findings --model natural64 --data PATH_OF_PHOTOGRAPHS
    python -m benchmarks.findings --model natural64 --data ... --pair natural64 --pair natural64-n1000

A pair NAME is two checkpoints NAME-a and NAME-b, trained on images that they do not share, the largest number first.
`--picture FILE.png` draws what says most, where there are pairs.

The paper's values (Guth, Kadkhodaie and Simoncelli 2025, arXiv 2506.05310, and the outputs released with it) are of
ImageNet64 in grayscale, d = 4096, 50,000 validation images: for shape and sign. A smaller model of other data has
other numbers. log p is that of the dequantized images at the model's own noise level, in dB/dimension.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import torch
import typer
from scipy.optimize import minimize
from scipy.stats import gumbel_r, norm, rv_continuous, skewnorm, spearmanr
from torch import Tensor

from benchmarks.findings_picture import Pair, draw, save
from benchmarks.result import WriteOption, measured, report
from explorer.data.sources import open_dataset
from explorer.data.unseen import unseen_split
from explorer.data.views import Views
from explorer.measures.dataset.distribution import fit_gumbel
from explorer.measures.image.dimensionality import local_dimensionality
from explorer.measures.image.pixels import wavelet_sparsity
from explorer.measures.shared.scoring import log_prob_batched, model_input
from explorer.models.checkpoints import Checkpoint, load_checkpoint
from explorer.perturbations import Perturbation, perturb
from explorer.training.sources import rows_of_part
from explorer.units import convert_log_prob, noise_variance_from_psnr, psnr_from_noise_variance
from explorer.wavelets import detail_mask, inverse_wavelet_transform, wavelet_transform

_SOME = 500  # images that are changed, one by one
_FEW = 48  # images whose local dimensionality is measured
_PATHS = 200
_OWN = 1000  # training images, at most
_MID_GRAY = 128
_FAMILIES: dict[str, rv_continuous] = {"Gumbel": gumbel_r, "skew-normal": skewnorm, "Gaussian": norm}
_CEILING_MARGIN = 6.0  # dB/dimension
_GRAYS = (*range(0, 256, 8), 255)
_PAPER_VARIANCES = {1.5e-4: 2510, 3.5e-3: 1161, 8.1e-2: 293, 1.9: 44}
_PAPER_DIMENSIONS = 4096
_PAPER_PAIRS = ("0.186; 0.9987 (color, N = 100,000)", "0.46 (color, N = 1,000)", "7.4 (color, N = 100)")


class Finding(NamedTuple):
    """A row of the table; `holds` is None where nothing is claimed, and "in part" where most images do."""

    what: str
    paper: str
    here: str
    holds: bool | Literal["in part"] | None = None


class Bench:
    """A checkpoint and the images it is asked about.

    Args:
        checkpoint: the model.
        pixels: uint8, shape ``(N, C, H, W)``.
    """

    def __init__(self, checkpoint: Checkpoint, pixels: np.ndarray) -> None:
        self.checkpoint = checkpoint
        self.model = checkpoint.model
        self.pixels = torch.from_numpy(np.array(pixels))
        self.x = model_input(checkpoint.values, self.pixels)
        self.log_p = self.decibels(self.x)

    def decibels(self, x: Tensor) -> np.ndarray:
        """log p in dB/dimension, shape ``(N,)``."""
        return convert_log_prob(log_prob_batched(self.model, x).double().numpy(), "dB/dim", self.model.dimensions)

    def changed(self, **perturbation: float) -> np.ndarray:
        """By how much log p of some images changes, in dB/dimension."""
        some = self.x[:_SOME]
        change: np.ndarray = self.decibels(perturb(some, Perturbation(**perturbation))) - self.log_p[: len(some)]
        return change

    def shrunk(self, share: float) -> np.ndarray:
        """By how much log p of some images changes when all their details shrink alike, in dB/dimension.

        They keep the energy of the largest `share` of them, so that this takes as much as making the image sparse.
        """
        some = self.x[:_SOME]
        is_detail = detail_mask(*some.shape[-2:])
        before, after = (wavelet_transform(x) for x in (some, perturb(some, Perturbation(sparsity=share))))
        energies = [(w * is_detail).square().sum((1, 2, 3), keepdim=True) for w in (before, after)]
        factor = (energies[1] / energies[0]).sqrt()
        x = inverse_wavelet_transform(torch.where(is_detail, factor * before, before))
        change: np.ndarray = self.decibels(x) - self.log_p[: len(some)]
        return change


def distribution(bench: Bench) -> Iterator[Finding]:
    """How log p is distributed."""
    log_p = bench.log_p
    figures = (log_p.mean(), log_p.std(), log_p.min(), log_p.max())
    yield Finding(
        "log p, dB/dimension: mean, standard deviation, minimum, maximum",
        "11.4, 4.2, 2.6, 37.0",
        ", ".join(f"{figure:.1f}" for figure in figures),
    )
    gumbel = fit_gumbel(log_p)
    yield Finding("Gumbel distribution: location, scale", "9.57, 3.17", f"{gumbel.location:.2f}, {gumbel.scale:.2f}")
    likelihoods = {
        "Gumbel": gumbel.log_density(log_p).mean(),
        "skew-normal": skewnorm.logpdf(log_p, *skewnorm.fit(log_p)).mean(),
        "Gaussian": norm.logpdf(log_p, *norm.fit(log_p)).mean(),
    }
    best = max(likelihoods, key=lambda name: likelihoods[name])
    yield Finding(
        "a Gumbel distribution fits best (mean log likelihood per image)",
        "yes",
        ", ".join(f"{name} {value:.3f}" for name, value in likelihoods.items()),
        best == "Gumbel",
    )
    ceiling = convert_log_prob(
        np.array([bench.model.dimensions * np.log(bench.checkpoint.values.levels)]), "dB/dim", bench.model.dimensions
    )[0]
    below = ceiling - _CEILING_MARGIN
    likelihoods = {
        name: _truncated_likelihood(family, log_p[log_p < below], below) for name, family in _FAMILIES.items()
    }
    yield Finding(
        f"the same, images below {below:.1f} dB/dimension only (ceiling of dequantization: {ceiling:.1f})",
        "",
        ", ".join(f"{name} {value:.3f}" for name, value in likelihoods.items()),
    )
    top = log_p.max()
    shares = ", ".join(f"{100 * np.mean(log_p > top - within):.1f} %" for within in (3, 6))
    yield Finding(
        "the most probable images are rare: within 3, 6 dB/dimension of the top",
        "yes",
        shares,
        bool(np.mean(log_p > top - 6) < 0.02),
    )
    low, high = np.quantile(log_p, (0.1, 0.9))
    yield Finding(
        "the distribution is wide: middle 80 % of images",
        "yes",
        f"{low:.1f} to {high:.1f} dB/dimension",
        bool(high - low > 3),
    )


def _truncated_likelihood(family: rv_continuous, values: np.ndarray, below: float) -> float:
    """Largest mean log likelihood of `values` under a family of distributions that are cut off at `below`, in nats."""

    def loss(parameters: np.ndarray) -> float:
        *shape, location, log_scale = parameters
        arguments = (*shape, location, np.exp(log_scale))
        found = family.logpdf(values, *arguments).mean() - family.logcdf(below, *arguments)
        return -float(found) if np.isfinite(found) else 1e9

    start = [*np.ones(family.numargs), values.mean(), np.log(values.std())]
    return -float(minimize(loss, start, method="Nelder-Mead", options={"maxiter": 4000, "maxfev": 4000}).fun)


def _extremes(bench: Bench) -> tuple[np.ndarray, np.ndarray]:
    """log p of constant images of the levels `_GRAYS`, and of uniform noise."""
    shape, values = bench.model.image_shape, bench.checkpoint.values
    grays = torch.tensor(_GRAYS, dtype=torch.uint8)
    constants = bench.decibels(model_input(values, grays.view(-1, 1, 1, 1).expand(-1, *shape)))
    generator = torch.Generator().manual_seed(0)
    noise = torch.randint(0, 256, (8, *shape), generator=generator, dtype=torch.uint8)
    return constants, bench.decibels(model_input(values, noise))


def extremes(bench: Bench) -> Iterator[Finding]:
    """Constant images and noise."""
    constants, noises = _extremes(bench)
    yield Finding(
        "constant images above all others, dB/dimension: best, mid-gray",
        "48.6, 47.5",
        f"{constants.max():.1f}, {constants[_GRAYS.index(_MID_GRAY)]:.1f}",
        bool(constants.max() > bench.log_p.max()),
    )
    yield Finding(
        "uniform noise below all others, dB/dimension",
        "-1.4",
        f"{noises.mean():.1f}",
        bool(noises.mean() < np.quantile(bench.log_p, 0.001)),
    )


def changes(bench: Bench) -> Iterator[Finding]:
    """Contrast, sparsity, brightness."""
    for factor, claim in ((0.5, "half the contrast raises log p"), (1.25, "a quarter more contrast lowers it")):
        change = bench.changed(contrast=factor)
        right = np.mean(change > 0 if factor < 1 else change < 0)
        yield Finding(
            f"{claim}: mean change, dB/dimension; images that do",
            "yes",
            f"{change.mean():+.2f}; {100 * right:.0f} %",
            bool(right > 0.9),
        )
    for share in (0.5, 0.2, 0.1, 0.05):
        change = bench.changed(sparsity=share)
        up = np.mean(change > 0)
        yield Finding(
            f"only the largest {100 * share:.0f} % of wavelet coefficients: mean change; images that go up",
            "up",
            f"{change.mean():+.2f}; {100 * up:.0f} %",
            True if up > 0.9 else "in part" if up > 0.5 and change.mean() > 0 else False,
        )
        yield Finding(
            "the same energy taken from all coefficients alike: mean change", "", f"{bench.shrunk(share).mean():+.2f}"
        )
    correlation = spearmanr(bench.log_p, wavelet_sparsity(bench.pixels)).statistic
    yield Finding(
        "sparser images are more probable (rank correlation with the participation ratio of wavelet coefficients)",
        "yes",
        f"{correlation:+.2f}",
        bool(correlation < -0.3),
    )
    for shift in (-0.1, 0.1):
        change = bench.changed(brightness=shift)
        yield Finding(
            f"brightness {shift:+g} hardly matters: mean and RMS change, dB/dimension",
            "yes",
            f"{change.mean():+.2f}, {np.sqrt(np.mean(change**2)):.2f}",
            bool(np.sqrt(np.mean(change**2)) < 0.25 * bench.log_p.std()),
        )


def dimensions(bench: Bench) -> Iterator[Finding]:
    """Local dimensionality of typical, probable and improbable images."""
    order = np.argsort(bench.log_p)
    spread = np.linspace(0, len(order) - 1, min(_FEW, len(order))).astype(int)
    ts = list(_PAPER_VARIANCES)
    d = bench.model.dimensions
    mean = local_dimensionality(bench.model, bench.x[order[spread]], ts, draws=2).denoising.mean(0).numpy()
    for k, (t, paper) in enumerate(_PAPER_VARIANCES.items()):
        yield Finding(
            f"mean dimensionality at {psnr_from_noise_variance(t):.0f} dB, share of d",
            f"{paper / _PAPER_DIMENSIONS:.2f}",
            f"{mean[k] / d:.2f}",
        )
    curves = dimension_curves(bench, ts)
    for k, t in enumerate(ts):
        ordered = curves["high"][k] < curves["middle"][k] < curves["low"][k]
        yield Finding(
            f"dimensionality at {psnr_from_noise_variance(t):.0f} dB falls with log p: low, middle, high",
            "yes",
            ", ".join(f"{curve[k]:,.0f}" for curve in curves.values()),
            bool(ordered),
        )


def dimension_curves(bench: Bench, ts: Sequence[float]) -> dict[str, np.ndarray]:
    """Mean local dimensionality of the images of low, middle and high log p, by noise variance."""
    order = np.argsort(bench.log_p)
    count = min(_FEW, len(order) // 3)
    middle = len(order) // 2 - count // 2
    groups = {"low": order[:count], "middle": order[middle : middle + count], "high": order[-count:]}
    return {
        name: local_dimensionality(bench.model, bench.x[members], list(ts), draws=2).denoising.mean(0).numpy()
        for name, members in groups.items()
    }


def paths(bench: Bench) -> Iterator[Finding]:
    """log p half way between two images, pixel by pixel, against the mean of its ends."""
    generator = torch.Generator().manual_seed(1)
    chosen = torch.randperm(len(bench.x), generator=generator)[: 2 * min(_PATHS, len(bench.x) // 2)].view(2, -1)
    ends = bench.log_p[chosen.numpy()]
    middle = bench.decibels(0.5 * (bench.x[chosen[0]] + bench.x[chosen[1]]))
    difference = middle - ends.mean(0)
    below = np.mean(middle < ends.min(0))
    yield Finding(
        "no dip half way between two images: mean change, dB/dimension; pairs below both ends",
        "yes",
        f"{difference.mean():+.2f}; {100 * below:.0f} %",
        bool(difference.mean() > 0) if below < 0.1 else "in part" if below < 0.5 else False,
    )
    first = bench.x[chosen[0]]
    alone = bench.decibels(0.5 * (first + first.mean((1, 2, 3), keepdim=True)))
    yield Finding(
        "half of one image alone: above that image; change when the other image is added",
        "",
        f"{(alone - ends[0]).mean():+.2f}; {(middle - alone).mean():+.2f}",
    )


def read_pair(name: str, data: str, pixels: np.ndarray) -> Pair:
    """log p of the same images by both models of a pair."""
    first, second = (Bench(load_checkpoint(f"{name}-{which}"), pixels) for which in "ab")
    settings = [bench.checkpoint.config.training for bench in (first, second)]
    own = [_own_images(first.checkpoint, data, setting) for setting in settings]
    memory = (
        float((first.decibels(own[0]) - second.decibels(own[0])).mean()),
        float((second.decibels(own[1]) - first.decibels(own[1])).mean()),
    )
    return Pair(name, settings[0]["training_pictures"], first.log_p, second.log_p, memory)


def _own_images(checkpoint: Checkpoint, data: str, settings: Mapping[str, Any]) -> Tensor:
    """What a model was trained on, as it saw it: at most `_OWN` views, evenly spaced."""
    views = Views(settings["views"], settings["min_shrink"])
    store = open_dataset(data, checkpoint.model.image_shape, "train", views=views)
    rows = rows_of_part(len(store), store.views, settings["part"], settings["parts"], settings["pictures"])
    rows = rows[np.arange(min(_OWN, len(rows))) * len(rows) // min(_OWN, len(rows))]
    return model_input(checkpoint.values, torch.from_numpy(np.array(store.pixels[rows])))


def agreement(pairs: Sequence[Pair]) -> Iterator[Finding]:
    """Models trained on images that they do not share, from the most images to the fewest."""
    for place, (pair, paper) in enumerate(zip(pairs, _PAPER_PAIRS, strict=False)):
        correlation = float(np.corrcoef(pair.first, pair.second)[0, 1])
        yield Finding(
            f"two models of {pair.images:,} pictures each, none shared: RMS difference, dB/dimension; correlation",
            paper,
            f"{pair.difference:.3f}; {correlation:.4f}",
            None if place else pair.difference <= 0.3 and correlation >= 0.995,
        )
        yield Finding(
            "log p of a model's own training images above that by the other model, dB/dimension",
            "",
            ", ".join(f"{more:+.2f}" for more in pair.memory),
        )
    differences = [pair.difference for pair in pairs]
    if len(differences) > 1:
        yield Finding("fewer pictures, larger difference", "yes", "", differences == sorted(differences))


def picture(bench: Bench, pairs: Sequence[Pair], path: Path) -> None:
    """Draw the four most telling figures."""
    psnrs = [5.0 * k for k in range(13)]
    d = bench.model.dimensions
    curves = dimension_curves(bench, [noise_variance_from_psnr(psnr) for psnr in psnrs])
    constants, noises = _extremes(bench)
    marks = {"mid-gray": float(constants[_GRAYS.index(_MID_GRAY)]), "noise": float(noises.mean())}
    save(draw(bench.log_p, marks, psnrs, {name: curve / d for name, curve in curves.items()}, pairs), path)


def main(
    model: str = "natural64",
    data: str = "photos",
    limit: int = 5000,
    pair: Annotated[list[str] | None, typer.Option(help="Name of a pair, without -a and -b; may be repeated.")] = None,
    picture_file: Annotated[Path | None, typer.Option("--picture", help="PNG to write, where there are pairs.")] = None,
    write: WriteOption = False,
) -> None:
    """Print one table of claims."""
    torch.set_flush_denormal(True)
    checkpoint = load_checkpoint(model)
    split = unseen_split(data, checkpoint.config.dataset)
    pixels = open_dataset(data, checkpoint.model.image_shape, split).pixels[:limit]
    bench = Bench(checkpoint, pixels)
    parts = (distribution, extremes, changes, dimensions, paths)
    findings = [finding for part in parts for finding in part(bench)]
    pairs = [read_pair(name, data, pixels) for name in pair or ()]
    findings += agreement(pairs)
    words = {True: "yes", False: "no", "in part": "in part", None: ""}
    rows = [(finding.what, finding.paper, finding.here, words[finding.holds]) for finding in findings]
    columns = {"claim": "", "paper": "", model: "", "found here": ""}
    title = f"{model} on {len(pixels):,} images that it was not trained on, d = {bench.model.dimensions:,}"
    report("findings", measured(title, columns, rows), write)
    if picture_file is not None and pairs:
        picture(bench, pairs, picture_file)


if __name__ == "__main__":
    typer.run(main)
