"""The app behind a path of a proxy: links, Back and Forward, a reload, files in both directions."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def at(page: Page, address: str, title: str) -> None:
    """The page of that title, at its address, once that says the model: it is written when the page is drawn."""
    expect(page).to_have_url(re.compile(rf"^{re.escape(address)}\?.*model=digits"))
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()


def test_everything_stays_below_the_path(app_behind_a_path: str, page: Page, tmp_path: Path) -> None:
    home = app_behind_a_path
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{home}/jobs?model=digits&data=digits")
    at(page, f"{home}/jobs", "Jobs")
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Probe").click()
    at(page, f"{home}/", "Probe")
    page.go_back()
    at(page, f"{home}/jobs", "Jobs")
    page.reload()
    at(page, f"{home}/jobs", "Jobs")
    page.go_forward()
    at(page, f"{home}/", "Probe")
    expect(page.get_by_role("combobox", name="Model")).to_have_value("digits")

    page.goto(f"{home}/?model=digits&source=upload")
    picture = io.BytesIO()
    Image.radial_gradient("L").save(picture, "PNG")
    page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(
        {"name": "ramp.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    )
    expect(page.get_by_text("Uploaded: ramp.png")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    download.value.save_as(tmp_path / "probe.zip")
    assert zipfile.ZipFile(tmp_path / "probe.zip").testzip() is None
    assert not [url for url in asked if not url.startswith((f"{home}/", "data:", "blob:"))]
