"""The page Bases, run without a browser on a tiny model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from explorer.errors import ExplorerError
from explorer.measures.geometry.bases import denoiser_basis
from explorer.measures.shared.noise import noisy_image
from explorer.models.checkpoints import Checkpoint, load_checkpoint
from explorer.webapp.bases import found
from explorer.webapp.bases.vectors import clean_values
from explorer.webapp.shell.origin import Origin
from explorer.webapp.shell.subject import subject_of

ROOT = Path(__file__).parents[3]


@pytest.fixture
def page(tiny_checkpoint: Checkpoint) -> AppTest:
    """Bases with the model `tiny`, before its first run."""
    app = AppTest.from_file(str(ROOT / "pages" / "bases.py"), default_timeout=120)
    app.query_params.update(model=tiny_checkpoint.name, data="digits", source="dataset", item="3")
    return app


def words(page: AppTest) -> str:
    return " ".join(each.value for kind in ("markdown", "caption") for each in page.main.get(kind))


def metric(page: AppTest, label: str) -> str:
    return next(each.value for each in page.metric if each.label == label)


def test_without_a_click_it_shows_what_the_library_finds(page: AppTest, tiny_checkpoint: Checkpoint) -> None:
    page.run()
    assert not page.exception
    assert not page.error
    checkpoint = load_checkpoint(tiny_checkpoint.path)
    subject = subject_of(Origin("dataset", "digits", part="validation", item=3), (1, 8, 8))
    noisy = noisy_image(checkpoint.values, clean_values(checkpoint, subject.pixels), 0.01)
    basis = denoiser_basis(checkpoint.model, noisy, 0.01)
    assert metric(page, "Sum of all factors") == f"{basis.trace:,.1f}"
    assert float(metric(page, "Local dimensionality")) > 0
    assert "64 eigenvectors, their factors exactly" in words(page)
    assert "than the better of the" in words(page) or "as good as" in words(page)
    assert "Asymmetry" in words(page)
    assert "gap" in words(page)  # 64 pixel values: the gaps are measured without a click
    assert not [button for button in page.button if button.label in ("Measure", "Go on", "Stop", "Find the basis")]


def test_the_noise_level_the_vector_and_the_number_are_in_the_url(page: AppTest) -> None:
    page.query_params.update(psnr="15", vector="4", k="2")
    page.run()
    assert not page.exception
    assert "Eigenvector 4 over the image" in words(page)
    assert "With 2 coefficients" in words(page)
    before = metric(page, "Sum of all factors")
    page.slider(key="psnr").set_value(5.0).run()
    assert metric(page, "Sum of all factors") != before


@pytest.mark.parametrize(("asked", "shown"), [("21", 20), ("500", 32), ("many", 32)])
def test_a_number_of_coefficients_that_is_no_choice_is_the_nearest(page: AppTest, asked: str, shown: int) -> None:
    page.query_params["k"] = asked
    page.run()
    assert not page.exception
    assert page.session_state["k"] == shown


def test_what_was_found_is_not_computed_again(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    page.run()
    assert not page.exception

    def never(*_: Any) -> Any:
        raise AssertionError

    monkeypatch.setattr(found, "denoiser_basis_steps", never)
    page.run()
    page.query_params["vector"] = "2"
    page.run()
    assert not page.exception


def test_a_model_that_fails_is_a_sentence_and_can_be_asked_again(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any) -> Any:
        raise ExplorerError("The model has no finite curvature.")
        yield

    right = found.denoiser_basis_steps
    monkeypatch.setattr(found, "denoiser_basis_steps", failing)
    found._known.clear()
    page.run()
    assert not page.exception
    assert "no finite curvature" in page.error[0].value
    monkeypatch.setattr(found, "denoiser_basis_steps", right)
    next(button for button in page.button if button.label == "Find the basis").click().run()
    assert not page.exception
    assert metric(page, "Sum of all factors")


def test_a_density_at_one_noise_level_is_refused(home: Path, photo: Checkpoint) -> None:
    assert photo.path.is_relative_to(home)
    app = AppTest.from_file(str(ROOT / "pages" / "bases.py"), default_timeout=120)
    app.query_params.update(model="photo", data="photos")
    app.run()
    assert not app.exception
    assert "Bases needs the energy at many noise levels" in app.info[0].value
