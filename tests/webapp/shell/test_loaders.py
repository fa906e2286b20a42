"""What all sessions share."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from explorer.data import sources
from explorer.data.store import Store
from explorer.webapp.shell import loaders


def show() -> None:
    import os

    import streamlit as st

    from explorer.webapp.shell.loaders import store

    st.metric("images", len(store(os.environ["PICTURES"], (1, 8, 8), "all")))


def test_a_long_listing_is_not_made_anew_for_every_click(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    monkeypatch.setenv("PICTURES", str(pictures))

    def add(name: str) -> None:
        Image.fromarray(np.zeros((8, 8), np.uint8)).save(pictures / name)

    now = 0.0
    monkeypatch.setattr(loaders, "time", SimpleNamespace(monotonic=lambda: now))

    def open_slowly(*args: object, **kwargs: object) -> Store:
        nonlocal now
        now += 5.0  # there are many files
        return sources.open_dataset(*args, **kwargs)

    monkeypatch.setattr(loaders, "open_dataset", open_slowly)
    page = AppTest.from_function(show, default_timeout=60)

    def count() -> str:
        return page.run().metric[0].value

    add("1.png")
    assert count() == "1"
    add("2.png")
    assert count() == "2"  # what has just been built is looked at again
    assert count() == "2"
    add("3.png")
    assert count() == "2"
    assert now == 15.0
    now += 100.0
    assert count() == "3"
