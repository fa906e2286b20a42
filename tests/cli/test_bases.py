"""The command `bases`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from explorer.cli import app
from explorer.errors import ExplorerError
from explorer.measures.geometry.bases import denoiser_basis
from explorer.measures.shared.noise import noisy_image
from explorer.models.checkpoints import Checkpoint


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["bases", *arguments, "--device", "cpu"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output + done.stderr


def test_it_writes_what_the_library_finds(tiny_checkpoint: Checkpoint, picture: Path, tmp_path: Path) -> None:
    output = tmp_path / "bases.npz"
    said = run("tiny", str(picture), "--psnr", "15", "-k", "5", "--seed", "3", "-o", str(output))
    assert "5 eigenvectors" in said
    assert "of 64 dimensions" in said
    x = tiny_checkpoint.values.centers(torch.from_numpy(np.array(Image.open(picture)))[None])
    t = 10**-1.5
    expected = denoiser_basis(tiny_checkpoint.model, noisy_image(tiny_checkpoint.values, x.numpy(), t, 3), t)
    with np.load(output, allow_pickle=False) as file:
        np.testing.assert_allclose(file["eigenvalues"], expected.eigenvalues[:5], atol=1e-5)
        assert file["eigenvectors"].shape == (5, 1, 8, 8)
        assert file["trace"] == pytest.approx(expected.trace, abs=1e-4)
        assert file["trace_error"] == 0
        assert set(file) == {
            *("eigenvalues", "eigenvectors", "residuals", "noisy", "denoised", "trace", "trace_error"),
        }
    assert "64 eigenvectors" in run("tiny", str(picture), "-o", str(output))


def test_what_is_wrong_is_a_sentence(tiny_checkpoint: Checkpoint, photo: Checkpoint, picture: Path) -> None:
    assert tiny_checkpoint.path.is_dir()
    assert photo.path.is_dir()
    for arguments, sentence in (
        (("tiny", str(picture), "-o", "bases.csv"), r"must end in \.npz"),
        (("tiny", str(picture), "--psnr", "90"), "knows noise of −20 to 40 dB, not of 90 dB"),
        (("photo", str(picture)), "needs the energy at many noise levels"),
        (("nothing", str(picture)), "nothing"),
    ):
        with pytest.raises(ExplorerError, match=sentence):
            run(*arguments)
