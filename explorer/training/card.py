"""The card of a checkpoint: how it was made and what it reaches, for people."""

from __future__ import annotations

from explorer.models.checkpoints import CheckpointConfig
from explorer.units import psnr_from_noise_variance

__all__ = ["training_card"]


def training_card(config: CheckpointConfig) -> str:
    """The text of `card.md`, from what `config.json` says."""
    channels, height, width = config.model.image_shape
    noise = config.model.noise
    low, at, high = (float(psnr_from_noise_variance(t)) for t in (noise.t_min, noise.t0, noise.t_max))
    unet = config.model.unet
    run = config.training
    convention = (
        f"x = (k + u) / {config.values.levels}, u uniform in [0, 1)" if config.values.dequantize else "x = k / 255"
    )
    lines = [
        f"# {run.get('name', 'Checkpoint')}",
        "",
        f"Energy model of {height} x {width} {'grayscale' if channels == 1 else 'color'} images of `{config.dataset}`, "
        "trained by dual score matching (Guth, Kadkhodaie, Simoncelli 2025).",
        "",
        "## How it was made",
        "",
        f"- {run.get('step', '?'):,} steps of {run.get('batch_size', '?')} images, seed {run.get('seed', '?')}, "
        f"learning rate {run.get('learning_rate', '?')}, averaged weights (decay {run.get('ema_decay', '?')}).",
        f"- U-Net of base width {unet.base_width} with {unet.num_scales} scales; "
        f"Gaussian anchor: {'yes' if config.model.anchor else 'no'}; "
        f"amplitude conditioning: {'yes' if config.model.amplitude else 'no'}.",
        f"- Noise from {low:.0f} dB to {high:.0f} dB; log p is reported at {at:.0f} dB.",
        f"- Values: {convention}, k the 8-bit pixel.",
    ]
    if bits := config.metrics.get("bits_per_dimension"):
        lines += [
            "",
            "## What it reaches",
            "",
            f"On {config.metrics.get('images', '?')} validation images, in bits/dimension "
            f"(code length for {config.values.levels} levels):",
            "",
            "| from the denoising error (I-MMSE) | from the energy | gap |",
            "| --- | --- | --- |",
            f"| {bits['i_mmse']:.3f} | {bits['energy']:.3f} | {bits['gap']:+.3f} |",
        ]
    return "\n".join(lines) + "\n"
