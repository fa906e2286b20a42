"""Checkpoints are renamed and deleted where they are the user's own; by the library, the command line and the app."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from explorer.cli import app as command_line
from explorer.errors import ExplorerError
from explorer.home import SHIPPED_CHECKPOINTS
from explorer.jobs.checkpoints import delete_checkpoint, own_checkpoints, rename_checkpoint
from explorer.jobs.kinds import EvaluateTask
from explorer.jobs.manage import create_job
from explorer.jobs.record import JobRecord, write_record
from explorer.jobs.worker import LOCK_FILE
from explorer.locks import held
from explorer.models.checkpoints import Checkpoint, load_checkpoint
from explorer.training.config import training_config
from explorer.training.run import create_run
from tests.conftest import write_tiny_checkpoint

ROOT = Path(__file__).parents[2]


def names() -> list[str]:
    return [info.name for info in own_checkpoints()]


def test_a_renamed_checkpoint_is_the_same_under_another_name(tiny_checkpoint: Checkpoint) -> None:
    (tiny_checkpoint.path / "card.md").write_text("# tiny\n\n`python -m explorer evaluate tiny --data DATA`: tiny\n")
    folder = rename_checkpoint("tiny", "small")
    assert names() == ["small"]
    assert load_checkpoint("small", "cpu").fingerprint == tiny_checkpoint.fingerprint
    assert (folder / "card.md").read_text() == "# small\n\n`python -m explorer evaluate small --data DATA`: tiny\n"


def test_a_deleted_checkpoint_is_gone_and_nothing_else(tiny_checkpoint: Checkpoint, home: Path, tmp_path: Path) -> None:
    write_tiny_checkpoint(tmp_path / "elsewhere", (1, 8, 8))
    (home / "checkpoints" / "link").symlink_to(tmp_path / "elsewhere")
    (home / "checkpoints" / "damaged").mkdir()
    for name in ("tiny", "link", "damaged"):
        delete_checkpoint(name)
    assert list((home / "checkpoints").iterdir()) == []
    assert (tmp_path / "elsewhere" / "model.safetensors").is_file()


@pytest.mark.parametrize("name", sorted(path.name for path in SHIPPED_CHECKPOINTS.iterdir() if path.is_dir()))
def test_what_ships_stays(home: Path, name: str) -> None:
    before = sorted((SHIPPED_CHECKPOINTS / name).iterdir())
    with pytest.raises(ExplorerError, match="ships with"):
        delete_checkpoint(name)
    with pytest.raises(ExplorerError, match="ships with"):
        rename_checkpoint(name, "other")
    assert sorted((SHIPPED_CHECKPOINTS / name).iterdir()) == before


@pytest.mark.parametrize("name", ["..", "../runs", "nothing", "", "/"])
def test_only_a_checkpoint_is_deleted(tiny_checkpoint: Checkpoint, home: Path, name: str) -> None:
    (home / "runs").mkdir()
    with pytest.raises(ExplorerError):
        delete_checkpoint(name)
    assert names() == ["tiny"]
    assert (home / "runs").is_dir()


def test_a_name_that_is_taken_or_unsafe_is_refused(tiny_checkpoint: Checkpoint, home: Path) -> None:
    write_tiny_checkpoint(home / "checkpoints" / "other", (1, 8, 8))
    create_run(training_config("run", "digits", size=8))
    for new in ("other", "natural64", "run", "../elsewhere", "a b", ""):
        with pytest.raises(ExplorerError, match=r"already|cannot be a name"):
            rename_checkpoint("tiny", new)
    assert names() == ["other", "tiny"]


def test_a_checkpoint_that_a_job_needs_stays(tiny_checkpoint: Checkpoint, home: Path) -> None:
    job = create_job(EvaluateTask(checkpoint="tiny", dataset="digits"), "checks")
    write_record(job, JobRecord(status="running"))
    with held(job / LOCK_FILE, "busy"), pytest.raises(ExplorerError, match="The job checks works with"):
        delete_checkpoint("tiny")
    write_record(job, JobRecord(status="finished"))
    delete_checkpoint("tiny")


def test_the_command_line_asks_first(tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*arguments: str, answer: str = "") -> int:
        return CliRunner().invoke(command_line, arguments, input=answer).exit_code

    assert run("delete-checkpoint", "tiny", answer="n\n") == 1
    assert run("delete-checkpoint", "tiny") == 1  # nobody answers
    assert run("rename-checkpoint", "tiny", "small", answer="n\n") == 1
    assert names() == ["tiny"]
    assert run("rename-checkpoint", "tiny", "small", answer="y\n") == 0
    assert names() == ["small"]
    assert run("delete-checkpoint", "small", "--yes") == 0
    assert names() == []
    assert isinstance(CliRunner().invoke(command_line, ["delete-checkpoint", "digits"]).exception, ExplorerError)


def test_the_app_renames_and_deletes(tiny_checkpoint: Checkpoint, home: Path) -> None:
    write_tiny_checkpoint(home / "checkpoints" / "other", (1, 8, 8))

    def press(label: str) -> None:
        next(button for button in app.main.button if button.label == label).click().run()
        assert not app.exception

    app = AppTest.from_file(str(ROOT / "pages" / "train.py"), default_timeout=60).run()
    box = app.selectbox(key="train-checkpoint")
    assert box.options == ["other", "tiny"]  # none of those that ship
    box.set_value("tiny").run()
    app.text_input(key="train-checkpoint-name").set_value("natural64")
    press("Rename it")
    assert "There is a checkpoint called natural64 already" in app.error[0].value
    app.text_input(key="train-checkpoint-name").set_value("small")
    press("Rename it")
    assert names() == ["other", "small"]
    assert app.selectbox(key="train-checkpoint").value == "small"
    press("Delete the checkpoint")
    assert names() == ["other"]
    press("Delete the checkpoint")
    assert names() == []
    assert not app.error


def test_a_model_that_is_deleted_is_not_chosen_any_more(
    tiny_checkpoint: Checkpoint, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("explorer.models.checkpoints.SHIPPED_CHECKPOINTS", home / "none")
    write_tiny_checkpoint(home / "checkpoints" / "other", (1, 8, 8))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.query_params["model"] = "tiny"
    app.run()
    assert app.selectbox(key="model").value == "tiny"
    app.switch_page("pages/train.py").run()
    app.selectbox(key="train-checkpoint").set_value("tiny").run()
    app.text_input(key="train-checkpoint-name").set_value("small")
    next(button for button in app.main.button if button.label == "Rename it").click().run()
    assert app.selectbox(key="model").value == "small"
    next(button for button in app.main.button if button.label == "Delete the checkpoint").click().run()
    assert not app.exception
    assert app.selectbox(key="model").value == "other"
