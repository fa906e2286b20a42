"""The Jobs page, driven as a person would: send checks, watch, stop a training, change the settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from explorer.jobs.kinds import CatalogTask, EvaluateTask
from explorer.jobs.manage import create_job
from explorer.jobs.settings import job_settings
from explorer.jobs.worker import run_job

pytestmark = pytest.mark.browser


def test_a_job_is_sent_and_watched_to_its_end(page: Page, own_app: tuple[str, Path]) -> None:
    app, _home = own_app
    page.goto(f"{app}/jobs?model=digits&data=digits")
    expect(page.get_by_text("There are no jobs yet")).to_be_visible()
    page.get_by_role("button", name="Send the job").click()
    expect(page.get_by_role("heading", name="catalog-digits-digits-1")).to_be_visible()
    expect(page.get_by_text("Catalog of digits (validation) by digits. 3,949 of 3,949 scores")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("paragraph").filter(has_text="finished")).to_be_visible()
    expect(page).to_have_url(re.compile("job=catalog-digits-digits-1"))
    page.reload()
    expect(page.get_by_role("heading", name="catalog-digits-digits-1")).to_be_visible()


def test_a_failed_job_says_why(page: Page, own_app: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    app, home = own_app
    monkeypatch.setenv("EXPLORER_HOME", str(home))
    run_job(create_job(EvaluateTask(checkpoint="nobody", dataset="digits"), "bad"))
    create_job(CatalogTask(checkpoint="digits", dataset="digits", shards=2), "new")
    page.goto(f"{app}/jobs?job=bad")
    expect(page.get_by_text("nobody").first).to_be_visible()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_role("heading", name="new", exact=True)).to_be_visible()
    assert not (home / "jobs" / "bad").exists()


def test_settings_are_kept(page: Page, own_app: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    app, home = own_app
    page.goto(f"{app}/jobs")
    page.get_by_text("Where jobs run").click()
    page.get_by_role("textbox", name="Partition").fill("gpu debug")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("partition cannot be 'gpu debug'")).to_be_visible()
    page.get_by_role("textbox", name="Partition").fill("gpu")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved to explorer.toml")).to_be_visible()
    monkeypatch.setenv("EXPLORER_HOME", str(home))
    assert job_settings().partition == "gpu"
