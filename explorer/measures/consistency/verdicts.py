"""What a trust report means: for each check one sentence, and whether it passes.

The bars are the project's own. They are about what a reader of the pages would notice: 0.05 bits/dimension of log p,
0.02 nats of disagreement between noise levels, 5 % of a dimensionality. A step aside may jump by less, 0.02
bits/dimension: a grid is there or it is not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from explorer.measures.consistency.step_aside import SMALLEST_SIDE
from explorer.measures.consistency.trust_report import ALL_LEVELS, CodeLengths, DimensionalityLevel, TrustReport

__all__ = [
    "DIMENSIONALITY_BAR",
    "FLOW_BAR",
    "GAP_BAR",
    "HEAT_BAR",
    "LARGE_NOISE_BAR",
    "PARTITION_BAR",
    "STEP_THRESHOLD",
    "Verdict",
    "verdicts",
]

GAP_BAR = 0.05
"""Bits/dimension between the two readings of the NLL."""
FLOW_BAR = 0.05
"""Bits/dimension between flow and energy, mean over images."""
HEAT_BAR = 0.02
"""Nats a dimension and unit of ``log t``, root mean square over images, at every noise level."""
DIMENSIONALITY_BAR = 0.05
"""Between two readings that should be equal, as a share of the reading, or of ``d / 10`` where that is larger."""
LARGE_NOISE_BAR = 0.002
"""Nats a dimension, of the log normalization at large noise."""
PARTITION_BAR = 0.02
"""Nats a dimension, of the log normalization by annealed importance sampling."""


STEP_THRESHOLD = 0.02
"""Bits/dimension, of the largest second difference of the code length by shift."""


class Verdict(NamedTuple):
    """The outcome of a check.

    Attributes:
        name: of the check.
        passed: whether it holds; None when it could not be decided or was not run.
        value: what was measured, with its unit.
        sentence: what it means.
        applies: whether the check means anything for this model.
    """

    name: str
    passed: bool | None
    value: str
    sentence: str
    applies: bool = True

    @property
    def outcome(self) -> Literal["passes", "does not pass", "open", "not applicable"]:
        """The outcome in words."""
        if not self.applies:
            return "not applicable"
        return {True: "passes", False: "does not pass", None: "open"}[self.passed]


def verdicts(report: TrustReport) -> list[Verdict]:
    """One verdict for each check, in the order of the pages; those that were not run say so."""
    return [
        _gap(report),
        _step_aside(report),
        _other(report),
        _heat(report),
        _flow(report),
        *_dimensionality(report),
        *_normalization(report),
    ]


def _missing(name: str) -> Verdict:
    return Verdict(name, None, "–", "Not measured yet.")


def _gap(report: TrustReport) -> Verdict:
    name = "Likelihood, read twice"
    if report.nll is None:
        return _missing(name)
    per_bit = report.dimensions * math.log(2)
    gaps = np.array([level.gap for level in report.nll.levels]) / per_bit
    gap, passed = float(gaps[0]), abs(float(gaps[0])) <= GAP_BAR
    sentence = (
        "The denoising error gives a likelihood that cannot flatter; the energy's own differs from it by "
        f"{_signed(gap, 3)} bits/dimension, and may by {GAP_BAR:g}."
    )
    if not passed and np.isfinite(gaps).all():
        steps = (gaps[:-1] - gaps[1:]) * np.sign(gap)  # what each interval adds to the gap
        largest = int(np.argmax(steps))
        if gaps[-1] * np.sign(gap) > steps[largest]:
            sentence += " It is there at the largest noise already: the constant is wrong."
        else:
            high, low = report.nll.levels[largest].psnr, report.nll.levels[largest + 1].psnr
            sentence += (
                f" The largest part arises between {_signed(low, 0, plus=False)} and {_signed(high, 0, plus=False)} dB."
            )
    return Verdict(name, passed, f"{_signed(gap, 3)} bits/dim", sentence)


def _step_aside(report: TrustReport) -> Verdict:
    name = "A step aside"
    if "step_aside" in report.not_applicable:
        return Verdict(name, None, "–", f"A roll cuts images of fewer than {SMALLEST_SIDE} pixels a side apart.", False)
    check = report.step_aside
    if check is None:
        return _missing(name)
    per_bit = report.dimensions * math.log(2)
    jump = check.second_differences[check.worst - 2] / per_bit
    error = check.standard_errors[check.worst - 2] / per_bit
    finite = math.isfinite(jump) and math.isfinite(error)
    inside = finite and abs(jump) <= STEP_THRESHOLD
    sure = not finite or abs(abs(jump) - STEP_THRESHOLD) >= 2 * error
    value = f"{_signed(jump, 3)} bits/dim"
    sentence = (
        f"The code length of images rolled by {check.worst} pixels differs from the mean of those at {check.worst - 1} "
        f"and {check.worst + 1} by {_signed(jump, 3)} ± {error:.3f} bits/dimension, the largest such jump among shifts "
        f"of 2 to {len(check.energies) - 1}; the threshold is {STEP_THRESHOLD:g}."
    )
    if not sure:
        return Verdict(
            name, None, value, f"{sentence} The error is too large to decide; the full checks have a smaller one."
        )
    if not inside:
        sentence += (
            " The model has learned a grid, such as the blocks of JPEG files, which belongs to files and not to images."
        )
    return Verdict(name, inside, value, sentence)


def _other(report: TrustReport) -> Verdict:
    name = "On other photographs"
    if "other" in report.not_applicable:
        sentence = (
            f"Photographs have 256 levels a pixel, and the images of this model have {report.levels}."
            if report.levels < ALL_LEVELS
            else "There are no other photographs to compare with: the built-in ones are the model's own, or those that "
            "it was checked on. Name others with evaluate --other DATA."
        )
        return Verdict(name, None, "–", sentence, False)
    lengths = report.code_lengths()
    if lengths is None:
        return _missing(name)
    own, other = lengths
    agrees, is_ahead = abs(other.gap) <= GAP_BAR, other.advantage > 0  # neither, where a number is not finite
    sentence = (
        f"On {other.images:,} other photographs: {_told(other)}. On the images of the other checks: {_told(own)}. "
        f"The threshold of the gap is {GAP_BAR:g}, and I-MMSE must be below JPEG XL."
    )
    if not is_ahead:
        sentence += (
            " The advantage over JPEG XL is gone: the model knows its data set, not images."
            if own.advantage > 0
            else " The model has no advantage over JPEG XL on either."
        )
    if not agrees:
        sentence += (
            " The gap opens on images from elsewhere: their log p cannot be trusted."
            if abs(own.gap) <= GAP_BAR
            else " The gap is too large on both."
        )
    value = f"gap {_signed(other.gap, 3)}, to JPEG XL {_signed(-other.advantage, 3)} bits/dim"
    return Verdict(name, agrees and is_ahead, value, sentence)


def _told(lengths: CodeLengths) -> str:
    return (
        f"I-MMSE {lengths.i_mmse:.3f}, energy {lengths.energy:.3f} (gap {_signed(lengths.gap, 3)}), "
        f"JPEG XL {lengths.jpeg_xl:.3f} bits/dimension"
    )


def _heat(report: TrustReport) -> Verdict:
    name = "Heat equation"
    if report.heat is None:
        return _missing(name)
    worst = max(report.heat, key=lambda level: level.rms if math.isfinite(level.rms) else math.inf)
    passed = worst.rms <= HEAT_BAR
    how = "Noise levels belong to one density that diffuses" if passed else "Noise levels do not fit together"
    sentence = (
        f"{how}: the residual is at most {worst.rms:.4f} nats a dimension and e-fold of noise "
        f"(at {_signed(worst.psnr, 0, plus=False)} dB), and may be {HEAT_BAR:g}."
    )
    return Verdict(name, passed, f"{worst.rms:.4f} nats", sentence)


def _flow(report: TrustReport) -> Verdict:
    name = "Probability flow"
    if report.flow is None:
        return _missing(name)
    per_bit = report.dimensions * math.log(2)
    differences = np.array([flow.difference for flow in report.flow]) / per_bit
    mean, spread = float(differences.mean()), float(np.sqrt(np.mean(differences**2)))
    if not math.isfinite(mean):
        return Verdict(
            name, False, "not finite", "The ODE cannot be followed: gradients are not finite, or vary too fast."
        )
    passed = abs(mean) <= FLOW_BAR
    speed = sum(flow.seconds for flow in report.flow) / sum(flow.energy_seconds for flow in report.flow)
    gradients = np.mean([flow.gradients for flow in report.flow])
    traces = np.mean([flow.traces for flow in report.flow])
    sentence = (
        f"An ODE that never asks the energy at this noise {'agrees' if passed else 'disagrees'}: log p differs by "
        f"{_signed(mean, 3)} bits/dimension on average (root mean square {spread:.3f}), and may by {FLOW_BAR:g}. It "
        f"takes {gradients:.0f} gradients at a tolerance of {report.flow[0].tolerance:g} and {traces:,.0f} Hessian "
        f"products; the energy takes one forward pass and is {speed:,.0f} times as fast."
    )
    return Verdict(name, passed, f"{_signed(mean, 3)} bits/dim", sentence)


def _dimensionality(report: TrustReport) -> list[Verdict]:
    names = ("Dimensionality of noisy images", "Dimensionality at the image")
    if report.dimensionality is None:
        return [_missing(name) for name in names]
    levels = report.dimensionality.levels
    d = report.dimensions
    noisy = _pair(names[0], levels, "denoising", "energy", "denoising error", "slope of the mean energy", d)
    clean = _pair(names[1], levels, "time_score", "trace", "time score", "trace of the score's Jacobian", d)
    check = report.dimensionality
    faster = check.trace_seconds / max(check.time_score_seconds, 1e-9)
    return [noisy, clean._replace(sentence=f"{clean.sentence} The time score is {faster:,.0f} times as fast.")]


def _pair(
    name: str, levels: Sequence[DimensionalityLevel], first: str, second: str, title: str, other: str, d: int
) -> Verdict:
    def disagreement(level: DimensionalityLevel) -> float:
        a, b = getattr(level, first), getattr(level, second)
        share = abs(a - b) / max(abs(a), d / 10)
        return share if math.isfinite(share) else math.inf

    worst = max(levels, key=disagreement)
    share = disagreement(worst)
    passed = share <= DIMENSIONALITY_BAR
    sentence = (
        f"The {title} and the {other} {'agree' if passed else 'disagree'}: {_dimensions(getattr(worst, first))} and "
        f"{_dimensions(getattr(worst, second))} dimensions where they are farthest apart, at "
        f"{_signed(worst.psnr, 0, plus=False)} dB."
    )
    if not passed:
        agree = sum(disagreement(level) <= DIMENSIONALITY_BAR for level in levels)
        sentence += f" They agree at {agree} of {len(levels)} noise levels."
    return Verdict(name, passed, f"{100 * share:.1f} %" if share < 10 else "over 1,000 %", sentence)


def _dimensions(value: float) -> str:
    return f"{value:,.1f}" if abs(value) < 1e5 else f"{value:.0e}"


def _normalization(report: TrustReport) -> list[Verdict]:
    names = ("Normalization at large noise", "Normalization by annealing")
    if report.normalization is None:
        return [_missing(name) for name in names]
    d = report.dimensions
    large = report.normalization.large_noise.value / d
    passed = abs(large) <= LARGE_NOISE_BAR
    result = [
        Verdict(
            names[0],
            passed,
            f"{_signed(large, 4)} nats/dim",
            f"At the largest noise, where the truth is Gaussian, the log of the integral is {_signed(large, 4)} nats a "
            f"dimension{'' if passed else ', too far'} from 0, and may be {LARGE_NOISE_BAR:g}.",
        )
    ]
    annealed = report.normalization.annealed
    if annealed is None:
        return [*result, Verdict(names[1], None, "–", "Particles cannot tell for images of so many pixels.", False)]
    value, error = annealed.value / d, annealed.standard_error / d
    finite = math.isfinite(value) and math.isfinite(error)
    sure = not finite or abs(abs(value) - PARTITION_BAR) >= 2 * error
    inside = finite and abs(value) <= PARTITION_BAR
    sentence = (
        f"Followed down from large noise by particles, the log of the integral at the smallest is "
        f"{_signed(value, 3)} ± {error:.3f} nats a dimension, and may be {PARTITION_BAR:g}."
    )
    if not sure:
        sentence += " The error is too large to decide; the full checks have a smaller one."
    elif not inside and value > 0:
        sentence += " There is probability where there are no images."
    return [*result, Verdict(names[1], inside if sure else None, f"{_signed(value, 3)} nats/dim", sentence)]


def _signed(value: float, decimals: int, *, plus: bool = True) -> str:
    text = f"{value:+,.{decimals}f}" if plus else f"{value:,.{decimals}f}"
    return text.replace("-", "−")
