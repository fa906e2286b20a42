"""The training loop: learns, is deterministic, resumes to the step, and tells what goes wrong."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from explorer.errors import ExplorerError
from explorer.models.checkpoints import load_checkpoint
from explorer.training.loop import train_on
from explorer.training.run import Run, append_metrics, create_run
from explorer.training.trainer import Trainer
from explorer.training.validation import validate
from tests.training.bars import bars, config, pixels


def weights(run: Run) -> dict[str, torch.Tensor]:
    return load_file(run.training_state)


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def test_a_run_trains_validates_and_becomes_a_checkpoint(home: Path) -> None:
    run = Run.open(create_run(config()))
    seen = []
    assert train_on(run, pixels(), pixels(20, 1), on_step=lambda step, v: seen.append((step, v is not None)))
    assert run.finished
    assert run.step == 6
    validations = [entry for entry in run.metrics() if entry["kind"] == "validation"]
    assert [entry["step"] for entry in validations] == [3, 6]
    assert {"energy", "i_mmse", "gap"} <= validations[0]["bits_per_dimension"].keys()
    assert {"denoised_psnr", "time_error", "mean_energy"} <= validations[0]["levels"][0].keys()
    assert (6, True) in seen
    assert (run.folder / "denoised.png").is_file()
    checkpoint = load_checkpoint("bars", "cpu")
    assert checkpoint.config.metrics["images"] == 8
    assert "bits/dimension" in (checkpoint.path / "card.md").read_text()


def test_a_finished_run_that_is_resumed_leaves_its_checkpoint_as_it_is(home: Path) -> None:
    """It was killed before it could say that it was done, and the checkpoint may have been evaluated since."""
    run = Run.open(create_run(config()))
    train_on(run, pixels(), pixels(20, 1))
    (run.checkpoint / "trust.json").write_text("{}")
    assert train_on(run, pixels(), pixels(20, 1))
    assert (run.checkpoint / "trust.json").exists()

    (run.checkpoint / "model.safetensors").write_bytes(b"half")
    assert train_on(run, pixels(), pixels(20, 1))
    assert load_checkpoint("bars", "cpu")
    assert [path.name for path in run.checkpoint.parent.iterdir()] == ["bars"]


def test_the_latest_weights_are_kept_where_the_weight_of_the_heat_loss_grows(home: Path) -> None:
    run = Run.open(create_run(config(heat_growth=2.0)))
    append_metrics(run.folder, {"kind": "validation", "step": 0, "bits_per_dimension": {"i_mmse": -1e9}})
    train_on(run, pixels(), pixels(20, 1))
    kept, last = load_file(run.checkpoint / "model.safetensors"), weights(run)
    assert load_checkpoint("bars", "cpu").config.training["step"] == 6
    assert all(torch.equal(kept[name.removeprefix("averaged.")], last[name]) for name in last if "averaged." in name)


def test_training_lowers_the_nll(home: Path) -> None:
    run = Run.open(create_run(config(steps=60, batch_size=32, learning_rate=1e-2, validate_every=60)))
    trainer = Trainer(run.config, bars(run.config))
    before = validate(trainer.averaged, run.config, pixels(20, 1)).nll.i_mmse
    train_on(run, pixels(), pixels(20, 1))
    after = validate(load_checkpoint("bars", "cpu").model, run.config, pixels(20, 1)).nll.i_mmse
    assert after < before - 5  # nats an image


def test_the_same_seed_gives_the_same_weights(home: Path) -> None:
    first = Run.open(create_run(config(), home / "first"))
    second = Run.open(create_run(config(), home / "second"))
    other = Run.open(create_run(config(seed=1), home / "other"))
    for run in (first, second, other):
        train_on(run, pixels(), pixels(20, 1))
    assert same(weights(first), weights(second))
    assert not same(weights(first), weights(other))


@pytest.mark.parametrize("muon", [0.0, 0.02])
def test_stop_and_resume_is_the_uninterrupted_run(home: Path, muon: float) -> None:
    whole = Run.open(create_run(config(muon=muon), home / "whole"))
    parts = Run.open(create_run(config(muon=muon), home / "parts"))
    train_on(whole, pixels(), pixels(20, 1))
    calls = iter(range(100))
    assert not train_on(parts, pixels(), pixels(20, 1), should_stop=lambda: next(calls) >= 4)
    assert not parts.finished
    assert train_on(parts, pixels(), pixels(20, 1))
    assert same(weights(whole), weights(parts))


def test_a_run_that_diverges_is_told_and_keeps_no_checkpoint(home: Path) -> None:
    run = Run.open(create_run(config()))
    trainer = Trainer(run.config, bars(run.config))
    trainer.take_step()
    for parameter in trainer.parameters.values():
        parameter.data.fill_(float("nan"))
    trainer.save(run.training_state)
    with pytest.raises(ExplorerError, match="lower learning rate"):
        train_on(run, pixels(), pixels(20, 1))
    assert not (run.folder / "best").exists()


def test_without_the_anchor_the_energy_is_normalized_at_the_end(home: Path) -> None:
    run = Run.open(create_run(config(anchor=False)))
    train_on(run, pixels(), pixels(20, 1))
    model = load_checkpoint("bars", "cpu").model
    t = run.config.model.noise.t_max
    x = run.config.values.centers(torch.from_numpy(pixels()))
    noisy = x + t**0.5 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    expected = 32 * float(torch.log(torch.tensor(2 * torch.pi * torch.e * t)))
    assert float(-model.log_prob(noisy, t).mean()) == pytest.approx(expected, abs=2)


def test_a_damaged_state_says_what_to_do(home: Path) -> None:
    run = Run.open(create_run(config()))
    train_on(run, pixels(), pixels(20, 1))
    whole = load_file(run.training_state)
    some = next(name for name in whole if name.startswith("adam.exp_avg."))
    for changes, metadata in (
        ({}, None),
        ({}, {"step": "-1"}),
        ({}, {"step": "100000"}),
        ({some: torch.zeros(3, 3)}, {"step": "4"}),
        ({some: whole[some].double()}, {"step": "4"}),
    ):
        save_file(whole | changes, run.training_state, metadata)
        with pytest.raises(ExplorerError, match="delete it to start the run again"):
            train_on(run, pixels(), pixels(20, 1))
    run.training_state.write_bytes(b"not a state")
    with pytest.raises(ExplorerError, match="delete it to start the run again"):
        train_on(run, pixels(), pixels(20, 1))


def test_a_read_only_folder_is_told_and_nothing_is_damaged(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run.open(create_run(config()))
    calls = iter(range(100))
    train_on(run, pixels(), pixels(20, 1), should_stop=lambda: next(calls) >= 4)
    before = run.training_state.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("explorer.training.trainer.safetensors_bytes", full)
    with pytest.raises(ExplorerError, match="No space left on device"):
        train_on(run, pixels(), pixels(20, 1))
    assert run.training_state.read_bytes() == before
    assert not list(run.folder.rglob("*.tmp"))
    monkeypatch.undo()
    monkeypatch.setenv("EXPLORER_HOME", str(home))
    assert train_on(run, pixels(), pixels(20, 1))


def test_parts_of_a_data_set_have_no_image_in_common(home: Path) -> None:
    """A run on one of two parts is the run on the images of that part alone."""
    part = Run.open(create_run(config(part=1, parts=2), home / "part"))
    alone = Run.open(create_run(config(), home / "alone"))
    train_on(part, pixels(), pixels(20, 1))
    train_on(alone, pixels()[1::2], pixels(20, 1))
    assert same(weights(part), weights(alone))
    with pytest.raises(ValueError, match="there is no 2"):
        config(part=2, parts=2)
