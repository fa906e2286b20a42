"""The benchmarks of a density of photographs, on a tiny one: which photographs they take, and that they run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from benchmarks.large.__main__ import app
from benchmarks.large.photographs import photographs
from explorer.errors import ExplorerError
from tests.conftest import write_tiny_checkpoint, write_tiny_multiscale


@pytest.fixture
def data(tmp_path: Path) -> str:
    """Twelve pictures of 48 pixels with the label large, three of 20 with the label small."""
    rng = np.random.default_rng(0)
    for label, count, side in (("large", 12, 48), ("small", 3, 20)):
        folder = tmp_path / "pictures" / label
        folder.mkdir(parents=True)
        for number in range(count):
            pixels = np.full((side, side + 10), 20 * number + 5) + rng.integers(0, 4, (side, side + 10))
            Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number:02}.png")
    return str(tmp_path / "pictures")


def test_photographs_are_large_enough_and_the_others_are_counted(data: str, home: Path) -> None:
    found = photographs(data, 1, 16, 100, "all")
    assert (found.pixels.shape, found.fitting, found.small) == ((15, 1, 16, 16), 15, 0)
    found = photographs(data, 1, 24, 4, "all")
    assert (found.pixels.shape, found.fitting, found.small) == ((4, 1, 24, 24), 12, 3)
    assert len(np.unique(found.pixels.mean((1, 2, 3)).round())) == 4
    assert "4 of the 12 photographs that are large enough; 3 are not" in found.sentence
    assert photographs(data, 1, 16, 100, "all", min_shrink=2.0).small == 3
    assert photographs(data, 1, 16, 100, "all", "small").fitting == 3
    with pytest.raises(ExplorerError, match=r"has no label 'tiny'\. It has large, small"):
        photographs(data, 1, 16, 100, "all", "tiny")
    with pytest.raises(ExplorerError, match="needs 64 pixels a side, which none of the 15"):
        photographs(data, 1, 64, 100, "all")


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("bits --sizes 16,32", ("details 0", "base, 8 x 8", "all", "12 of the 12 photographs")),
        ("direct --model tiny --min-shrink 1", ("many minus tiny", "Correlation of log p", "tiny 40.0 dB, many 65")),
        ("shifts --size 32", ("beyond Haar", "RMS, details 1", "RMS, base")),
        ("concave --model tiny --images 2 --decibels 30,10", ("whole, tiny", "(−", "The whole image under many")),
    ],
)
def test_the_commands_run(data: str, home: Path, command: str, says: tuple[str, ...]) -> None:
    write_tiny_multiscale(home / "checkpoints" / "many")
    write_tiny_checkpoint(home / "checkpoints" / "tiny", (1, 16, 16))
    name, *options = command.split()
    label = [] if name == "direct" else ["--label", "large"]
    ran = CliRunner().invoke(app, [name, "many", "--data", data, "--split", "all", "--threads", "1", *label, *options])
    assert ran.exception is None, ran.output
    for words in says:
        assert words in ran.stdout, ran.stdout
