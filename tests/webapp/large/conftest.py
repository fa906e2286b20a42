"""The page Photograph on a tiny multi-scale density."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.conftest import write_tiny_checkpoint, write_tiny_multiscale

ROOT = Path(__file__).parents[3]


@pytest.fixture
def photograph(home: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page at 128 x 128 with the density `many`, before its first run; the sidebar's model `tiny` reads 16 x 16."""
    monkeypatch.setattr("explorer.models.checkpoints.SHIPPED_CHECKPOINTS", home / "none")
    monkeypatch.setattr(
        "explorer.webapp.large.measured.lossless_bits", lambda *_: {"PNG": 90_000, "WebP": 80_000, "JPEG XL": 70_000}
    )
    write_tiny_multiscale(home / "checkpoints" / "many")
    write_tiny_checkpoint(home / "checkpoints" / "tiny", (1, 16, 16))
    app = AppTest.from_file(str(ROOT / "pages" / "large.py"), default_timeout=120)
    app.query_params.update(model="tiny", data="photos", side="128")
    return app
