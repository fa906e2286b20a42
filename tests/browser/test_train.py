"""A training from the page: launched, watched, stopped, resumed, finished, used, deleted."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

PATIENCE = 180_000  # milliseconds, for a process to start and to learn


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()


def fill(page: Page, label: str, text: str) -> None:
    page.get_by_label(label, exact=True).fill(text)
    page.get_by_label(label, exact=True).press("Enter")


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def open_form(page: Page, address: str) -> None:
    page.goto(f"{address}/train")
    expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible()
    form = page.locator("details").filter(has_text="New training").first
    form.wait_for()
    if form.get_attribute("open") is None:
        page.get_by_text("New training").click()
    expect(button(page, "Start training")).to_be_visible()


def set_steps(page: Page, steps: int) -> None:
    choose(page, "Budget in", "steps")
    fill(page, "Steps", str(steps))
    expect(page.get_by_text(f"{steps:,} steps of")).to_be_visible(timeout=PATIENCE)


def press(page: Page, name: str) -> None:
    page.wait_for_function("() => document.querySelector('[data-test-script-state=notRunning]')")
    button(page, name).click()


def badge(page: Page, text: str) -> Locator:
    return page.locator("[data-testid=stBadge], .stMarkdownBadge").filter(has_text=re.compile(text)).first


def test_a_training_finishes_and_its_model_is_used_in_probe(app: str, page: Page, new_name: str) -> None:
    open_form(page, app)
    choose(page, "Model size", "tiny")
    set_steps(page, 30)
    fill(page, "Name", new_name)
    expect(page.get_by_text(f"{new_name}: 30 steps")).to_be_visible(timeout=PATIENCE)
    button(page, "Start training").click()

    expect(button(page, "Open in Probe")).to_be_visible(timeout=PATIENCE)
    expect(page).to_have_url(re.compile(f"run={new_name}"))
    expect(badge(page, "finished")).to_be_visible()
    expect(page.get_by_text("step 30 of 30", exact=True).first).to_be_visible()
    for title in ("Space loss", "Time loss", "Validation likelihood", "Denoising", "Validation images", "Settings"):
        expect(page.get_by_text(title).first).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(5)

    press(page, "Open in Probe")
    expect(page).to_have_url(re.compile(f"model={new_name}"))
    expect(page.get_by_text(f"{new_name} reads 8 × 8 grayscale images")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("[data-testid=stMetricValue]").first).to_contain_text("dB", timeout=PATIENCE)
    assert page.locator("[data-testid=stException]").count() == 0


def test_a_training_stops_resumes_and_is_deleted(app: str, page: Page, new_name: str) -> None:
    open_form(page, app)
    choose(page, "Model size", "tiny")
    set_steps(page, 1_000_000)
    fill(page, "Name", new_name)
    expect(page.get_by_text(f"{new_name}: 1,000,000 steps")).to_be_visible(timeout=PATIENCE)
    button(page, "Start training").click()
    expect(badge(page, "running")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text(re.compile(r"step [1-9].* of 1,000,000 · .* left"))).to_be_visible(timeout=PATIENCE)

    page.reload()
    expect(badge(page, "running")).to_be_visible(timeout=PATIENCE)
    press(page, "Stop")
    expect(badge(page, "stopped")).to_be_visible(timeout=PATIENCE)
    press(page, "Resume")
    expect(badge(page, "running")).to_be_visible(timeout=PATIENCE)
    press(page, "Stop")
    expect(badge(page, "stopped")).to_be_visible(timeout=PATIENCE)

    page.get_by_role("button", name="Delete").click()
    press(page, "Delete for good")
    expect(button(page, new_name)).to_have_count(0, timeout=PATIENCE)
    assert page.locator("[data-testid=stException]").count() == 0


def test_invalid_settings_are_refused_beside_the_form(app: str, page: Page) -> None:
    open_form(page, app)
    fill(page, "Name", "../elsewhere")
    expect(page.get_by_text("cannot be a name")).to_be_visible()
    expect(button(page, "Start training")).to_be_disabled()
    fill(page, "Name", "natural32")
    expect(page.get_by_text("There is a checkpoint called natural32 already")).to_be_visible()
    fill(page, "Name", "fine")
    fill(page, "Image size [pixels]", "9")
    expect(page.get_by_text("must be a multiple of 2 pixels")).to_be_visible()
    fill(page, "Image size [pixels]", "8")
    fill(page, "Minutes", "0")
    expect(page.get_by_text("A training cannot take 0 minutes")).to_be_visible()
    expect(button(page, "Start training")).to_be_disabled()
    fill(page, "Minutes", "1")
    page.get_by_text("Advanced").click()
    fill(page, "Learning rate", "-1")
    expect(page.get_by_text("learning_rate")).to_be_visible()
    expect(button(page, "Start training")).to_be_disabled()
