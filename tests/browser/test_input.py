"""Images that are pasted, dropped and shot, and the last ones to go back to."""

from __future__ import annotations

import base64
import re

import pytest
from playwright.sync_api import Page, expect

from tests.webapp.shell.test_upload import png

pytestmark = pytest.mark.browser

_GIVE = """
([events, where, name, data, text, more]) => {
  const held = new DataTransfer();
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  held.items.add(new File([bytes, new Uint8Array(more)], name, { type: "image/png" }));
  if (text) held.setData("text/plain", text);
  const options = { bubbles: true, cancelable: true, composed: true };
  return events.map((event) => !document.querySelector(where).dispatchEvent(
    event === "paste" ? new ClipboardEvent(event, { ...options, clipboardData: held })
                      : new DragEvent(event, { ...options, dataTransfer: held })
  ));
}
"""


def give(
    page: Page, *events: str, where: str = "h1", name: str = "image.png", gray: int = 9, text: str = "", more: int = 0
) -> list[bool]:
    """Let these events happen to an element, with a file and a text; which of them were taken?"""
    taken: list[bool] = page.evaluate(_GIVE, [events, where, name, base64.b64encode(png(gray)).decode(), text, more])
    return taken


def open_probe(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_test_id("stMetricValue").first).to_be_visible()
    expect(page.locator(".st-key-drop_zone .zone")).to_be_attached()


def tiles(page: Page) -> list[str | None]:
    return [tile.get_attribute("title") for tile in page.locator(".st-key-last_images button").all()]


def test_an_image_is_pasted_dropped_and_shot(app: str, page: Page) -> None:
    open_probe(page, f"{app}/?model=digits")
    assert give(page, "paste") == [True]
    expect(page.get_by_text("Uploaded: pasted image")).to_be_visible()
    expect(page).to_have_url(re.compile("source=upload"))
    page.get_by_text("synthetic", exact=True).click()
    expect(page.get_by_role("combobox", name="Synthetic image")).to_be_visible()
    zone = page.locator(".st-key-drop_zone .zone")
    assert give(page, "dragover", name="b.png", gray=99) == [True]
    expect(zone).to_be_visible()
    assert give(page, "drop", name="b.png", gray=99) == [True]
    expect(zone).to_be_hidden()
    expect(page.get_by_text("Uploaded: b.png")).to_be_visible()
    give(page, "drop", name="large.png", more=20 * 2**20)
    expect(page.get_by_text("The file large.png has 20 MB; the limit is 20 MB.")).to_be_visible()
    page.get_by_text("Camera", exact=True).click()
    page.get_by_role("button", name="Take Photo").click()
    expect(page.get_by_text("Uploaded: camera shot")).to_be_visible()
    expect(page.locator(".st-key-last_images button")).to_have_count(5)
    assert tiles(page) == ["camera shot", "b.png", "constant", "pasted image", "china"]
    page.wait_for_timeout(1000)  # a view at which somebody stops is an entry of the history
    shot = page.url
    page.locator(".st-key-last_images button").nth(1).click()
    expect(page.get_by_text("Uploaded: b.png")).to_be_visible()
    page.wait_for_url(lambda url: url != shot)
    page.wait_for_timeout(1000)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Uploaded: camera shot")).to_be_visible()


def test_what_is_not_for_the_page_is_left_alone(app: str, page: Page) -> None:
    open_probe(page, f"{app}/?model=digits")
    assert give(page, "dragstart", "dragover", "drop", "dragend") == [False] * 4, "a picture of the page itself"
    field = "[data-testid=stNumberInputField]"
    page.locator(field).first.focus()
    assert give(page, "paste", where=field, text="12") == [False], "text into a field"
    page.get_by_text("upload", exact=True).click()
    expect(page.get_by_test_id("stFileUploaderDropzone")).to_be_visible()
    give(page, "drop", where="[data-testid=stFileUploaderDropzone]", name="once.png")
    expect(page.get_by_text("Uploaded: once.png")).to_be_visible()


def test_a_click_leads_back_and_a_reload_keeps_the_last_images(app: str, page: Page) -> None:
    open_probe(page, f"{app}/?model=digits&source=synthetic&tray=synthetic.disk~photo.cat.0-0-500~item.7.all.photos")
    assert tiles(page) == ["constant", "disk", "cat", "photos 7"]
    tile = page.locator(".st-key-last_images button")
    tile.nth(2).click()
    expect(page).to_have_url(re.compile("crop=0-0-500"))
    expect(tile.nth(2)).to_have_attribute("aria-current", "true")
    tile.nth(3).press("Enter")
    expect(page).to_have_url(re.compile(r"data=photos.*item=7|item=7.*data=photos"))
    expect(page.get_by_alt_text("Original: Photos 7")).to_be_visible()
    expect(tile.nth(3)).to_have_attribute("aria-current", "true")
    page.reload()
    expect(page.get_by_alt_text("Original: Photos 7")).to_be_visible()
    expect(tile.nth(3)).to_have_attribute("aria-current", "true")
    assert tiles(page) == ["constant", "disk", "cat", "photos 7"]
