"""Kinds of jobs: what is declared once is what is read, listed and offered."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest
import typer
from pydantic import Field, ValidationError
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

import explorer
from explorer.errors import ExplorerError
from explorer.jobs import commands
from explorer.jobs.fields import settings_of
from explorer.jobs.kinds import KINDS, MODEL_KINDS, CatalogTask, EvaluateTask, MapTask, ModelTask, TrainTask
from explorer.jobs.manage import list_jobs
from explorer.jobs.progress import Work
from explorer.jobs.tasks import do_task, progress, read_task

ROOT = Path(explorer.__file__).parent.parent
NAMED = {"checkpoint": "digits", "dataset": "photos"}


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ('{"kind": "train", "processes": 2, "shards": 1}', TrainTask(processes=2)),
        ('{"kind": "catalog", "checkpoint": "digits", "dataset": "photos", "split": "all", "shards": 3}',
         CatalogTask(**NAMED, split="all", shards=3)),
        ('{"kind": "evaluate", "checkpoint": "digits", "dataset": "photos", "quick": true, "shards": 1}',
         EvaluateTask(**NAMED, quick=True)),
        ('{"kind": "map", "checkpoint": "digits", "dataset": "photos", "split": "train", "shards": 1}',
         MapTask(**NAMED, split="train")),
    ],
)  # fmt: skip
def test_jobs_of_earlier_versions_are_read(tmp_path: Path, text: str, task: ModelTask) -> None:
    (tmp_path / "task.json").write_text(text)
    assert read_task(tmp_path) == task


@pytest.mark.parametrize("text", ['{"kind": "juggle"}', '{"kind": "map"}', "[]", "{", '{"kind": "train", "speed": 1}'])
def test_a_task_of_no_kind_is_damaged(tmp_path: Path, text: str) -> None:
    (tmp_path / "task.json").write_text(text)
    with pytest.raises(ExplorerError, match="is damaged"):
        read_task(tmp_path)


@pytest.mark.parametrize("kind", [TrainTask, EvaluateTask, MapTask])
def test_only_some_kinds_are_cut_into_shards(kind: type) -> None:
    with pytest.raises(ValidationError):
        kind(**({} if kind is TrainTask else NAMED), shards=2)


@pytest.mark.parametrize("name", MODEL_KINDS)
def test_every_setting_is_an_option_with_its_help(name: str) -> None:
    shown = CliRunner().invoke(commands.app, [name, "--help"], env={"COLUMNS": "200"}).output
    for setting in settings_of(MODEL_KINDS[name]):
        assert f"--{setting.name}" in shown
        assert setting.help.split(".")[0] in re.sub(r"[\s│]+", " ", shown)


def test_listing_jobs_does_without_torch(home: Path) -> None:
    (home / "runs" / "one").mkdir(parents=True)
    (home / "runs" / "one" / "config.json").write_text(json.dumps({"steps": 10, "batch_size": 2}))
    script = "import sys; from explorer.cli import app; app(['jobs', 'list'], standalone_mode=False); "
    script += "sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Training" in done.stdout


class JuggleTask(ModelTask):
    """A stranger's kind of job."""

    plural = "Juggles"
    action = "Juggle a data set"

    kind: Literal["juggle"] = "juggle"
    balls: int = Field(3, ge=1, le=9, title="Balls", description="How many.")
    style: Literal["cascade", "shower"] = Field("cascade", title="Style", description="How.")

    @property
    def title(self) -> str:
        return f"Juggle of {self.balls} balls, {self.style}"

    def run(self, work: Work) -> None:
        for ball in range(self.balls):
            work.report(ball + 1, self.balls, "balls")


def test_one_more_kind_is_one_declaration(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "juggle", JuggleTask)
    monkeypatch.setitem(MODEL_KINDS, "juggle", JuggleTask)
    monkeypatch.setattr("explorer.webapp.jobs.forms.submit", lambda _: None)

    form = AppTest.from_file(str(ROOT / "pages" / "jobs.py"), default_timeout=120)
    form.query_params.update(model="digits", data="digits")
    form.run().selectbox(key="job-kind").set_value("juggle").run()
    form.number_input(key="job-balls-3").set_value(5).run()
    form.selectbox(key="job-style-cascade").set_value("shower").run()
    next(button for button in form.main.button if button.label == "Send the job").click().run()
    assert not form.exception
    (job,) = list_jobs()
    assert job.task == JuggleTask(checkpoint="digits", dataset="digits", balls=5, style="shower")
    assert job.name == "juggle-digits-digits-1"
    assert do_task(job.folder, lambda: False)
    assert progress(job.folder).text == "5 of 5 balls"

    monkeypatch.setattr(commands, "submit", lambda _: list_jobs()[0].state)
    app = typer.Typer()
    app.command()(commands._command(JuggleTask))
    done = CliRunner().invoke(app, ["digits", "--data", "digits", "--balls", "4"])
    assert done.exit_code == 0, done.output
    assert read_task(home / "jobs" / "juggle-digits-digits-2") == JuggleTask(**NAMED | {"dataset": "digits"}, balls=4)
    assert CliRunner().invoke(app, ["digits", "--balls", "10"]).exit_code == 2
