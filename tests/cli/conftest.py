"""Folders of images for commands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Three good images, one that is cut, one that is no image, and a text file."""
    folder = tmp_path / "pictures"
    (folder / "deep").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in ("a.png", "b.jpg", "deep/c.webp"):
        Image.fromarray(rng.integers(0, 256, (40, 30, 3), dtype=np.uint8)).save(folder / name)
    (folder / "cut.png").write_bytes((folder / "a.png").read_bytes()[:100])
    (folder / "fake.png").write_text("<html>")
    (folder / "notes.txt").write_text("not an image")
    return folder
