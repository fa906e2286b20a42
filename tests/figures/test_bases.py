"""Figures of the basis of a denoiser."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.figures.bases import gaps_figure
from explorer.measures.geometry.gaps import Gap, Phase

PSNR = (-10.0, 0.0, 10.0, 20.0)
PHASES: tuple[Phase, ...] = ("trivial", "coverage", "consolidation", "full")


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
