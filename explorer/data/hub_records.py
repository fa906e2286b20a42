"""What was fetched from the Hugging Face Hub: a small file for each data set and configuration, in ``hub`` of the data
folder. It says of which commit, and which files belong to which split."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from explorer.data.names import HubName, is_hub_spec, parse_hub_spec
from explorer.decoding import SUFFIXES
from explorer.errors import ExplorerError
from explorer.home import data_home, write_atomically

__all__ = [
    "KINDS",
    "HubRecord",
    "fetched_specs",
    "hub_cache",
    "read_record",
    "record_path",
    "snapshot",
    "write_record",
]

KINDS: tuple[tuple[str, ...], ...] = ((".parquet",), (".arrow",), (".tar",), SUFFIXES)
"""Suffixes of the files that a data set may consist of; of several kinds that are there, the first is used."""


class HubRecord(BaseModel):
    """What was fetched of a data set.

    Attributes:
        spec: ``hf:OWNER/NAME`` or ``hf:OWNER/NAME:CONFIG``.
        revision: the commit.
        splits: name of each split -> its files, as paths in the repository.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    spec: str
    revision: str = Field(pattern=r"^[0-9a-f]{40}$")
    splits: dict[str, list[str]]

    @field_validator("splits")
    @classmethod
    def _stay_inside(cls, splits: dict[str, list[str]]) -> dict[str, list[str]]:
        suffixes = {suffix for kind in KINDS for suffix in kind}
        for file in (file for files in splits.values() for file in files):
            path = PurePosixPath(file)
            if path.is_absolute() or ".." in path.parts or "\\" in file or path.suffix.lower() not in suffixes:
                raise ValueError(f"{file!r} is not a file of a data set")
        if not any(splits.values()):
            raise ValueError("there are no files")
        return splits

    @property
    def files(self) -> list[str]:
        """All files, in the order of their splits."""
        return list(dict.fromkeys(file for files in self.splits.values() for file in files))


def fetched_specs() -> list[str]:
    """The data sets of the Hub that were fetched, by name."""
    try:
        files = sorted((data_home() / "hub").glob("*.json"))
    except OSError:  # not ours to read
        return []
    records = (_read(file) for file in files)
    return sorted({record.spec for record in records if record is not None})


def read_record(name: HubName) -> HubRecord | None:
    """What was fetched of a data set; None when nothing was, or when its note is damaged."""
    record = _read(record_path(name))
    return record if record is not None and record.spec == name.spec else None


def write_record(record: HubRecord) -> None:
    """Note what was fetched.

    Raises:
        ExplorerError: the data folder cannot be written.
    """
    with write_atomically(record_path(parse_hub_spec(record.spec))) as path:
        path.write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8")


def _read(file: Path) -> HubRecord | None:
    try:
        record = HubRecord.model_validate_json(file.read_bytes())
        return record if is_hub_spec(record.spec) and parse_hub_spec(record.spec) else None
    except (OSError, ValidationError, ExplorerError):
        return None


def record_path(name: HubName) -> Path:
    """Where it is noted. The file's time of change is when the Hub was asked last."""
    # The Hub has no "--" in its names. A configuration may be called almost anything.
    config = f"--{hashlib.sha256(name.config.encode()).hexdigest()[:12]}" if name.config else ""
    return data_home() / "hub" / f"{name.owner}--{name.name}{config}.json"


def snapshot(name: HubName, revision: str) -> Path:
    """The folder in the cache of `huggingface_hub` that has the files of a commit, when they were fetched."""
    return Path(hub_cache()) / f"datasets--{name.owner}--{name.name}" / "snapshots" / revision


def hub_cache() -> str:
    """The cache of `huggingface_hub`."""
    from huggingface_hub import constants  # takes a tenth of a second to import

    return constants.HF_HUB_CACHE
