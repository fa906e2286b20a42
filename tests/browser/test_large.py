"""A photograph of a camera: scored, mapped, and drawn anew."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_a_large_jpeg_is_mapped_and_drawn_anew(app: str, tiny_photo: str, page: Page, tmp_path: Path) -> None:
    small = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    Image.fromarray(small).resize((4000, 3000)).save(tmp_path / "camera.jpg", quality=80)
    page.goto(f"{app}/large?density={tiny_photo}&side=256&source=upload&steps=40")
    page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(tmp_path / "camera.jpg")
    expect(page.get_by_text("4,000 × 3,000 pixels, of which a square of 3,000 is shrunk 11.7 times.")).to_be_visible()
    expect(page.get_by_test_id("stMetricValue").first).to_contain_text("dB/dimension")
    expect(page.get_by_text("the shortest file")).to_be_visible()

    page.get_by_test_id("stButtonGroup").get_by_text("2 px", exact=True).click()
    expect(page.get_by_text("4 × 4 pixels a cell")).to_be_visible()
    page.wait_for_url(re.compile("scale=2"))
    plot = (
        page.get_by_test_id("stPlotlyChart").filter(has=page.locator(".heatmaplayer image")).locator(".nsewdrag").last
    )
    plot.hover()
    expect(page.locator(".hoverlayer").filter(has_text="bits/pixel")).to_be_visible()

    main = page.get_by_test_id("stMain")  # Streamlit has a button "Stop" of its own, above the page
    main.get_by_role("button", name="Draw").click()
    main.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped at")).to_be_visible()
    main.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("Mean log p of the drawn")).to_be_visible(timeout=180_000)
    with page.expect_download() as found:
        main.get_by_role("button", name="NPZ").click()
    with np.load(io.BytesIO(Path(found.value.path()).read_bytes())) as arrays:
        assert arrays["images"].shape == (4, 1, 256, 256)
        assert np.isfinite(arrays["log_prob"]).all()
    assert page.get_by_test_id("stException").count() == 0


def test_an_image_of_atlas_opens_here(app: str, tiny_photo: str, page: Page) -> None:
    page.goto(f"{app}/atlas?model={tiny_photo}&data=photos")
    page.locator("ul.grid button").first.click()
    page.wait_for_url(re.compile(r"/large\?.*item=\d+"))
    expect(page.get_by_text("32 × 32 pixels, as they are.")).to_be_visible()
    expect(page.get_by_test_id("stMetricValue").first).to_contain_text("dB/dimension")
    page.go_back()
    page.wait_for_url(re.compile("/atlas"))
    expect(page.locator("ul.grid button").first).to_be_visible()
