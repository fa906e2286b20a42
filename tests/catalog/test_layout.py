"""How many rows a part has, and descriptions that say what cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from explorer.catalog import layout
from explorer.catalog.profile import read_profile
from explorer.errors import ExplorerError


@pytest.mark.parametrize(("rows", "expected"), [(1, 128), (32_768, 128), (32_769, 256), (1_281_167, 5_120)])
def test_parts_are_few(monkeypatch: pytest.MonkeyPatch, rows: int, expected: int) -> None:
    monkeypatch.setattr(layout, "_SMALLEST_PART", 128)
    found = layout.part_rows(rows)
    assert found == expected
    assert -(-rows // found) <= 256


@pytest.fixture
def description() -> dict[str, Any]:
    identity = {"checkpoint_fingerprint": "a", "store_fingerprint": "b", "rows": 3, "part_rows": 128, "psnrs": [40.0]}
    marks = {"constant": 1.0, "constant_value": 0.5, "mid_gray": None, "noise": -1.0}
    names = {"checkpoint": "model", "dataset": "images", "units": {}}
    return names | {"identity": identity, "image_shape": [1, 8, 8], "t0": 1e-5, "levels": 17, "marks": marks}


def test_a_description_is_read(tmp_path: Path, description: dict[str, Any]) -> None:
    (tmp_path / "meta.json").write_text(json.dumps(description))
    assert layout.read_meta(tmp_path).dimensions == 64


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("", {"image_shape": [1, 0, 0]}),
        ("", {"image_shape": [-1, 8, -8]}),
        ("", {"levels": 0}),
        ("", {"t0": -1.0}),
        ("", {"t0": float("nan")}),
        ("identity", {"rows": 0}),
        ("identity", {"rows": -1}),
        ("identity", {"part_rows": 0}),
        ("identity", {"psnrs": [float("nan")]}),
        ("marks", {"constant": float("inf")}),
    ],
    ids=str,
)
def test_a_description_that_cannot_be_is_refused(
    tmp_path: Path, description: dict[str, Any], part: str, changes: dict[str, Any]
) -> None:
    (description[part] if part else description).update(changes)
    (tmp_path / "meta.json").write_text(json.dumps(description))
    with pytest.raises(ExplorerError, match="Build the catalog again"):
        layout.read_meta(tmp_path)


@pytest.mark.parametrize("psnr", [[], [float("nan")]])
def test_a_profile_that_cannot_be_is_refused(tmp_path: Path, psnr: list[float]) -> None:
    band = dict.fromkeys(("low", "median", "high"), psnr)
    content = {"psnr": psnr, "dimensionality": band, "log_prob": band, "images": 3}
    (tmp_path / "profile.json").write_text(json.dumps(content))
    with pytest.raises(ExplorerError, match="Build the catalog again"):
        read_profile(tmp_path)
