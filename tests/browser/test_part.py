"""The part of a data set in a real browser: chosen with a click, kept in the URL, and passed on to Probe."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


@pytest.fixture
def birds(app: str, home_of_app: Path) -> str:
    """The address of Atlas with a folder of 60 images, which the model was not trained on."""
    folder = home_of_app / "datasets" / "birds"
    folder.mkdir(parents=True, exist_ok=True)
    for number, pixels in enumerate(np.random.default_rng(0).integers(0, 256, (60, 8, 8), np.uint8)):
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return f"{app}/atlas?model=digits&data=birds"


def test_a_part_is_chosen_kept_in_the_url_and_opened_in_probe(page: Page, birds: str) -> None:
    page.goto(birds)
    expect(page.get_by_text("60 images, sorted by the probability")).to_be_visible()
    assert "part=" not in page.url
    page.get_by_role("radio", name="train").click()
    expect(page.get_by_text("54 of 60 images: the training part, sorted by the probability")).to_be_visible()
    expect(page.get_by_text("The 48 images with the largest log p, in order.")).to_be_visible()
    expect(page).to_have_url(re.compile("part=train"))
    page.reload()
    expect(page.get_by_text("54 of 60 images: the training part, sorted by the probability")).to_be_visible()
    page.get_by_role("button", name=re.compile(r"^image \d+.*log p")).first.click()
    expect(page.get_by_role("heading", name="Probe")).to_be_visible()
    expect(page.get_by_label("Image, 0 to 53")).to_be_visible()
    expect(page).to_have_url(re.compile("part=train"))
