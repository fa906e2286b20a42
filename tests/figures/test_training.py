"""Figures of a run: what is drawn, not how it looks."""

from __future__ import annotations

import base64
import io

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image

from explorer.figures.training import denoised_images, denoising_psnr, likelihood, space_loss, time_loss


def progress(step: int) -> dict[str, object]:
    return {"kind": "progress", "step": step, "space_loss": 1 / step, "time_loss": 2 / step}


def validation(step: int) -> dict[str, object]:
    bits = {"i_mmse": 3.0, "energy": 3.0 + 1 / step, "gap": 1 / step}
    levels = [{"psnr": psnr, "denoised_psnr": max(psnr, 0) + 5} for psnr in (-100.0, 0.0, 20.0, 200.0)]
    return {"kind": "validation", "step": step, "bits_per_dimension": bits, "levels": levels}


METRICS = [progress(1), progress(2), validation(2), progress(3), validation(4)]


@pytest.mark.parametrize("draw", [space_loss, time_loss, likelihood])
def test_a_run_without_metrics_has_an_empty_figure(draw) -> None:
    assert all(len(trace.x) == 0 for trace in draw([], 10).data)
    assert len(denoising_psnr([]).data) == 0


@pytest.mark.parametrize(("draw", "values"), [(space_loss, [1, 1 / 2, 1 / 3]), (time_loss, [2, 1, 2 / 3])])
def test_losses_are_drawn_against_the_step_over_the_whole_run(draw, values: list[float]) -> None:
    figure = draw(METRICS, 10)
    assert list(figure.data[0].x) == [1, 2, 3]
    assert list(figure.data[0].y) == pytest.approx(values)
    assert figure.layout.xaxis.range == (0, 10)
    assert figure.layout.yaxis.title.text


def test_a_long_run_is_thinned_and_keeps_its_last_point() -> None:
    steps = space_loss([progress(step) for step in range(1, 10_001)], 10_000).data[0].x
    assert len(steps) <= 600
    assert steps[-1] == 10_000


def test_both_readings_of_the_likelihood_are_drawn_with_their_gap() -> None:
    denoising, energy = likelihood(METRICS, 10).data
    assert list(denoising.x) == list(energy.x) == [2, 4]
    assert list(energy.y) == [3.5, 3.25]
    assert list(energy.customdata) == [0.5, 0.25]


def test_denoising_is_drawn_for_the_first_and_latest_validation_where_it_is_visible() -> None:
    first, latest, identity = denoising_psnr(METRICS).data
    assert "2" in first.name
    assert "4" in latest.name
    assert list(latest.x) == [0, 20]
    assert list(latest.y) == [5, 25]
    assert list(identity.x) == list(identity.y)
    assert len(denoising_psnr([validation(1)]).data) == 2


@pytest.mark.parametrize("channels", [1, 3])
def test_denoised_images_are_pixel_sharp_with_a_label_for_each_row(channels: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (7 * 8, 3 * 8, channels), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(buffer, format="PNG")
    figure = denoised_images(buffer.getvalue(), 8)
    assert isinstance(figure, go.Figure)
    assert list(figure.layout.yaxis.ticktext) == ["clean"] + ["noisy", "denoised"] * 3
    assert len(figure.layout.yaxis.tickvals) == 7
    source = figure.layout.images[0].source
    shown = Image.open(io.BytesIO(base64.b64decode(source.split(",")[1]))).convert("RGB")
    first = np.asarray(shown)[:96, :96]
    expected = np.broadcast_to(pixels[:8, :8], (8, 8, 3)).repeat(12, 0).repeat(12, 1)
    assert np.array_equal(first, expected)
