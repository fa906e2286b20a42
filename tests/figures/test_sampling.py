import json
from types import SimpleNamespace

import numpy as np
import pytest

from explorer.figures.sampling import sample_histogram, trajectories_figure
from explorer.units import convert_log_prob

D = 100


def test_trajectories_are_drawn_over_the_band_of_the_data() -> None:
    psnr = [-20.0, 0.0, 20.0]
    energies = np.array([[300.0, 310.0], [100.0, 90.0], [-50.0, -70.0]])
    band = SimpleNamespace(low=[-320.0, 40.0], median=[-300.0, 60.0], high=[-290.0, 80.0])
    figure = trajectories_figure(psnr, energies, "bits/dim", D, [-20.0, 20.0], band, at=0.0)
    lines = [trace for trace in figure.data if trace.name == "samples"]
    assert len(lines) == 2
    np.testing.assert_allclose(lines[1].y, convert_log_prob(-energies[:, 1], "bits/dim", D))
    assert [trace.showlegend for trace in lines] == [True, False]
    assert figure.data[1].fill == "tonexty"
    np.testing.assert_allclose(figure.data[2].y, convert_log_prob(np.array(band.median), "bits/dim", D))
    assert len(figure.layout.shapes) == 1
    json.loads(figure.to_json())


def test_a_way_that_was_stopped_ends_early_on_the_same_axis() -> None:
    figure = trajectories_figure([-20.0, 0.0, 20.0], np.array([[300.0]]), "nats", D)
    assert list(figure.data[0].x) == [-20.0]
    assert tuple(figure.layout.xaxis.range) == (-20.0, 20.0)


def test_histograms_are_shares_on_common_bins() -> None:
    rng = np.random.default_rng(0)
    samples, data = rng.normal(100, 20, 16), rng.normal(120, 20, 1000)
    figure = sample_histogram(samples, data, "nats", D)
    of_data, of_samples = figure.data
    np.testing.assert_array_equal(of_data.x, of_samples.x)
    assert sum(of_data.y) == pytest.approx(100)
    assert sum(of_samples.y) == pytest.approx(100)
    assert (sum(of_data.customdata), sum(of_samples.customdata)) == (1000, 16)
    means = sorted(shape.x0 for shape in figure.layout.shapes)
    assert means == pytest.approx(sorted((samples.mean(), data.mean())))


def test_values_that_are_not_finite_are_left_out() -> None:
    figure = sample_histogram(np.array([1.0, np.nan]), np.array([2.0, 3.0, np.inf]), "nats", D)
    assert [trace.name for trace in figure.data] == ["data (2)", "samples (1)"]
