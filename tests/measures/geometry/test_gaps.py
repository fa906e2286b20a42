"""Gaps and phases of spectra that are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from explorer.measures.geometry.bases import denoiser_basis
from explorer.measures.geometry.gaps import opening, phase, widest_gap
from explorer.models.analytic import Gaussian

A, B, M, D = 0.05, 5e-4, 5, 36


def linear_manifold() -> Gaussian:
    """Variance `A` in `M` directions, `B` in the others, in random axes."""
    axes = torch.linalg.qr(torch.randn(D, D, generator=torch.Generator().manual_seed(2), dtype=torch.float64)).Q
    variances = torch.tensor([A] * M + [B] * (D - M), dtype=torch.float64)
    covariance = axes @ torch.diag(variances) @ axes.T
    return Gaussian(torch.zeros(1, 6, 6, dtype=torch.float64), (covariance + covariance.T) / 2)


def test_a_linear_manifold_has_its_gap_after_its_dimension_and_widest_at_the_geometric_mean() -> None:
    model, y = linear_manifold(), torch.rand(1, 1, 6, 6, dtype=torch.float64)
    ts = np.geomspace(1e-5, 1.0, 12).tolist()
    spectra = [denoiser_basis(model, y, t).eigenvalues for t in ts]
    gaps = [widest_gap(each) for each in spectra]
    for t, gap in zip(ts, gaps, strict=True):
        if gap.is_clear:
            assert gap.index == M, t
            assert gap.ratio == pytest.approx(A / (A + t) / max(B / (B + t), 0.01))
    assert sum(gap.is_clear for gap in gaps) == 7
    found = opening(ts, [each[M - 1] - each[M] for each in spectra])
    assert found == pytest.approx(math.sqrt(A * B), rel=0.05)


def test_the_phases_of_a_linear_manifold() -> None:
    model, y = linear_manifold(), torch.rand(1, 1, 6, 6, dtype=torch.float64)
    for t, expected in ((1.0, "trivial"), (2 * A, "trivial"), (A / 2, "consolidation"), (2 * B, "consolidation")):
        assert phase(denoiser_basis(model, y, t).eigenvalues, D) == expected
    assert phase(denoiser_basis(model, y, B / 2).eigenvalues, D) == "full"
    assert phase(denoiser_basis(model, y, A / 2).eigenvalues[:3], D) == "coverage"  # the end of what is known


def test_a_smooth_spectrum_has_no_clear_gap() -> None:
    smooth = np.linspace(0.95, 0.2, 100)
    gap = widest_gap(smooth)
    assert not gap.is_clear
    assert phase(smooth, 100) == "coverage"


def test_small_values_have_no_clear_gap() -> None:
    assert not widest_gap(np.array([0.09, 0.08, 0.01])).is_clear
    assert widest_gap(np.array([0.9, 0.2, 0.1])).is_clear


def test_values_that_are_not_told_apart_are_no_gap() -> None:
    """Ratios of what is nearly zero, or negative, mean nothing."""
    gap = widest_gap(np.array([0.9, 0.8, 1e-3, 1e-9, 0.0]))
    assert (gap.index, gap.ratio) == (2, pytest.approx(80))
    assert gap.difference == pytest.approx(0.799)
    wrong = np.array([0.9, 0.8, 0.3, 0.05, -0.25])  # by 0.25, so that 0.05 and less may be anything
    assert widest_gap(wrong).ratio == pytest.approx(0.8 / 0.3)
    assert widest_gap(wrong[:2], -0.25) == widest_gap(wrong[:2])
    assert widest_gap(wrong[2:4], -0.25).ratio == pytest.approx(0.3 / 0.25)


def test_what_cannot_be_asked() -> None:
    with pytest.raises(ValueError, match="between two"):
        widest_gap(np.array([0.5]))
    with pytest.raises(ValueError, match="four noise levels"):
        opening([1, 2, 3], [1, 2, 3])
