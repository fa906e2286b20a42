"""Which features make a map that says something about the density?

    python -m benchmarks.map --data PATH_OF_TINY_IMAGENET    # natural32 on 2,000 validation images, and digits
    python -m benchmarks.map                                 # digits alone

For each candidate it prints how well the ten nearest neighbors of an image (the image itself left out) predict it: R^2
of log p, of the local dimensionality at 20 dB and of the contrast, and the accuracy of the label; in the features (50
principal components after standardization) and on the map that UMAP makes of them; and the milliseconds per image.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated

import numpy as np
import torch
import typer
from torch import Tensor

from benchmarks.result import Cell, Result, WriteOption, measured, report
from explorer.data.sources import Split, open_dataset
from explorer.measures.dataset.embedding import Plane, fit_projection
from explorer.measures.dataset.neighbors import neighbor_accuracy, neighbor_r2
from explorer.measures.image.dimensionality import flipd
from explorer.measures.image.features import Features, layer_powers, score_powers
from explorer.measures.shared.scoring import log_prob_batched, model_input
from explorer.models.base import EnergyModel
from explorer.models.checkpoints import load_checkpoint
from explorer.models.devices import inference_batch_size
from explorer.models.unet import UNet
from explorer.units import noise_variance_from_psnr

_PSNR = 20.0


def candidates(model: EnergyModel) -> dict[str, Features]:
    """Name -> features, batch by batch."""

    def pixels(x: Tensor) -> Tensor:
        return x.flatten(1)

    def shape(x: Tensor) -> Tensor:
        centered = pixels(x - x.mean((1, 2, 3), keepdim=True))
        normalized: Tensor = centered / (centered.norm(dim=1, keepdim=True) + 1e-3)
        return normalized

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


def compared(model_name: str, data: str, split: Split, limit: int) -> Result:
    """The table, a row for each candidate."""
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
    rows = []
    for name, measure in candidates(model).items():
        measure(x[:2])  # what is loaded on first use
        size = inference_batch_size(model.dimensions, model.device)
        began = time.perf_counter()
        found = torch.cat([measure(part) for part in torch.split(x, size)])
        milliseconds = 1000 * (time.perf_counter() - began) / len(x)
        points = fit_projection(found.numpy())(found.numpy())
        plane = Plane(points, lambda _: None).positions
        rows.append([name, *_predicted(points, known, labels), *_predicted(plane, known, labels), milliseconds])
    forms = dict.fromkeys(known, ".2f") | {"label, %": ".1f"}
    columns = {"features": ""}
    columns |= {f"{name}, {where}": form for where in ("features", "map") for name, form in forms.items()}
    title = f"{model_name}, {len(store):,} images of {store.name}, {len(np.unique(labels))} labels"
    return measured(f"What neighbors predict: {title}", columns | {"ms": ".1f"}, rows)


def _predicted(points: np.ndarray, known: dict[str, np.ndarray], labels: np.ndarray) -> list[Cell]:
    r2 = [float(neighbor_r2(points, values)) for values in known.values()]
    return [*r2, 100 * float(neighbor_accuracy(points, labels))]


def _middle(model: EnergyModel) -> Callable[[Tensor], Tensor]:
    """What the coarsest layer holds, position by position."""
    heard: list[Tensor] = []
    assert isinstance(model.unet, UNet)
    model.unet.middle[-2].register_forward_hook(lambda _module, _inputs, output: heard.append(output.flatten(1)))

    def measure(x: Tensor) -> Tensor:
        heard.clear()
        model.log_prob(x, noise_variance_from_psnr(_PSNR))
        return heard[0]

    return measure


def main(
    data: Annotated[str, typer.Option(help="Photographs for natural32, such as the path of Tiny ImageNet.")] = "",
    images: Annotated[int, typer.Option(help="Of them.")] = 2_000,
    write: WriteOption = False,
) -> None:
    """Print the tables."""
    torch.set_flush_denormal(True)
    if data:
        report("map-natural32", compared("natural32", data, "validation", images), write)
    report("map-digits", compared("digits", "digits", "all", 1_797), write)


if __name__ == "__main__":
    typer.run(main)
