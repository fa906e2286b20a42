"""The app without a browser, on a tiny model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explorer.models.checkpoints import Checkpoint
from tests.jobs.waiting import end_all_jobs

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def app(home: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The app on an empty data folder; no checkpoints ship with it."""
    monkeypatch.setattr("explorer.models.checkpoints.SHIPPED_CHECKPOINTS", home / "none")
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)


@pytest.fixture
def probe(app: AppTest, tiny_checkpoint: Checkpoint) -> AppTest:
    """Probe on its first screen, with the tiny model."""
    assert tiny_checkpoint.path.is_dir()
    app.run()
    assert not app.exception
    return app


@pytest.fixture
def jobs(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the jobs that pages send, to this machine; they are ended after the test."""
    monkeypatch.setenv("EXPLORER_JOBS_EXECUTOR", "local")
    yield home / "jobs"
    end_all_jobs()


@pytest.fixture
def quick_catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalog without what takes long."""
    monkeypatch.setattr("explorer.catalog.scoring.lossless_bits", lambda *_, **__: {"PNG": 1, "WebP": 2, "JPEG XL": 3})
    monkeypatch.setattr("explorer.catalog.profile.PROFILE_IMAGES", 4)
