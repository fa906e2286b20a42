"""What Probe asks of the model for one move of a slider."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.device.bench import Bench, of_two_sizes
from explorer.measures.image.curves import noise_curves, perturbation_curve
from explorer.measures.image.probe import denoise_once, probe
from explorer.perturbations import RANGES, Perturbation
from explorer.units import noise_variance_from_psnr

__all__ = ["probe_moves"]

_PSNRS = (60, 50, 40, 35, 30, 25, 20, 15, 10, 5, 0, -20)


def probe_moves(bench: Bench) -> None:
    """One move for each model, while there is time."""
    for name in of_two_sizes(bench.models):
        if bench.left > 0:
            _one_move(bench, name)


def _one_move(bench: Bench, name: str) -> None:
    """What Probe asks for when a slider is released, with the same functions as the page."""
    checkpoint = bench.checkpoint(name)
    model, values = checkpoint.model, checkpoint.values
    pixels = bench.pixels(model.image_shape, 1)[0]
    t_range = (model.t_low, model.t_max)
    psnrs = [psnr for psnr in _PSNRS if t_range[0] <= noise_variance_from_psnr(psnr) <= t_range[1]]
    draws = min(8, max(1, 1024 // model.dimensions))
    perturbation = Perturbation(contrast=0.8)
    x = probe(model, values, pixels, perturbation).x
    others = [other for other in RANGES if other != "contrast"]
    parts: dict[str, Callable[[], object]] = {
        "log p before and after": lambda: probe(model, values, pixels, perturbation),
        f"{len(others)} curves of perturbations": lambda: [
            perturbation_curve(model, values, pixels, perturbation, other) for other in others
        ],
        "curves over noise": lambda: noise_curves(model, values, x, psnrs, draws),
        "denoised": lambda: denoise_once(model, values, x, 0.01),
    }
    total = 0.0
    for part, action in parts.items():
        seconds = bench.seconds(action, 0.5)
        total += seconds
        bench.add(f"{name}: {part}", 1000 * seconds, "ms")
    bench.add(f"{name}: one move", 1000 * total, "ms")
