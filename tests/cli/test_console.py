"""What all commands share: sentences on errors, exit codes, plain terminals."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from explorer.cli import main
from explorer.models.checkpoints import Checkpoint
from tests.cli.running import explorer
from tests.conftest import write_tiny_checkpoint


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["score", "{pictures}", "-m", "nothing"], "no checkpoint 'nothing'"),
        (["score", "{pictures}/none.png", "-m", "tiny"], "no file or folder"),
        (["score", "{pictures}/fake.png", "-m", "tiny"], "could be read"),
        (["score", "{pictures}/a.png", "-m", "tiny", "-o", "scores.txt"], "must end in .csv or .parquet"),
        (["score", "{pictures}/a.png", "-m", "tiny", "--device", "tpu9"], "no device"),
        (["score", "{pictures}/a.png", "-m", "tiny", "--black", "-1"], "--black needs --white"),
        (["score", "{pictures}/a.png", "-m", "tiny", "--black", "1", "--white", "1"], "two different numbers"),
        (["evaluate", "tiny", "--data", "/nowhere"], "no data set"),
        (["train", "--name", "../x"], "cannot be a name"),
        (["train", "--data", "photos", "--size", "30", "--name", "x"], "multiple of"),
        (["train", "--run", "{pictures}"], "not a training run"),
    ],
)
def test_mistakes_are_told_in_a_sentence(
    tiny_checkpoint: Checkpoint, pictures: Path, arguments: list[str], message: str
) -> None:
    done = explorer(*(part.format(pictures=pictures) for part in arguments), code=1)
    assert "Error:" in done.stderr
    assert message in done.stderr


def test_unknown_options_have_their_own_exit_code(home: Path) -> None:
    explorer("score", "--no-such-option", code=2)


def test_brackets_in_a_name_are_no_markup(home: Path, tmp_path: Path) -> None:
    missing = tmp_path / "cats[red][" / "[/old]"
    assert str(missing) in explorer("store", str(missing), "--size", "8", code=1).stderr


_NOWHERE = "~nosuchuser/x"


@pytest.mark.parametrize(
    "command",
    [
        ["score", _NOWHERE],
        ["score", "x.png", "-o", f"{_NOWHERE}.csv"],
        ["sample", "digits", "-o", f"{_NOWHERE}.npz"],
        ["evaluate", "digits", "--data", _NOWHERE],
        ["evaluate", _NOWHERE, "--data", "digits"],
        ["store", _NOWHERE, "--size", "8"],
        ["catalog", "digits", "--data", _NOWHERE],
        ["catalog", "digits", "--data", "digits", "--output", _NOWHERE],
        ["compare", _NOWHERE, "digits"],
        ["compare", "digits", "digits", "--data", _NOWHERE],
        ["import", _NOWHERE, "--name", "x"],
        ["train", "--data", _NOWHERE],
        ["train", "--run", _NOWHERE],
        ["train-multiscale", "--data", _NOWHERE],
        ["train-multiscale", "--run", _NOWHERE],
        ["jobs", "catalog", "digits", "--data", _NOWHERE],
        ["jobs", "evaluate", _NOWHERE],
    ],
    ids=" ".join,
)
def test_a_home_that_there_is_not_is_a_sentence(home: Path, command: list[str], capsys: pytest.CaptureFixture) -> None:
    """In this process: each command alone takes seconds to start."""
    assert _main(*command) == 1
    assert "There is no home folder ~nosuchuser" in capsys.readouterr().err.replace("\n", " ")


def _main(*arguments: str) -> object:
    """Exit status of a command."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["explorer", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
    return ended.value.code


def test_every_command_prints_on_a_terminal_without_unicode(
    tiny_checkpoint: Checkpoint, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pictures / "é−像.png").write_bytes((pictures / "a.png").read_bytes())
    (pictures / os.fsdecode(b"\xe9.png")).write_bytes((pictures / "cut.png").read_bytes())
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    monkeypatch.setenv("COLUMNS", "40")  # what does not fit ends in an ellipsis
    for command in (
        ["checkpoints"],
        ["score", str(pictures), "--model", "tiny"],
        ["jobs", "list"],
        ["store", str(pictures), "--size", "8", "--split", "all"],
    ):
        explorer(*command)


def test_names_are_no_markup_on_a_terminal(home: Path) -> None:
    write_tiny_checkpoint(home / "checkpoints" / "tiny", (1, 8, 8), dataset="[red]a[/] :smile: [/b]")
    assert "[red]a[/] :smile: [/b]" in explorer("checkpoints").stdout
    assert "[x] :smile:" in explorer("evaluate", "tiny", "--data", "/[x] :smile:", code=1).stderr
