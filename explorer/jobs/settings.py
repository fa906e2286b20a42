"""Where jobs run and what they may use: ``explorer.toml`` in the data folder, and environment variables above it.

    [jobs]
    executor = "slurm"        # "auto": Slurm where there is one; "local": this machine
    at_once = 1               # local jobs that run at the same time
    partition = "gpu"         # and what else a Slurm job asks for
    account = "vision"
    gpus = 1                  # a node
    cpus = 8                  # a process
    memory_gb = 32            # a node
    minutes = 240             # the job is saved and queued again when they are over

Every setting can be given as ``EXPLORER_JOBS_NAME``, ``EXPLORER_JOBS_PARTITION`` for one.
"""

from __future__ import annotations

import json
import os
import reprlib
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from explorer.errors import ExplorerError, in_brief
from explorer.home import data_home, write_atomically

__all__ = ["JobSettings", "job_settings", "overridden", "save_job_settings", "settings_file"]

_PREFIX = "EXPLORER_JOBS_"
_MOST_BITS = 64


class JobSettings(BaseModel):
    """What `explorer.toml` says of jobs.

    Attributes:
        executor: where jobs run. "auto" is Slurm where one answers, else this machine.
        at_once: how many local jobs run at the same time; the others wait, the oldest is next.
        partition, account: of Slurm; empty leaves them to the cluster.
        gpus: a node, of Slurm. Local jobs see all that the app sees.
        cpus: a process, of Slurm; 0 leaves it to the cluster.
        memory_gb: a node, of Slurm; 0 leaves it to the cluster.
        minutes: of a Slurm job. One that is not done by then is saved and queued again.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    executor: Literal["auto", "local", "slurm"] = "auto"
    at_once: int = Field(1, ge=1, le=1024)
    partition: str = Field("", pattern=r"^[\w.,-]*$", max_length=200)
    account: str = Field("", pattern=r"^[\w.-]*$", max_length=200)
    gpus: int = Field(0, ge=0, le=64)
    cpus: int = Field(0, ge=0, le=1024)
    memory_gb: float = Field(0, ge=0, le=100_000)
    minutes: int = Field(24 * 60, ge=1, le=365 * 24 * 60)


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
        ExplorerError: `explorer.toml` or a variable has something that cannot be; the sentence names it.
    """
    return _validated(_in_file() | overridden(), f" in {settings_file()}")


def _in_file() -> dict[str, object]:
    path = settings_file()
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8")).get("jobs", {})
    except FileNotFoundError:
        content = {}
    except (OSError, ValueError, RecursionError) as error:  # no TOML, no UTF-8, endless digits, endless brackets
        raise ExplorerError(f"{path} cannot be read ({in_brief(error)}). Mend it or remove it.") from error
    if not isinstance(content, dict):
        raise ExplorerError(f"In {path}, jobs must be a table: a line [jobs], and the settings below it.")
    return content


def _validated(content: dict[str, object], where: str) -> JobSettings:
    try:
        return JobSettings.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        what = _PREFIX + name.upper() if name in overridden() else f"{name}{where}"
        raise ExplorerError(f"{what} cannot be {_shown(first['input'])}: {first['msg'].lower()}.") from error


def _shown(value: object) -> str:
    """A value in a sentence; of a long one the beginning and the end."""
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return "so large a number"
    return reprlib.repr(value)


def save_job_settings(**chosen: object) -> None:
    """Write settings to `explorer.toml`, by name; what is not given stays as it is there. Other tables are left out.

    Raises:
        ExplorerError: a value that cannot be, or the file cannot be written.
    """
    try:
        settings = _validated(_in_file() | chosen, "")
    except ExplorerError:  # the file is damaged, and is replaced; or what is chosen cannot be
        settings = _validated(chosen, "")
    changed = settings.model_dump(exclude_defaults=True)
    # Strings of JSON, numbers of Python: both are TOML.
    lines = ["[jobs]", *(f"{name} = {json.dumps(value)}" for name, value in changed.items())]
    with write_atomically(settings_file()) as path:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
