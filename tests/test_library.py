"""What ``import explorer`` offers: an energy of one's own, six lines, and its report."""

from __future__ import annotations

import plotly.graph_objects as go
import pytest
import torch
from torch import Tensor

import explorer
from tests.measures.consistency.examples import SMALL, outcome, pixels


class Noise(explorer.EnergyModel):
    """Independent pixels of mean 1/2 and variance 0.05."""

    image_shape = (1, 8, 8)

    def energy(self, y: Tensor, t: Tensor) -> Tensor:
        v = 0.05 + t[:, None]
        return 0.5 * ((y - 0.5).flatten(1) ** 2 / v + torch.log(2 * torch.pi * v)).sum(1)


class Shifted(Noise):
    """Not normalized: the integral of its density is ``exp(32)``."""

    def energy(self, y: Tensor, t: Tensor) -> Tensor:
        return super().energy(y, t) - 32


def test_every_public_name_is_there() -> None:
    for name in explorer.__all__:
        assert getattr(explorer, name) is not None


def test_a_model_needs_a_shape_and_an_energy() -> None:
    model = Noise()
    assert (model.t_low, model.t_max, model.dimensions, str(model.device)) == (1e-6, 100.0, 64, "cpu")
    assert model.denoise(torch.ones(2, 1, 8, 8), 0.05) == pytest.approx(0.75)


def test_a_model_of_ones_own_gets_its_report() -> None:
    images = pixels(12)
    seen = []
    report = explorer.run_checks(Noise(), explorer.Values(), images, SMALL, dataset="noise", keep=seen.append)
    for name in ("large_noise", "heat_equation", "clean_dimensionality", "flow"):  # annealing takes more levels
        assert outcome(report, name).outcome == "passes", name
    assert str(report).startswith("Normalization at large noise")
    figures = explorer.check_figures(report)
    assert len(figures) == 6
    assert all(isinstance(figure, go.Figure) for figure in figures.values())
    assert len(seen) == 8

    broken = explorer.run_checks(Shifted(), explorer.Values(), images, SMALL)
    assert outcome(broken, "large_noise").measured == pytest.approx(0.5, abs=0.01)
    assert outcome(broken, "large_noise").outcome == "does not pass"
    assert outcome(broken, "heat_equation").outcome == "passes"  # no derivative knows the constant


def test_the_noise_range_is_ones_own() -> None:
    report = explorer.run_checks(Noise(), explorer.Values(), pixels(4), SMALL, noise=(1e-3, 10.0))
    assert (report.conditions.psnr, report.conditions.lowest_psnr) == pytest.approx((30.0, -10.0))
    with pytest.raises(explorer.ExplorerError, match="noise variances"):
        explorer.run_checks(Noise(), explorer.Values(), pixels(4), SMALL, noise=(0.0, 10.0))
