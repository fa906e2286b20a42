"""The command `train`, run as people run it."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.cli.running import ROOT, explorer


def test_train_then_evaluate_digits(home: Path, tmp_path: Path) -> None:
    run = explorer(
        *("train", "--name", "quick", "--data", "digits", "--size", "8", "--model-size", "tiny"),
        *("--steps", "4", "--batch-size", "8", "--validate-every", "2", "--device", "cpu"),
    )
    assert "Finished" in run.stderr
    assert "1,618 images for training, 179 for validation: a random tenth" in run.stderr
    output = tmp_path / "metrics.json"
    done = explorer("evaluate", "quick", "--limit", "20", "--no-checks", "--json", str(output))
    assert "I-MMSE" in done.stdout
    said = explorer("catalog", "quick", "--data", "digits").stderr
    assert "179 of 1,797 images: the validation part. Scored into" in said
    metrics = json.loads(output.read_text())["metrics"]
    assert metrics["images"] == 20
    assert {"PNG", "WebP", "JPEG XL"} == set(metrics["codecs"])
    config = json.loads((home / "checkpoints" / "quick" / "config.json").read_text())
    assert config["metrics"]["bits_per_dimension"] == metrics["bits_per_dimension"]
    assert f"{metrics['bits_per_dimension']['i_mmse']:.3f}" in (home / "checkpoints" / "quick" / "card.md").read_text()


def test_a_run_finds_its_images_from_any_folder(pictures: Path, home: Path) -> None:
    explorer("train", "--data", os.path.relpath(pictures, ROOT), "--steps", "1", "--model-size", "tiny")
    (run,) = (home / "runs").iterdir()
    written = Path(json.loads((run / "config.json").read_text())["dataset"])
    assert written.is_absolute()
    assert written.resolve() == pictures.resolve()
