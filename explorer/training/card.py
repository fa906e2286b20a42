"""The card of a checkpoint: how it was made and what it reaches, for people."""

from __future__ import annotations

from typing import Any

from explorer.measures.consistency.report import Report
from explorer.models.checkpoints import CheckpointConfig
from explorer.models.dual import DualEnergyConfig
from explorer.models.importing import released_card
from explorer.models.installed import InstalledModelConfig
from explorer.models.multiscale_config import MultiscaleConfig
from explorer.models.released import InnerProductConfig
from explorer.training.config import MODEL_WIDTHS
from explorer.units import format_percent, psnr_from_noise_variance

__all__ = ["checkpoint_card"]

_SHOWN = ("bits_per_dimension", "images", "levels")
"""The metrics without which a card says nothing of what is reached."""


def checkpoint_card(name: str, config: CheckpointConfig, report: Report | None = None) -> str:
    """The text of `card.md`, from what `config.json` says and from a report of the checks where there is one."""
    if isinstance(config.model, InnerProductConfig):
        text = released_card(name, config)
    elif isinstance(config.model, InstalledModelConfig):
        text = "\n".join([f"# {name}", "", *_package(config.model, config)]) + "\n"
    elif isinstance(config.model, MultiscaleConfig):
        text = "\n".join([f"# {name}", "", *_factors(config.model, config)]) + "\n"
    else:
        text = "\n".join([f"# {name}", "", *_origin(config.model, config)]) + "\n"
    if all(config.metrics.get(name) for name in _SHOWN):
        text += "\n" + "\n".join(["## What it reaches", "", *_figures(name, config)]) + "\n"
    if report is not None:
        text += "\n" + "\n".join(["## How far it can be trusted", "", *_checks(name, report)]) + "\n"
    return text


def _origin(model: DualEnergyConfig, config: CheckpointConfig) -> list[str]:
    noise = model.noise
    low, at, high = (float(psnr_from_noise_variance(t)) for t in (noise.t_min, noise.t0, noise.t_max))
    unet = model.unet
    run = config.training
    return [
        f"Energy model of {_images(model.image_shape)} of `{config.dataset}`, "
        "trained by dual score matching (Guth, Kadkhodaie, Simoncelli 2025).",
        "",
        "## How it was made",
        "",
        f"- {run.get('step', '?')} steps of {run.get('batch_size', '?')} images, seed {run.get('seed', '?')}, "
        f"{_learning_rates(run)}, averaged weights (decay {run.get('ema_decay', '?')}); "
        f"{run.get('minutes', '?')} minutes of steps on {run.get('hardware', '?')}.",
        f"- U-Net of base width {unet.base_width} over {unet.num_scales + 1} resolutions; "
        f"Gaussian anchor: {'yes' if model.anchor else 'no'}; "
        f"amplitude conditioning: {'yes' if model.amplitude else 'no'}.",
        f"- Noise from {low:.0f} dB to {high:.0f} dB; log p is reported at {at:.0f} dB.",
        _convention(config),
        *_pictures(run),
        *(f"- {note}" for note in _notes(run)),
        f"- Again: `{_command(model, config)}`",
    ]


def _package(model: InstalledModelConfig, config: CheckpointConfig) -> list[str]:
    """Of a model of another package: what it is made from."""
    settings = ", ".join(f"{name} = {value!r}" for name, value in model.settings.items()) or "none"
    return [
        f"Energy model of {_images(model.image_shape)}, offered by an installed Python package as `{model.entry_point}`"
        f"{f'; made for `{config.dataset}`' if config.dataset else ''}.",
        "",
        f"- Settings: {settings}.",
        _convention(config),
    ]


def _factors(model: MultiscaleConfig, config: CheckpointConfig) -> list[str]:
    """Of a multi-scale density: its factors and how they were trained."""
    run, (channels, side, _), base = config.training, model.image_shape, model.base.image_shape[1]
    conditional = _part(run, "conditional")
    recipe = conditional.get("recipe")
    again = f"- Again: `python -m explorer train-multiscale --recipe {recipe} --data {config.dataset}`"
    reach = ", ".join(str(step.receptive_field) for step in model.steps)
    return [
        f"Multi-scale density of {'gray' if channels == 1 else 'color'} photographs of any size, {side} x {side} "
        f"pixels where none is asked for, trained on `{config.dataset}`: an energy of {base} x {base} images, and "
        "one of the Haar details of each scale given the coarser image, both trained by dual score matching.",
        "",
        "## How it was made",
        "",
        f"- Details: {_steps(conditional)}; receptive field of {reach} positions a side.",
        f"- Base: {_steps(_part(run, 'base'))}.",
        f"- log p is reported at {float(psnr_from_noise_variance(model.t0)):.0f} dB, and at no other noise.",
        _convention(config),
        *_pictures(run),
        *_beginning(run),
        *(f"- {note}" for note in _notes(run)),
        *([again] if recipe else []),
    ]


def _beginning(run: dict[str, Any]) -> list[str]:
    """Of a multi-scale run: what it started from, and its second data set."""
    lines = []
    if start := run.get("start"):
        lines.append(f"- Training began as `{start}`, with the layers and channels that this model has more added.")
    if direct := _as_number(run, "direct_steps", 0):
        lines.append(f"- Before these steps the network of the details learned a direct score, for {direct:,} steps.")
    if sharp := run.get("sharp"):
        share = _as_number(run, "sharp_share", 0)
        lines.append(
            f"- {format_percent(share)} of the images of a step are of `{sharp}`, pictures that were not compressed "
            f"with loss, {_as_number(run, 'sharp_views', 1)} views of each, not shrunk further."
        )
    return lines


def _steps(run: dict[str, Any]) -> str:
    return (
        f"{run.get('steps', '?')} steps of {run.get('batch_size', '?')} images, seed {run.get('seed', '?')}, "
        f"{_learning_rates(run)}"
    )


def _learning_rates(run: dict[str, Any]) -> str:
    muon = _as_number(run, "muon", 0)
    return f"learning rate {run.get('learning_rate', '?')}" + (f", of Muon {muon:g}" if muon else "")


def _part(run: dict[str, Any], name: str) -> dict[str, Any]:
    """Settings of a part of a run; none where `config.json` says something else."""
    settings = run.get(name)
    return settings if isinstance(settings, dict) else {}


def _images(image_shape: tuple[int, int, int]) -> str:
    channels, height, width = image_shape
    return f"{height} x {width} {'grayscale' if channels == 1 else 'color'} images"


def _convention(config: CheckpointConfig) -> str:
    values = config.values
    convention = f"x = (k + u) / {values.levels}, u uniform in [0, 1)" if values.dequantize else "x = k / 255"
    return f"- Values: {convention}, k the 8-bit pixel."


def _pictures(run: dict[str, Any]) -> list[str]:
    """Which pictures of the training part were used, and how they were cut."""
    count, views, shrink = (_as_number(run, name, 0) for name in ("training_pictures", "views", "min_shrink"))
    parts, most = _as_number(run, "parts", 1), _as_number(run, "pictures", 0)
    pictures = f"{count:,} pictures" if count else "Pictures"
    lines = []
    if views > 1:
        lines.append(
            f"- {pictures}, {views:,} views of each: random squares of random size, shrunk at least "
            f"{shrink:g} times by an area average (where the picture is large enough)."
        )
    elif count:
        lines.append(f"- {pictures}, the largest middle square of each.")
    if parts != 1:
        chosen = f", of these {most:,}, evenly spaced" if most else ""
        lines.append(f"- One training picture in {parts:,}, from number {_as_number(run, 'part', 0):,} on{chosen}.")
    return lines


def _notes(run: dict[str, Any]) -> list[str]:
    """What somebody noted beside the settings, such as a run that went on with others."""
    notes = run.get("notes")
    return [note for note in notes if isinstance(note, str)] if isinstance(notes, list) else []


def _as_number(run: dict[str, Any], name: str, default: int) -> int | float:
    """A number that `config.json` says; the default where it says something else."""
    value = run.get(name)
    return value if isinstance(value, int | float) else default


def _checks(name: str, report: Report) -> list[str]:
    rows = [
        f"| {verdict.title} | {verdict.outcome} | {verdict.value} | {verdict.sentence} |"
        for verdict in report.verdicts()
    ]
    on = report.conditions
    beside = "" if on.other is None else f", with {on.other} as the other photographs"
    return [
        f"`python -m explorer evaluate {name} --data DATA{' --quick' if report.effort == 'quick' else ''}` on "
        f"{on.images}, at {on.smallest_noise}{beside}; the page Trust shows the figures:",
        "",
        "| check | outcome | measured | what it means |",
        "| --- | --- | --- | --- |",
        *rows,
    ]


def _command(model: DualEnergyConfig, config: CheckpointConfig) -> str:
    run = config.training
    if run.get("recipe"):
        return f"python -m explorer train --recipe {run['recipe']} --data {config.dataset}"
    size = next((name for name, width in MODEL_WIDTHS.items() if width == model.unet.base_width), "?")
    options = {
        "name": run.get("name"),
        "data": config.dataset,
        "size": model.image_shape[1],
        "model-size": size,
        "steps": run.get("steps"),
        "batch-size": run.get("batch_size"),
        "learning-rate": run.get("learning_rate"),
        "seed": run.get("seed"),
    }
    if muon := _as_number(run, "muon", 0):
        options |= {"muon": f"{muon:g}"}
    if _as_number(run, "views", 1) > 1:
        options |= {"views": run["views"], "min-shrink": run.get("min_shrink", 1)}
    flags = {
        "--color": model.image_shape[0] == 3,
        "--compile": run.get("compile"),
        "--bfloat16": run.get("bfloat16"),
        "--no-anchor": not model.anchor,
        "--no-amplitude": not model.amplitude,
    }
    words = [f"--{name} {value}" for name, value in options.items()] + [flag for flag, on in flags.items() if on]
    return "python -m explorer train " + " ".join(words)


def _figures(name: str, config: CheckpointConfig) -> list[str]:
    metrics = config.metrics
    bits = metrics["bits_per_dimension"]
    rows = [
        ("negative log-likelihood from the denoising error (I-MMSE)", _number(bits["i_mmse"], ".3f")),
        ("negative log-likelihood from the energy", _number(bits["energy"], ".3f")),
        ("gap", _number(bits["gap"], "+.3f")),
    ]
    if "code_length" in bits:
        rows += [
            ("code length of the dequantized images, as the pages show it", _number(bits["code_length"], ".3f")),
            ("best Gaussian", _number(bits.get("gaussian"), ".3f")),
        ]
    for codec, value in metrics.get("codecs", {}).items():
        mosaic = metrics.get("codecs_mosaic", {}).get(codec)
        rows.append((f"{codec}, lossless", _number(value, ".3f") + (f"; in a mosaic {mosaic:.3f}" if mosaic else "")))
    split = metrics.get("split", "validation")
    part = "" if split == "all" else f"{split} "
    images = f"{metrics['images']} {part}images of {metrics.get('data', config.dataset)}"
    text = [
        f"On {images}, in bits/dimension (code length for {config.values.levels} levels); "
        f"`python -m explorer evaluate {name} --data DATA` prints them:",
        "",
        "| estimate | bits/dimension |",
        "| --- | --- |",
        *(f"| {estimate} | {value} |" for estimate, value in rows),
        "",
        "By noise level (PSNR of the input); the time-score error is relative to its irreducible part:",
        "",
        "| noise, dB | denoised, dB | time-score error | mean t dU/dt / d |",
        "| --- | --- | --- | --- |",
    ]
    levels = metrics["levels"]
    for level in levels[:: max(1, len(levels) // 12)]:
        text.append(
            f"| {level['psnr']:.1f} | {_number(level['denoised_psnr'], '.2f')} "
            f"| {_number(level.get('time_error'), '.2f')} | {_number(level.get('mean_time_score'), '+.4f')} |"
        )
    return text


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)
