"""Samples: drawn, stopped, gone on with, looked at on their way, and taken home."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_a_drawing_is_stopped_goes_on_and_is_exported(app: str, page: Page) -> None:
    page.goto(f"{app}/sample?model=natural32&data=photos&count=4&steps=240")
    drawing = page.get_by_test_id("stMain")  # Streamlit has a button "Stop" of its own, above the page
    drawing.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("stopped at")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("less probable than data").or_(page.get_by_text("chance explains"))).to_be_visible(
        timeout=180_000
    )
    expect(page.get_by_text("stopped at")).to_have_count(0)
    expect(page.locator(".st-key-samples li")).to_have_count(4)
    with page.expect_download() as found:
        page.get_by_role("button", name="NPZ").click()
    with np.load(io.BytesIO(Path(found.value.path()).read_bytes())) as arrays:
        assert arrays["images"].shape == (4, 1, 32, 32)
        assert arrays["energies"].shape == (241, 4)
    with page.expect_download() as found:
        page.get_by_role("button", name="GIF").click()
    with Image.open(found.value.path()) as film:
        assert film.n_frames > 1
    assert page.locator("[data-testid=stException]").count() == 0
