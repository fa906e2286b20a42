"""What reads which files that hold many images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from explorer.data.archives import archive_files
from explorer.data.huggingface import loaded_files
from explorer.data.parts import Parts
from explorer.data.reading import ImageSet
from explorer.data.tables import parquet_files

__all__ = ["READERS", "FilesReader"]


class FilesReader(Protocol):
    """Opens files that are one data set."""

    def __call__(self, title: str, files: Sequence[Path], split: str, parts: Parts | None = None, /) -> ImageSet:
        """The images of a split; `parts` are those of the files, where something else than their names says it."""


READERS: dict[str, FilesReader] = {".arrow": loaded_files, ".parquet": parquet_files, ".tar": archive_files}
"""Suffix of the files -> what opens them."""
