"""The device against the CPU: every number of every checkpoint, on the same images and noise.

Differences are the largest over images, over the root mean square of the CPU's numbers; the residual of the heat
equation, which is near 0, is compared in its own unit.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from benchmarks.device.bench import Bench
from explorer.images import Values
from explorer.measures.consistency.heat import heat_residuals
from explorer.measures.dataset.nll import negative_log_likelihood
from explorer.measures.image.dimensionality import local_dimensionality
from explorer.measures.shared.noise_levels import log_spaced, noise_levels
from explorer.measures.shared.scoring import model_input
from explorer.models.base import EnergyModel
from explorer.units import noise_variance_from_psnr

__all__ = ["compare"]

_TOLERANCE = 1e-3  # orders of magnitude above rounding, below what a page shows
_PSNRS = (50.0, 30.0, 10.0, 0.0)


def compare(bench: Bench) -> None:
    """Device against CPU; the device once more with the TF32 convolutions that torch takes when it is not told."""
    worst: dict[str, tuple[float, str]] = {}
    for name in bench.models:
        if bench.left < 0:
            bench.add(name, "not compared: time is up")
            continue
        here, there = bench.checkpoint(name), bench.checkpoint(name, "cpu")
        there.model.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]  # torch's types forget it
        pixels = bench.pixels(there.model.image_shape, 2 if bench.small else 8)
        arguments = (there.values, pixels, (there.model.t_low, there.model.t_max))
        expected, found = _numbers(there.model, *arguments), _numbers(here.model, *arguments)
        differences = {what: _difference(what, found[what], expected[what]) for what in expected}
        for what, value in differences.items():
            worst[what] = max(worst.get(what, (-1.0, "")), (value, name))
        nats = float(np.abs(found["log p"] - expected["log p"]).max())
        bench.add(f"{name}: log p", nats, "nats at most")
        if bench.device.type == "cuda":
            torch.backends.cudnn.allow_tf32 = True
            try:
                rough = here.model.log_prob(model_input(there.values, torch.from_numpy(pixels)).to(bench.device))
            finally:
                torch.backends.cudnn.allow_tf32 = False
            nats = float(np.abs(rough.cpu().double().numpy() - expected["log p"]).max())
            bench.add(f"{name}: log p with TF32 convolutions", nats, "nats at most")
    for what, (value, name) in worst.items():
        bench.add(f"{what}, largest difference ({name})", value, "nats/dim" if what == "heat residual" else "relative")
    far = [what for what, (value, _) in worst.items() if not value < _TOLERANCE]
    if far:
        raise ArithmeticError(f"The device and the CPU differ by {_TOLERANCE:g} or more: {', '.join(far)}.")


def _numbers(
    model: EnergyModel, values: Values, pixels: np.ndarray, noise: tuple[float, float]
) -> dict[str, np.ndarray]:
    """What is compared, on the CPU in float64: everything that a page shows of images ``(N, C, H, W)``."""
    x = model_input(values, torch.from_numpy(pixels))
    eps = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    found: dict[str, list[Tensor]] = {"log p": [model.log_prob(x.to(model.device))]}
    for psnr in _PSNRS:
        t = float(noise_variance_from_psnr(psnr))
        y = (x + math.sqrt(t) * eps).to(model.device)
        result = model.derivatives(y, t)
        found.setdefault("energy of noisy images", []).append(result.energy)
        found.setdefault("sqrt(t) score", []).append(math.sqrt(t) * result.score)
        found.setdefault("t dU/dt", []).append(t * result.time_score)
        found.setdefault("denoised", []).append(model.denoise(y, t))
    ts = [float(noise_variance_from_psnr(psnr)) for psnr in _PSNRS]
    levels = noise_levels(model, x, log_spaced(*noise, 9))
    nll = negative_log_likelihood(x, levels)
    dimensionality = local_dimensionality(model, x, ts)
    heat = heat_residuals(model, x, ts[1:3], probes=2)
    found |= {
        "NLL by energy and I-MMSE": [torch.tensor([nll.energy, nll.i_mmse])],
        "local dimensionality": [dimensionality.denoising],
        "local dimensionality by energy": [dimensionality.energy],
        "heat residual": [torch.tensor([[level.mean, level.rms] for level in heat])],
    }
    return {name: torch.stack(parts).cpu().double().numpy() for name, parts in found.items()}


def _difference(name: str, found: np.ndarray, expected: np.ndarray) -> float:
    """Largest difference over the root mean square; of the residual, which is near 0, as it is."""
    scale = 1.0 if name == "heat residual" else float(np.sqrt(np.mean(np.square(expected))))
    return float(np.abs(found - expected).max()) / scale
