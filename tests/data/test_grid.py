"""The grid of JPEG: it is found where it was made, at its period and phase, and nowhere else."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.data.building import write_store
from explorer.data.builtin import digits
from explorer.data.grid import Grid, GridShare, measure_grid
from explorer.data.store import Sample, open_store
from explorer.errors import ExplorerError
from tests.data.jpegs import as_jpeg, photographs, resized

QUALITIES = (50, 75, 90, 95)


def found(grid: Grid) -> set[tuple[str, int]]:
    return {(share.channel, share.period) for share in grid.shares if share.found}


def share(grid: Grid, channel: str, period: int) -> GridShare:
    return next(s for s in grid.shares if (s.channel, s.period) == (channel, period))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [32, 64])
def test_shrunk_photographs_have_none(side: int, channels: int) -> None:
    grid = measure_grid(photographs(side, channels))
    assert grid.images == 48
    assert grid.strongest is None
    assert grid.sentence == ""
    assert grid.summary.startswith("No JPEG grid (")
    measured = {s.period for s in grid.shares}
    assert measured == ({4, 8} if side == 32 else {4, 8, 16})
    assert all(abs(s.aligned - s.shifted) < 0.03 for s in grid.shares)


@pytest.mark.parametrize("quality", QUALITIES)
def test_the_same_photographs_as_jpeg_have_one(quality: int) -> None:
    grid = measure_grid(as_jpeg(photographs(64), quality))
    strongest = grid.strongest
    assert strongest is not None
    assert (strongest.channel, strongest.period, strongest.phase) == ("gray", 8, (0, 0))
    assert strongest.aligned > strongest.shifted + 0.2
    assert ("gray", 16) not in found(grid)
    assert grid.summary == grid.sentence
    assert "the 8 × 8 grid of JPEG: " in grid.sentence
    assert f"{100 * strongest.aligned:.0f} % of the high-frequency coefficients" in grid.sentence
    assert "shrunk at least 2.5 times" in grid.sentence


@pytest.mark.parametrize("quality", QUALITIES)
def test_color_is_measured_as_jpeg_stores_it(quality: int) -> None:
    whole = measure_grid(as_jpeg(photographs(64, 3), quality, "4:4:4"))
    assert {("Y", 8), ("Cb", 8), ("Cr", 8)} <= found(whole)
    assert not found(whole) & {("Y", 16), ("Cb", 16), ("Cr", 16)}
    halved = measure_grid(as_jpeg(photographs(64, 3), quality, "4:2:0"))
    assert {("Y", 8), ("Cb", 16), ("Cr", 16)} <= found(halved)
    assert not found(halved) & {("Y", 16), ("Cb", 8), ("Cr", 8)}
    assert halved.strongest == share(halved, "Y", 8)


def test_color_alone() -> None:
    # Crops that are shrunk by 4 lose the grid of luma; that of 4:2:0 color shrinks from 16 to 4 pixels.
    grid = measure_grid(resized(as_jpeg(photographs(128, 3), 75, "4:2:0"), 32, Image.Resampling.BOX))
    assert found(grid) == {("Cb", 4), ("Cr", 4)}
    assert "a 4 × 4 grid of JPEG in their color (C" in grid.sentence


@pytest.mark.parametrize("quality", [50, 95])
def test_a_crop_moves_the_phase(quality: int) -> None:
    grid = measure_grid(as_jpeg(photographs(72), quality)[:, :, 3:67, 6:70])
    assert share(grid, "gray", 8).found
    assert share(grid, "gray", 8).phase == (5, 2)


@pytest.mark.parametrize("quality", QUALITIES)
def test_crops_at_random_places(quality: int) -> None:
    random = np.random.default_rng(0)
    pictures = as_jpeg(photographs(72), quality)
    pixels = np.stack(
        [p[:, y : y + 64, x : x + 64] for p, (y, x) in zip(pictures, random.integers(0, 8, (48, 2)), strict=True)]
    )
    grid = measure_grid(pixels)
    assert grid.strongest is not None
    assert (grid.strongest.period, grid.strongest.phase) == (8, None)
    assert "at another place in each image" in grid.sentence


def test_the_middle_of_large_images_counts_phases_from_their_corner() -> None:
    small = as_jpeg(photographs(64, count=8), 75)
    grid = measure_grid(np.tile(small, (1, 1, 3, 3))[:, :, 3:, 5:])
    assert share(grid, "gray", 8).phase == (5, 3)


def test_jpeg_shrunk_or_enlarged_by_two() -> None:
    shrunk = measure_grid(resized(as_jpeg(photographs(128), 50), 64, Image.Resampling.BOX))
    assert found(shrunk) == {("gray", 4)}
    assert "a 4 × 4 grid (JPEG shrunk by 2)" in shrunk.sentence
    for quality in QUALITIES:
        enlarged = measure_grid(resized(as_jpeg(photographs(32), quality), 64, Image.Resampling.BICUBIC))
        assert enlarged.strongest is not None
        assert (enlarged.strongest.period, enlarged.strongest.phase) == (16, (0, 0))
        assert "a 16 × 16 grid (JPEG enlarged by 2)" in enlarged.sentence


def test_an_enlargement_by_itself_is_no_grid() -> None:
    for method in (Image.Resampling.BICUBIC, Image.Resampling.BILINEAR, Image.Resampling.NEAREST):
        assert found(measure_grid(resized(photographs(32), 64, method))) == set()


@pytest.mark.parametrize("channels", [1, 3])
def test_noise_and_smooth_images_have_none(channels: int) -> None:
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (64, channels, 64, 64), dtype=np.uint8)
    assert measure_grid(noise).strongest is None
    assert measure_grid(np.broadcast_to(noise[:, :, :1, :1], noise.shape)).strongest is None
    slope = np.linspace(0, 255, 64).astype(np.uint8)
    ramps = np.broadcast_to(slope, noise.shape)
    assert measure_grid(ramps).strongest is None
    assert measure_grid(ramps // 2 + noise // 64).strongest is None


@pytest.mark.parametrize("side", [8, 16, 27, 32, 33, 66, 82])
def test_digits_have_none(side: int) -> None:
    shape = (1, side, side)
    pixels = np.stack([sample.pixels for sample in digits().read(range(0, 1797, 9), shape)])
    assert measure_grid(pixels).strongest is None


def test_too_few_or_too_small() -> None:
    jpegs = as_jpeg(photographs(64), 50)
    for pixels in (jpegs[:0], jpegs[:1], jpegs[:7], jpegs[:, :, :15], jpegs[:, :, :12, :12], jpegs[:, :, :1, :1]):
        grid = measure_grid(pixels)
        assert (grid.images, grid.shares, grid.sentence) == (0, (), "")
        assert "was not measured" in grid.summary
    assert measure_grid(jpegs[:8]).strongest is not None


def test_few_images_give_no_false_alarm() -> None:
    pixels = photographs(64, 3, 120)
    for start in range(0, 120, 8):
        assert measure_grid(pixels[start : start + 8]).strongest is None


def test_it_is_deterministic_and_looks_at_a_sample() -> None:
    pixels = as_jpeg(photographs(32), 75)
    many = np.tile(pixels, (20, 1, 1, 1))
    assert measure_grid(many) == measure_grid(many.copy())
    assert measure_grid(many).images == 512
    assert Grid.model_validate_json(measure_grid(pixels).model_dump_json()) == measure_grid(pixels)


def test_odds_ratio() -> None:
    def ratio(aligned: float, shifted: float) -> float:
        about = {"channel": "gray", "period": 8, "standard_errors": 9.0, "phase": None}
        return GridShare(aligned=aligned, shifted=shifted, **about).odds_ratio

    assert ratio(0.8, 0.5) == pytest.approx(4.0)
    assert ratio(0.5, 0.8) == pytest.approx(0.25)
    assert ratio(1.0, 1.0) == ratio(0.0, 0.0) == 1.0
    assert ratio(1.0, 0.9) == ratio(0.1, 0.0) == math.inf
    assert ratio(0.0, 0.5) == ratio(0.5, 1.0) == 0.0


def test_a_store_keeps_it(tmp_path: Path) -> None:
    pixels = as_jpeg(photographs(32), 75)
    folder = tmp_path / "one"
    store = write_store(folder, "Test", lambda done: [Sample(image) for image in pixels[done:]], (1, 32, 32))
    assert store.measured_grid == store.grid == measure_grid(pixels)
    assert store.grid.strongest is not None
    meta = json.loads((folder / "store.json").read_text())
    assert meta["grid"]["shares"][1]["aligned"] == store.grid.shares[1].aligned

    del meta["grid"]  # as an earlier version wrote it
    (folder / "store.json").write_text(json.dumps(meta))
    older = open_store(folder)
    assert older.measured_grid is None
    assert older.grid == store.grid

    meta["grid"] = {"images": 1, "shares": [{"aligned": 2.0}]}
    (folder / "store.json").write_text(json.dumps(meta))
    with pytest.raises(ExplorerError, match=r"store\.json is not valid"):
        open_store(folder)
