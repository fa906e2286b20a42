"""Which features make a map that says something about the density?

    python -m benchmarks.map --data PATH_OF_TINY_IMAGENET    natural32 on 2,000 validation images, and digits
    python -m benchmarks.map                                 digits alone

For each candidate it prints what the ten nearest neighbors of an image tell of it, the image itself left out: R^2 of
log p, of the local dimensionality at 20 dB and of the contrast, and how often they tell its label; in the features (50
principal components of what is standardized) and on the map that UMAP makes of them; and the milliseconds an image.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from explorer.data.sources import open_dataset
from explorer.measures.dataset.embedding import Plane, fit_projection
from explorer.measures.dataset.neighbors import neighbor_accuracy, neighbor_r2
from explorer.measures.image.dimensionality import flipd
from explorer.measures.image.features import Features, layer_powers, score_powers
from explorer.measures.shared.scoring import log_prob_batched, model_input
from explorer.models.base import EnergyModel
from explorer.models.checkpoints import load_checkpoint
from explorer.models.devices import inference_batch_size
from explorer.units import noise_variance_from_psnr

_PSNR = 20.0


def candidates(model: EnergyModel) -> dict[str, Features]:
    """Name -> features, batch by batch."""

    def pixels(x: Tensor) -> Tensor:
        return x.flatten(1)

    def shape(x: Tensor) -> Tensor:
        centered = pixels(x - x.mean((1, 2, 3), keepdim=True))
        return centered / (centered.norm(dim=1, keepdim=True) + 1e-3)

    def denoised(x: Tensor) -> Tensor:
        return model.denoise(x, noise_variance_from_psnr(_PSNR)).flatten(1)

    def energies(x: Tensor) -> Tensor:
        levels = [model.derivatives(x, noise_variance_from_psnr(psnr)) for psnr in (40, 30, 20, 10, 0)]
        return torch.stack([level.energy for level in levels], 1) / model.dimensions

    return {
        "pixels": pixels,
        "pixels, mean and contrast taken out": shape,
        "denoised at 20 dB": denoised,
        "middle of the U-Net, at 20 dB": _middle(model),
        "energies, 40 to 0 dB": energies,
        "score powers, 40 to 0 dB": score_powers(model),
        "layer powers, 30 dB": layer_powers(model, [30.0]),
        "layer powers, 20 dB": layer_powers(model, [20.0]),
        "layer powers, 10 dB": layer_powers(model, [10.0]),
        "layer powers, 30 and 10 dB": layer_powers(model),
    }


def table(model_name: str, data: str, split: str, limit: int) -> None:
    """Print a row for each candidate."""
    checkpoint = load_checkpoint(model_name, "cpu")
    model = checkpoint.model
    store = open_dataset(data, model.image_shape, split, limit)
    x = model_input(checkpoint.values, torch.from_numpy(np.array(store.pixels)))
    labels = np.array(store.labels)
    known = {
        "log p": log_prob_batched(model, x).numpy(),
        "dim.": flipd(model, x, noise_variance_from_psnr(_PSNR)).numpy(),
        "contrast": x.flatten(1).std(1).numpy(),
    }
    print(f"{model_name}, {len(store):,} images of {store.name}, {len(np.unique(labels))} labels\n")
    heads = "".join(f"{name:>10}" for name in (*known, "label, %"))
    print(f"{'':37}{'in the features':^40}{'on the map':^40}\n{'':37}{heads}{heads}{'ms':>8}")
    for name, measure in candidates(model).items():
        measure(x[:2])  # what is loaded on first use
        began = time.perf_counter()
        found = torch.cat([measure(part) for part in x.split(inference_batch_size(model.dimensions, model.device))])
        milliseconds = 1000 * (time.perf_counter() - began) / len(x)
        points = fit_projection(found.numpy())(found.numpy())
        plane = Plane(points, lambda _: None).positions
        cells = "".join(_told(of, known, labels) for of in (points, plane))
        print(f"{name:37}{cells}{milliseconds:8.1f}", flush=True)
    print()


def _told(points: np.ndarray, known: dict[str, np.ndarray], labels: np.ndarray) -> str:
    r2 = "".join(f"{neighbor_r2(points, values):10.2f}" for values in known.values())
    return f"{r2}{100 * neighbor_accuracy(points, labels):10.1f}"


def _middle(model: EnergyModel) -> Callable[[Tensor], Tensor]:
    """What the coarsest layer holds, position by position."""
    heard: list[Tensor] = []
    model.unet.middle[-2].register_forward_hook(lambda _module, _inputs, output: heard.append(output.flatten(1)))

    def measure(x: Tensor) -> Tensor:
        heard.clear()
        model.log_prob(x, noise_variance_from_psnr(_PSNR))
        return heard[0]

    return measure


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="", help="path of Tiny ImageNet, for natural32")
    parser.add_argument("--images", type=int, default=2_000, help="of it")
    arguments = parser.parse_args()
    if arguments.data:
        table("natural32", arguments.data, "validation", arguments.images)
    table("digits", "digits", "all", 1_797)


if __name__ == "__main__":
    main()
