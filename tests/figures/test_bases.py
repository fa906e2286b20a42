"""Figures of bases: what they show is what they were given."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from explorer.figures.bases import gaps_figure, overlay_figure, rebuilding_figure, spectrum_figure
from explorer.measures.geometry.bases import denoiser_basis
from explorer.measures.geometry.gaps import Gap, Phase, widest_gap
from explorer.measures.geometry.rebuilding import WAYS, contours, rebuild
from explorer.models.analytic import SubspaceMixture

Y = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
PSNR = (-10.0, 0.0, 10.0, 20.0)
PHASES: tuple[Phase, ...] = ("trivial", "coverage", "consolidation", "full")


def plane(dimensions: int = 3) -> SubspaceMixture:
    axes = torch.randn(64, dimensions, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return SubspaceMixture((1, 8, 8), [torch.linalg.qr(axes).Q], 0.1, t0=1e-6)


def test_the_spectrum_marks_its_gap_and_the_chosen_vector() -> None:
    basis = denoiser_basis(plane(), Y, 0.01)
    figure = spectrum_figure(basis, 4, widest_gap(basis.eigenvalues))
    np.testing.assert_allclose(figure.data[0].y, basis.eigenvalues)
    assert figure.data[0].error_y.array is None
    assert list(figure.data[1].x) == [5]
    assert "gap after 3" in [note.text for note in figure.layout.annotations]
    json.loads(figure.to_json())


def test_a_spectrum_that_is_not_complete_has_bars() -> None:
    basis = denoiser_basis(plane(), Y, 0.01, 5)
    figure = spectrum_figure(basis, 0, Gap(2, 1.3, 0.1))
    np.testing.assert_allclose(figure.data[0].error_y.array, basis.residuals)
    assert not [note.text for note in figure.layout.annotations if "gap" in note.text]


def test_hovering_names_contours_and_flat_regions() -> None:
    x = np.full((1, 8, 8), 0.2, np.float32)
    x[:, :, 4:] = 0.9
    marked = contours(x)
    vector = np.zeros((1, 8, 8), np.float32)
    vector[0, 2, 4] = 1
    figure = overlay_figure((255 * x).astype(np.uint8), vector, marked)
    (heatmap,) = figure.data
    assert heatmap.customdata[0][4] == "contour"
    assert heatmap.customdata[0][0] == "flat region"
    np.testing.assert_allclose(heatmap.z, vector[0])
    assert figure.layout.images[0].source.startswith("data:image/png;base64,")
    json.loads(figure.to_json())


def test_rebuilding_has_a_line_for_each_basis() -> None:
    basis = denoiser_basis(plane(), Y, 0.01)
    rebuilt = rebuild(basis, Y[0].numpy(), (1, 4, 16))
    figure = rebuilding_figure(rebuilt, 4)
    assert [trace.name for trace in figure.data] == list(WAYS)
    np.testing.assert_allclose(figure.data[2].y, rebuilt.psnr[2])


def test_phases_are_bands_side_by_side() -> None:
    gaps = [Gap(1, 1.1, 0.0), Gap(3, 1.5, 0.2), Gap(3, 8.0, 0.7), Gap(3, 30.0, 0.9)]
    figure = gaps_figure(
        [0, 10, 20, 30], [0, 2, 3, 3], [0.02, 2.0, 3.1, 3.0], gaps, ["trivial", "coverage", *["consolidation"] * 2], 20
    )
    bands = [(each.x0, each.x1) for each in figure.layout.shapes if each.type == "rect"]
    assert bands == [(0, 5), (5, 15), (15, 30)]
    assert [note.text for note in figure.layout.annotations] == ["trivial", "coverage", "consolidation"]
    by_name = {trace.name: trace for trace in figure.data}
    assert list(by_name["clear gap after"].x) == [20, 30]
    assert list(by_name["widest gap, not clear"].y) == [1, 3]
    assert by_name["sum of all factors"].y[0] is None  # zero has no place on a logarithmic axis
    json.loads(figure.to_json())


@pytest.mark.parametrize("most", [2, 64, 4096])
def test_names_of_phases_are_above_all_points_and_below_the_legend(most: int) -> None:
    gaps = [Gap(1, 1.1, 0.01), Gap(1, 1.5, 0.05), Gap(most // 2, 4.0, 0.7), Gap(most // 2, 1.2, 0.05)]
    figure = gaps_figure(PSNR, [0, 1, most // 2, most], [0.05, 1.0, most / 2, most], gaps, PHASES, 0.0)
    low, high = figure.layout.yaxis.range
    names = figure.layout.annotations
    assert [name.text for name in names] == list(PHASES)
    assert all(name.yanchor == "top" and name.y <= 1 < figure.layout.legend.y for name in names)
    plot = figure.layout.height - 120  # pixels, with the legend in two lines
    lowest_name = high - (high - low) * (1 - min(name.y for name in names) + 16 / plot)
    assert np.log10(most) < lowest_name
    assert low < 0
