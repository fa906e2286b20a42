"""`score` with a density of images of any size."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from explorer.cli import app
from explorer.errors import ExplorerError
from tests.conftest import write_tiny_multiscale


@pytest.fixture
def photographs(home: Path, tmp_path: Path) -> Path:
    write_tiny_multiscale(home / "checkpoints" / "photo")
    folder = tmp_path / "photographs"
    folder.mkdir()
    for number in range(2):
        pixels = np.random.default_rng(number).integers(0, 256, (50, 70, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def test_bits_by_scale_are_columns(photographs: Path, tmp_path: Path) -> None:
    command = ["score", str(photographs), "--model", "photo", "--device", "cpu", "-o", str(tmp_path / "scores.csv")]
    done = CliRunner().invoke(app, [*command, "--size", "whole"])
    assert done.exit_code == 0
    with open(tmp_path / "scores.csv") as file:
        rows = list(csv.DictReader(file))
    assert [(row["height"], row["width"]) for row in rows] == [("48", "68")] * 2
    for row in rows:
        bits = sum(float(row[name]) for name in ("bits_base", "bits_level_0", "bits_level_1"))
        assert float(row["code_length_bits"]) == pytest.approx(bits)
    assert "2 lost a border of up to 2 pixels" in done.stderr
    done = CliRunner().invoke(app, [*command, "--size", "16"])
    assert done.exit_code == 0
    assert "2 are not square" in done.stderr


@pytest.mark.parametrize("size", ["-5", "0", "99999", "big", "²"])
def test_what_is_no_size_is_refused(photographs: Path, size: str) -> None:
    done = CliRunner().invoke(app, ["score", str(photographs), "--model", "photo", f"--size={size}"])
    assert isinstance(done.exception, ExplorerError)
    assert "--size is a number of pixels" in str(done.exception)


@pytest.mark.usefixtures("photographs")
def test_a_command_that_needs_more_noise_levels_says_so() -> None:
    done = CliRunner().invoke(app, ["evaluate", "photo", "--device", "cpu"])
    assert isinstance(done.exception, ExplorerError)
    assert "needs the energy at many noise levels" in str(done.exception)
