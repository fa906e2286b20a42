"""Where jobs run and what they may use: ``explorer.toml`` in the data folder, and environment variables above it.

    [jobs]
    executor = "slurm"        # "auto": Slurm where there is one; "local": this machine
    at_once = 1               # local jobs that run at the same time
    partition = "gpu"         # and what else a Slurm job asks for
    account = "vision"
    gpus = 1                  # per node
    cpus = 8                  # per process
    memory_gb = 32            # per node
    minutes = 240             # after that the job is saved and queued again

Every setting can be given as ``EXPLORER_JOBS_NAME``, ``EXPLORER_JOBS_PARTITION`` for one.
"""

from __future__ import annotations

import os
import reprlib
import tomllib
from pathlib import Path
from typing import Literal

import tomlkit
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from explorer.errors import ExplorerError, first_problem, in_brief
from explorer.home import data_home, write_atomically

__all__ = ["JobSettings", "job_settings", "overridden", "save_job_settings", "settings_file"]

_PREFIX = "EXPLORER_JOBS_"
_MOST_BITS = 64
_YEAR = 365 * 24 * 60  # minutes


class JobSettings(BaseModel):
    """What `explorer.toml` says of jobs; each field has a title and a description for the Jobs page."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    executor: Literal["auto", "local", "slurm"] = Field(
        "auto", title="Jobs run on", description="Jobs that were sent already stay where they are."
    )
    at_once: int = Field(
        1, ge=1, le=1024, title="Local jobs at once", description="The others wait; the oldest is next."
    )
    partition: str = Field(
        "", pattern=r"^[\w.,-]*$", max_length=200, title="Partition", description="Slurm; empty: the cluster's default."
    )
    account: str = Field(
        "", pattern=r"^[\w.-]*$", max_length=200, title="Account", description="Slurm; empty: the cluster's default."
    )
    gpus: int = Field(0, ge=0, le=64, title="GPUs", description="Slurm, per node. Local jobs see every GPU.")
    cpus: int = Field(0, ge=0, le=1024, title="CPUs", description="Slurm, per process; 0 leaves it to the cluster.")
    memory_gb: float = Field(
        0, ge=0, le=100_000, title="Memory [GB]", description="Slurm, per node; 0 leaves it to the cluster."
    )
    minutes: int = Field(
        24 * 60, ge=1, le=_YEAR, title="Minutes", description="Slurm; after that the job is saved and queued again."
    )


def settings_file() -> Path:
    """Path of ``explorer.toml``; it need not exist."""
    return data_home() / "explorer.toml"


def overridden() -> dict[str, str]:
    """The settings that environment variables give, by name."""
    names = JobSettings.model_fields
    return {name: value for name in names if (value := os.environ.get(_PREFIX + name.upper())) is not None}


def job_settings() -> JobSettings:
    """The settings as they are now.

    Raises:
        ExplorerError: a value in `explorer.toml` or in a variable is not allowed; the message names it.
    """
    return _validated(_in_file() | overridden(), f" in {settings_file()}")


def _in_file() -> dict[str, object]:
    path = settings_file()
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8")).get("jobs", {})
    except FileNotFoundError:
        content = {}
    except (OSError, ValueError, RecursionError) as error:  # no TOML, no UTF-8, endless digits, endless brackets
        raise ExplorerError(f"{path} cannot be read ({in_brief(error)}). Fix it or remove it.") from error
    if not isinstance(content, dict):
        raise ExplorerError(f"In {path}, jobs must be a table: a line [jobs], and the settings below it.")
    return content


def _validated(content: dict[str, object], where: str) -> JobSettings:
    try:
        return JobSettings.model_validate(content)
    except ValidationError as error:
        problem = first_problem(error)
        name = problem.field
        what = _PREFIX + name.upper() if name in overridden() else f"{name}{where}"
        raise ExplorerError(f"{what} cannot be {_shown(problem.value)}: {problem.message.lower()}.") from error


def _shown(value: object) -> str:
    """A value in a sentence; the beginning and the end of a long one."""
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return "so large a number"
    return reprlib.repr(value)


def save_job_settings(**chosen: object) -> None:
    """Write settings to `explorer.toml`, by name. Other settings and tables stay, and so do comments.

    What cannot be read is replaced: the file, where it is not TOML; the table, where a value in it is not allowed.

    Raises:
        ExplorerError: a chosen value is not allowed, or the file cannot be written.
    """
    defaults = _validated({}, "").model_dump()
    _validated(chosen, "")
    try:
        _validated(_in_file() | chosen, "")
        document = tomlkit.parse(settings_file().read_text(encoding="utf-8"))
    except (ExplorerError, OSError):
        document = _without_jobs()
    table = document.setdefault("jobs", tomlkit.table())
    for name, value in chosen.items():
        if value != table.get(name, defaults[name]):  # a line that need not change keeps its form
            table[name] = value
    with write_atomically(settings_file()) as path:
        path.write_text(tomlkit.dumps(document), encoding="utf-8")


def _without_jobs() -> tomlkit.TOMLDocument:
    try:
        document = tomlkit.parse(settings_file().read_text(encoding="utf-8"))
        document.pop("jobs", None)
        return document
    except (OSError, ValueError, RecursionError):
        return tomlkit.document()
