"""Two models in Atlas, run without a browser on the real digits and tiny models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from explorer.catalog.build import find_catalog
from explorer.catalog.compare import Comparison, compare
from explorer.data.sources import open_dataset
from explorer.data.store import Store
from explorer.jobs.kinds import CatalogTask
from explorer.jobs.manage import list_jobs
from explorer.models.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from explorer.units import format_percent
from explorer.webapp.shell.areas import areas_of
from tests.conftest import write_tiny_checkpoint

ROOT = Path(__file__).parents[3]


@pytest.fixture
def other(tiny_checkpoint: Checkpoint, home: Path) -> Checkpoint:
    """The model `other`: as `tiny`, but it knows other images."""
    model = load_checkpoint("tiny", "cpu").model
    model.fit_statistics(torch.rand(50, 1, 8, 8, generator=torch.Generator().manual_seed(1)).sqrt())
    save_checkpoint(home / "checkpoints" / "other", model, tiny_checkpoint.config, "# other\n")
    return load_checkpoint("other", "cpu")


@pytest.fixture
def page(tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """Atlas with the model `tiny` and the digits, before its first run; no checkpoints ship."""
    monkeypatch.setattr("explorer.models.checkpoints.SHIPPED_CHECKPOINTS", ROOT / "none")
    monkeypatch.setattr("explorer.catalog.scoring.lossless_bits", lambda *_, **__: {"PNG": 1, "WebP": 2, "JPEG XL": 3})
    monkeypatch.setattr("explorer.catalog.profile.PROFILE_IMAGES", 4)
    app = AppTest.from_file(str(ROOT / "pages" / "atlas.py"), default_timeout=60)
    app.query_params.update(model=tiny_checkpoint.name, data="digits")
    return app


@pytest.fixture
def digits(home: Path) -> Store:
    return open_dataset("digits", (1, 8, 8))


def compared(first: Checkpoint, second: Checkpoint, digits: Store, label: int | None = None) -> Comparison:
    return compare(*(find_catalog(model, digits.fingerprint) for model in (first, second)), label)


def caption(app: AppTest) -> str:
    return app.main.caption[-1].value


def test_without_another_model_the_box_says_so(page: AppTest, home: Path) -> None:
    write_tiny_checkpoint(home / "checkpoints" / "large", (1, 16, 16))
    write_tiny_checkpoint(home / "checkpoints" / "color", (3, 8, 8))
    page.run()
    box = page.selectbox(key="compare")
    assert box.disabled
    assert box.options == []
    assert box.placeholder == "No other 8 × 8 gray model"
    assert page.metric[0].label.startswith("Mean log p")


def test_the_other_model_is_chosen_scored_and_compared(
    page: AppTest, tiny_checkpoint: Checkpoint, other: Checkpoint, digits: Store
) -> None:
    page.run()
    assert page.selectbox(key="compare").options == ["other"]
    assert find_catalog(other, digits.fingerprint) is None
    page.selectbox(key="compare").set_value("other").run()
    assert not page.exception
    assert not page.error
    assert "under tiny and other. Where models" in page.main.markdown[0].value
    found = compared(tiny_checkpoint, other, digits)
    shown = {metric.label: metric.value.replace("−", "-") for metric in page.metric}
    factor = 10 / np.log(10) / 64
    assert float(shown["RMS difference [dB/dim]"]) == pytest.approx(found.agreement.rms * factor, abs=0.005)
    assert float(shown["Mean difference [dB/dim]"]) == pytest.approx(found.agreement.mean * factor, abs=0.005)
    assert float(shown["Correlation"]) == pytest.approx(found.agreement.correlation, abs=5e-5)
    assert shown["More probable for other"] == format_percent(found.agreement.second_higher)
    assert caption(page).startswith("The 48 images whose difference is farthest from its mean")


def test_the_url_reproduces_the_comparison(
    page: AppTest, tiny_checkpoint: Checkpoint, other: Checkpoint, digits: Store
) -> None:
    page.query_params.update(compare="other", disputed="other", label="3", unit="nats")
    page.run()
    threes = int((digits.labels == 3).sum())
    assert caption(page).startswith(f"The {threes} images with the largest difference, in order.")
    found = compared(tiny_checkpoint, other, digits, 3)
    assert page.metric[0].label == "RMS difference [nats]"
    assert page.metric[0].value == f"{found.agreement.rms:,.0f}"


def test_a_box_selects_images_of_both_models(
    page: AppTest, tiny_checkpoint: Checkpoint, other: Checkpoint, digits: Store
) -> None:
    page.query_params.update(compare="other", unit="bits")
    page.run()
    found = compared(tiny_checkpoint, other, digits)
    bits = found.first_log_prob / np.log(2)
    low, high = np.quantile(bits, (0.2, 0.7)).tolist()
    page.session_state["area"] = areas_of([{"x": [low, high], "y": [-1e9, 1e9]}], (1 / np.log(2), 1 / np.log(2)))
    page.run()
    expected = int(((bits >= low) & (bits <= high)).sum())
    assert expected > 48
    assert caption(page).startswith(f"{expected} selected in the scatter. The 48 images whose difference")
    page.session_state["area"] = areas_of([{"x": [1e8, 2e8, 1e8], "y": [1e8, 1e8, 2e8]}], (1.0, 1.0))
    page.run()
    assert caption(page) == "No image lies inside the selection."


def test_a_model_that_is_no_longer_offered_is_forgotten(page: AppTest, other: Checkpoint) -> None:
    page.query_params["compare"] = "other"
    page.run()
    assert page.metric[0].label.startswith("RMS")
    page.selectbox(key="model").set_value("other").run()
    assert page.selectbox(key="compare").options == ["tiny"]
    assert page.selectbox(key="compare").value is None
    assert page.metric[0].label.startswith("Mean log p")
    assert not page.exception


@pytest.mark.usefixtures("jobs")
def test_a_large_data_set_is_scored_by_the_other_in_a_job(
    page: AppTest, monkeypatch: pytest.MonkeyPatch, other: Checkpoint
) -> None:
    page.run()
    monkeypatch.setattr("explorer.webapp.shell.ready_catalog._AT_ONCE", 10)
    page.selectbox(key="compare").set_value("other").run()
    assert other.name == "other"
    assert "other has scored none of the" in page.info[0].value
    assert not page.metric
    page.button[0].click().run()
    (job,) = list_jobs()
    assert job.task == CatalogTask(checkpoint="other", dataset="digits")


def test_a_damaged_model_is_a_sentence(page: AppTest, other: Checkpoint) -> None:
    (other.path / "model.safetensors").write_bytes(b"damaged")
    page.query_params["compare"] = "other"
    page.run()
    assert "other is damaged" in page.error[0].value
    assert not page.exception


def test_other_conventions_are_told(page: AppTest, home: Path) -> None:
    write_tiny_checkpoint(home / "checkpoints" / "fine", (1, 8, 8), levels=256)
    page.query_params["compare"] = "fine"
    page.run()
    assert "one of 17 and fine for one of 256" in page.warning[0].value
