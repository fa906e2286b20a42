"""Settings of jobs: a file, the environment above it, and what is wrong with them in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from explorer.errors import ExplorerError
from explorer.jobs.settings import JobSettings, job_settings, overridden, save_job_settings, settings_file


def test_there_need_be_no_file(home: Path) -> None:
    assert job_settings() == JobSettings()
    assert settings_file() == home / "explorer.toml"


def test_what_is_saved_is_read(home: Path) -> None:
    settings = JobSettings(
        executor="slurm", partition="gpu,big", account="a.b-c", gpus=2, cpus=8, memory_gb=1.5, minutes=9
    )
    save_job_settings(**settings.model_dump())
    assert job_settings() == settings


def test_the_environment_goes_before_the_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_job_settings(partition="gpu", at_once=3)
    monkeypatch.setenv("EXPLORER_JOBS_PARTITION", "cpu")
    monkeypatch.setenv("EXPLORER_JOBS_MINUTES", "30")
    assert (job_settings().partition, job_settings().at_once, job_settings().minutes) == ("cpu", 3, 30)
    assert overridden() == {"partition": "cpu", "minutes": "30"}


def test_what_is_not_chosen_stays_and_what_cannot_be_is_told(home: Path) -> None:
    save_job_settings(partition="gpu", at_once=3)
    save_job_settings(at_once=2)
    assert (job_settings().partition, job_settings().at_once) == ("gpu", 2)
    with pytest.raises(ExplorerError, match="partition cannot be 'gpu debug'"):
        save_job_settings(partition="gpu debug")
    assert job_settings().partition == "gpu"


def test_comments_and_other_tables_are_kept(home: Path) -> None:
    text = """# Mine.
[display]
theme = "dark"

[jobs]
partition = "gpu"  # the fast ones
at_once = 0x2

[other]
a = [1, 2]
"""
    home.mkdir()
    settings_file().write_text(text)
    save_job_settings(partition="cpu", at_once=2, minutes=1440)
    assert settings_file().read_text() == text.replace('"gpu" ', '"cpu" ')
    save_job_settings(gpus=2)
    assert settings_file().read_text() == text.replace('"gpu" ', '"cpu" ').replace("0x2", "0x2\ngpus = 2")


def test_a_table_that_cannot_be_is_replaced_and_no_other(home: Path) -> None:
    home.mkdir()
    settings_file().write_text("# Mine.\n[jobs]\nspeed = 3\n[other]\na = 1\n")
    save_job_settings(gpus=2)
    assert job_settings() == JobSettings(gpus=2)
    assert "[other]\na = 1\n" in settings_file().read_text()
    settings_file().write_text("[jobs")
    save_job_settings(gpus=3)
    assert job_settings() == JobSettings(gpus=3)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[jobs]\nat_once = 0\n", "at_once in .*cannot be 0"),
        ('[jobs]\npartition = "a; rm -rf /"\n', "partition in"),
        ("[jobs]\nspeed = 3\n", "speed in"),
        ("jobs = 3\n", "must be a table"),
        ("[jobs\n", "cannot be read"),
        ('[jobs]\nexecutor = "cloud"\n', "executor in .*'cloud'"),
        ("[jobs]\ngpus = " + "[" * 100_000, "cannot be read"),
        ("[jobs]\ngpus = " + "9" * 5000, "cannot be read"),
        ("[jobs]\ngpus = 0x" + "f" * 5000, "gpus in .*so large a number"),
        ('[jobs]\npartition = "' + "x" * 5000 + '"', "^.{0,300}$"),
    ],
)
def test_what_is_wrong_is_said(home: Path, text: str, sentence: str) -> None:
    home.mkdir()
    settings_file().write_text(text)
    with pytest.raises(ExplorerError, match=sentence):
        job_settings()


def test_a_wrong_variable_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLORER_JOBS_AT_ONCE", "many")
    with pytest.raises(ExplorerError, match="EXPLORER_JOBS_AT_ONCE cannot be 'many'"):
        job_settings()
