"""The noise variances that a sampler visits."""

from __future__ import annotations

from explorer.measures.shared.noise_levels import log_spaced

__all__ = ["even_schedule", "kadkhodaie_simoncelli_schedule"]


def even_schedule(t_start: float, t_end: float, steps: int) -> list[float]:
    """``steps + 1`` noise variances, evenly spaced in ``log t``, decreasing.

    On Gaussian images with power spectrum ``1 / f^2`` every sampler is nearer to the truth with it than with as many
    steps evenly spaced in ``sigma^(1/7)`` (Karras et al. 2022).

    Args:
        t_start, t_end: the first and the last noise variance.
        steps: at least 1.

    Raises:
        ValueError: no steps, or not ``0 < t_end < t_start``.
    """
    _check(t_start, t_end)
    if steps < 1:
        raise ValueError("A sampler takes at least one step.")
    return [t_start, *log_spaced(t_start, t_end, steps + 1)[1:-1], t_end]


def kadkhodaie_simoncelli_schedule(t_start: float, t_end: float, h0: float = 0.01, beta: float = 0.01) -> list[float]:
    """The noise variances of Kadkhodaie and Simoncelli (2021): ``sigma_k = (1 - beta h_k) sigma_{k-1}`` with
    ``h_k = h0 k / (1 + h0 (k - 1))``, until `t_end` is reached, where the last step ends.

    With it and the same `beta`, `ancestral` is their algorithm at known noise levels.

    Args:
        t_start, t_end: the first and the last noise variance.
        h0: size of the first step, in (0, 1].
        beta: share of a step by which the noise shrinks, in (0, 1); the smaller, the more steps.

    Raises:
        ValueError: not ``0 < t_end < t_start``, or `h0` or `beta` out of range.
    """
    _check(t_start, t_end)
    if not (0 < h0 <= 1 and 0 < beta < 1):
        raise ValueError("Steps need 0 < h0 <= 1 and 0 < beta < 1.")
    ts = [t_start]
    while ts[-1] > t_end:
        h = h0 * len(ts) / (1 + h0 * (len(ts) - 1))
        ts.append(max(t_end, (1 - beta * h) ** 2 * ts[-1]))
    return ts


def _check(t_start: float, t_end: float) -> None:
    if not 0 < t_end < t_start:
        raise ValueError("Sampling goes from large to small noise: 0 < t_end < t_start.")
