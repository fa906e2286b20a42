"""Tables of the checkpoints that ship, from their ``config.json`` and their trust reports."""

from __future__ import annotations

from explorer.home import SHIPPED_CHECKPOINTS
from explorer.measures.consistency.storage import find_report
from explorer.measures.consistency.verdict import Verdict
from explorer.models.checkpoints import Checkpoint, load_checkpoint

__all__ = ["checkpoints", "checks", "trainings"]

_MARKS = {"passes": "", "does not pass": " (**does not pass**)", "open": " (open)"}


def _shipped() -> list[Checkpoint]:
    """Energies of all noise levels; large images first, and of these the models trained on most pictures."""
    loaded = [load_checkpoint(str(path.parent), "cpu") for path in SHIPPED_CHECKPOINTS.glob("*/config.json")]
    found = [checkpoint for checkpoint in loaded if checkpoint.model.has_noise_levels]
    return sorted(found, key=lambda c: (-c.model.image_shape[1], -_pictures(c), -c.model.image_shape[0], c.name))


def _pictures(checkpoint: Checkpoint) -> int:
    return int(checkpoint.config.training["training_pictures"])


def _outcomes(checkpoint: Checkpoint) -> list[Verdict]:
    report = find_report(checkpoint)
    return [] if report is None else report.verdicts()


def _markdown(titles: list[str], rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (titles, ["---"] * len(titles), *rows))


def checkpoints() -> str:
    """What ships and what it reaches."""
    return _markdown(
        [
            "checkpoint",
            "images",
            "trained on",
            "NLL by I-MMSE, bits/dimension",
            "energy minus I-MMSE",
            "JPEG XL: alone, in a mosaic",
            "checks passed",
        ],
        [
            [f"`{c.name}`", _images(c), f"{_pictures(c):,} {c.config.dataset}", *_figures(c), _passed(c)]
            for c in _shipped()
        ],
    )


def _images(checkpoint: Checkpoint) -> str:
    channels, height, width = checkpoint.model.image_shape
    return f"{height} x {width} {'gray' if channels == 1 else 'color'}"


def _figures(checkpoint: Checkpoint) -> list[str]:
    metrics = checkpoint.config.metrics
    bits = metrics["bits_per_dimension"]
    codecs = [metrics[kind]["JPEG XL"] for kind in ("codecs", "codecs_mosaic") if kind in metrics]
    return [
        f"{bits['i_mmse']:.3f} ({metrics['images']:,} images)",
        f"{bits['gap']:+.3f}".replace("-", "−"),
        ", ".join(f"{value:.3f}" for value in codecs) or "–",
    ]


def _passed(checkpoint: Checkpoint) -> str:
    outcomes = [verdict.outcome for verdict in _outcomes(checkpoint) if verdict.outcome != "not applicable"]
    unsure = outcomes.count("open")
    more = f" ({unsure} open)" if unsure else ""
    return f"{outcomes.count('passes')} of {len(outcomes)}{more}" if outcomes else "–"


def trainings() -> str:
    """How each was trained, and the best Gaussian beside it."""
    return _markdown(
        [
            "checkpoint",
            "training pictures",
            "views of each",
            "steps",
            "images per step",
            "minutes",
            "on",
            "Gaussian NLL",
        ],
        [[f"`{c.name}`", f"{_pictures(c):,}", *_training(c), _gaussian(c)] for c in _shipped()],
    )


def _training(checkpoint: Checkpoint) -> list[str]:
    run = checkpoint.config.training
    return [
        f"{run['views']:,}", f"{run['step']:,}", f"{run['batch_size']:,}", f"{run['minutes']:,.1f}", run["hardware"],
    ]  # fmt: skip


def _gaussian(checkpoint: Checkpoint) -> str:
    value = checkpoint.config.metrics["bits_per_dimension"].get("gaussian")
    return "–" if value is None else f"{value:.3f}"


def checks() -> str:
    """What the checks of each measured; only of checkpoints with a report."""
    outcomes = {c.name: found for c in _shipped() if (found := _outcomes(c))}
    rows = zip(*outcomes.values(), strict=True)
    return _markdown(
        ["check", "threshold", *(f"`{name}`" for name in outcomes)],
        [[row[0].title, _threshold(row), *(_measured(verdict) for verdict in row)] for row in rows],
    )


def _threshold(row: tuple[Verdict, ...]) -> str:
    return next((f"{v.threshold:g} {v.unit}".strip() for v in row if v.threshold is not None), "")


def _measured(verdict: Verdict) -> str:
    return "not applicable" if verdict.outcome == "not applicable" else verdict.value + _MARKS[verdict.outcome]
