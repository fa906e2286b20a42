"""The command `sample`, run as people run it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from explorer.cli import main
from explorer.measures.sampling import samplers
from explorer.measures.sampling.sample import sample
from explorer.measures.sampling.state import State
from explorer.models.checkpoints import Checkpoint, load_checkpoint
from tests.conftest import write_tiny_multiscale

ROOT = Path(__file__).parent.parent.parent
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "COLUMNS": "200", "TERM": "dumb"}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "explorer", "sample", *arguments, "--device", "cpu"]


def explorer(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | ENVIRONMENT
    done = subprocess.run(command(*arguments), cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stdout + done.stderr
    return done


def test_it_writes_what_the_library_draws(tiny_checkpoint: Checkpoint, tmp_path: Path) -> None:
    output = tmp_path / "samples.npz"
    drawn = ("tiny", "-n", "3", "--sampler", "mala", "--steps", "6", "--seed", "4", "--trace", "-o", str(output))
    done = explorer(*drawn)
    assert done.returncode == 0, done.stderr
    assert "3 images drawn" in done.stderr
    assert "of the moves accepted" in done.stderr
    expected = sample(tiny_checkpoint.model, 3, sampler="mala", steps=6, seed=4)
    with np.load(output, allow_pickle=False) as file:
        assert set(file) == {"images", "log_prob", "values", "energies", "psnr", "acceptance"}
        assert (file["images"].dtype, file["images"].shape) == (np.uint8, (3, 1, 8, 8))
        np.testing.assert_allclose(file["log_prob"], expected.log_prob, rtol=1e-4)
        np.testing.assert_allclose(file["values"], expected.y, rtol=1e-3, atol=1e-3)
        assert file["energies"].shape == (7, 3)
        assert file["psnr"].shape == (7,)
        log_prob = tiny_checkpoint.model.log_prob(torch.from_numpy(file["values"]))
        np.testing.assert_allclose(log_prob, file["log_prob"], rtol=1e-4)


def test_a_late_start_says_what_it_saves_and_no_trace_is_kept(tiny_checkpoint: Checkpoint, tmp_path: Path) -> None:
    output = tmp_path / "samples.npz"
    done = explorer("tiny", "-n", "2", "--steps", "20", "--late", "-o", str(output))
    assert done.returncode == 0, done.stderr
    assert "saved." in done.stderr
    with np.load(output) as file:
        assert set(file) == {"images", "log_prob", "values"}


def test_photographs_of_a_density_of_any_size(home: Path, tmp_path: Path) -> None:
    write_tiny_multiscale(home / "checkpoints" / "many")
    output = tmp_path / "samples.npz"
    done = explorer("many", "-n", "2", "--size", "16", "--steps", "4", "--seed", "3", "-o", str(output))
    assert done.returncode == 0, done.stderr
    assert "2 images drawn" in done.stderr
    assert "16 x 16 pixels, 4 steps at each scale." in done.stderr
    model = load_checkpoint("many", "cpu").model
    with np.load(output, allow_pickle=False) as file:
        assert set(file) == {"images", "log_prob", "values"}
        assert (file["images"].dtype, file["images"].shape) == (np.uint8, (2, 1, 16, 16))
        np.testing.assert_allclose(model.log_prob(torch.from_numpy(file["values"])), file["log_prob"], rtol=1e-4)
        expected = sample(model, 2, size=16, steps=4, seed=3)
        np.testing.assert_allclose(file["values"], expected.y, rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(file["log_prob"], expected.log_prob, rtol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tiny", "-o", "samples.png"), "must end in .npz"),
        (("nothing",), "no checkpoint"),
        (("tiny", "--size", "16"), "draws images of 8 x 8 pixels alone"),
        (("many", "--size", "24"), "Choose one of 16, 32"),
        (("many", "--late"), "scale by scale"),
        (("many", "--trace"), "Leave out --trace"),
    ],
)
def test_errors_are_sentences(
    tiny_checkpoint: Checkpoint, home: Path, arguments: tuple[str, ...], message: str
) -> None:
    write_tiny_multiscale(home / "checkpoints" / "many")
    done = explorer(*arguments)
    assert done.returncode == 1
    assert message in done.stderr


def test_ctrl_c_leaves_nothing_half_written(
    tiny_checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """The signal arrives at the third state."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    states = samplers.SAMPLERS["flow"]

    def interrupted(*arguments: Any) -> Iterator[State]:
        for k, state in enumerate(states(*arguments)):
            if k == 2:
                os.kill(os.getpid(), signal.SIGINT)
            yield state

    monkeypatch.setitem(samplers.SAMPLERS, "flow", interrupted)
    output = tmp_path / "samples.npz"
    monkeypatch.setattr(sys, "argv", ["explorer", "sample", "tiny", "--device", "cpu", "-o", str(output)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert [path for path in tmp_path.iterdir() if path.name != "home"] == []
