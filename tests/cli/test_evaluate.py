"""The command `evaluate`, run as people run it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from explorer.measures.consistency.storage import find_report
from explorer.models.checkpoints import Checkpoint, load_checkpoint
from tests.cli.running import explorer
from tests.conftest import write_tiny_checkpoint


def test_quick_evaluation_checks_and_writes_into_the_card(tiny_checkpoint: Checkpoint, tmp_path: Path) -> None:
    weights = (tiny_checkpoint.path / "model.safetensors").read_bytes()
    card = (tiny_checkpoint.path / "card.md").read_text()
    explorer("evaluate", "tiny", "--data", "digits", "--limit", "20", "--no-checks", "--no-write")
    assert (tiny_checkpoint.path / "card.md").read_text() == card
    output = tmp_path / "checks.json"
    done = explorer("evaluate", "tiny", "--data", "digits", "--quick", "--json", str(output))
    for check in ("Likelihood by two estimates", "Heat equation", "Probability flow", "Normalization by annealing"):
        assert check in done.stdout
        assert check in (tiny_checkpoint.path / "card.md").read_text()
    assert json.loads(output.read_text())["checks"]["effort"] == "quick"
    assert find_report(load_checkpoint("tiny", "cpu")) is not None
    assert (tiny_checkpoint.path / "model.safetensors").read_bytes() == weights


def test_photographs_are_all_new_to_a_model_of_digits(tiny_checkpoint: Checkpoint) -> None:
    arguments = ("evaluate", "tiny", "--data", "photos", "--limit", "20", "--no-checks", "--no-write")
    assert "Photos (all)" in explorer(*arguments).stdout
    config = json.loads((tiny_checkpoint.path / "config.json").read_text())
    (tiny_checkpoint.path / "config.json").write_text(json.dumps(config | {"dataset": "photos"}))
    assert "Photos (validation)" in explorer(*arguments).stdout


def test_the_checks_set_another_data_set_beside_its_own(home: Path, tmp_path: Path) -> None:
    write_tiny_checkpoint(home / "checkpoints" / "large", (1, 32, 32))
    pixels = np.random.default_rng(0).integers(0, 256, (40, 1, 32, 32), dtype=np.uint8)
    for name in ("one", "two"):
        np.save(tmp_path / f"{name}.npy", pixels[:, 0])
    own, other = str(tmp_path / "one.npy"), str(tmp_path / "two.npy")
    done = explorer("evaluate", "large", "--quick", "--data", own, "--other", other, "--json", str(tmp_path / "c.json"))
    for text in ("A step aside", "On other photographs", "other photographs: two"):
        assert text in done.stdout
    checks = json.loads((tmp_path / "c.json").read_text())["checks"]
    assert len(checks["results"]["step_aside"]["rolled"]["energies"]) == 17
    assert checks["conditions"]["other"].startswith("two")
    assert "with two as the other photographs" in (home / "checkpoints" / "large" / "card.md").read_text()
    refused = ("evaluate", "large", "--quick", "--data", own, "--other", own)
    assert "Choose another one with --other" in explorer(*refused, code=1).stderr
    assert "--no-checks" in explorer("evaluate", "large", "--no-checks", "--other", other, code=1).stderr


def test_without_its_data_evaluate_says_what_to_do(tiny_checkpoint: Checkpoint) -> None:
    config = json.loads((tiny_checkpoint.path / "config.json").read_text())
    (tiny_checkpoint.path / "config.json").write_text(json.dumps(config | {"dataset": "elsewhere"}))
    assert "--data photos" in explorer("evaluate", "tiny", "--quick", code=1).stderr


def test_the_likelihood_on_other_data_does_not_replace_that_on_its_own(
    tiny_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    files = [tiny_checkpoint.path / name for name in ("config.json", "card.md")]
    short = ("evaluate", "tiny", "--limit", "8", "--no-checks")
    explorer(*short, "--data", tiny_checkpoint.config.dataset)
    kept = [file.read_text() for file in files]
    assert json.loads(kept[0])["metrics"]["images"] == 8
    written = tmp_path / "photos.json"
    done = explorer(*short, "--data", "photos", "--json", str(written))
    assert "tiny was trained on digits: its card keeps the likelihood on that, and not on photos." in done.stderr
    assert "Written to" not in done.stderr
    assert [file.read_text() for file in files] == kept
    assert json.loads(written.read_text())["metrics"]["data"] == "Photos"
