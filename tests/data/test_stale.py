"""Files that change without looking it: replaced by others of the same size and date."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from explorer.data.sources import open_dataset, verify_dataset
from explorer.errors import ExplorerError
from explorer.home import file_version

SHAPE = (1, 8, 8)
DATE = 1_700_000_000_000_000_000


def gray(value: int, path: Path) -> Path:
    np.save(path, np.full((3, 8, 8, 1), value, np.uint8))
    os.utime(path, ns=(DATE, DATE))
    return path


def by_renaming(path: Path) -> None:
    gray(200, path.with_name("new.npy")).replace(path)


def by_writing(path: Path) -> None:
    gray(200, path)


def by_copying(path: Path) -> None:
    shutil.copy2(gray(200, path.with_name("new.npy")), path)


@pytest.mark.parametrize("replace", [by_renaming, by_writing, by_copying])
def test_a_file_of_the_same_size_and_date_is_read(tmp_path: Path, replace: Callable[[Path], None]) -> None:
    path = gray(10, tmp_path / "set.npy")
    before, size = file_version(path), path.stat().st_size
    old = open_dataset(str(path), SHAPE)
    replace(path)
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (size, DATE)
    assert file_version(path) != before
    new = verify_dataset(str(path), SHAPE)
    assert (old.pixels == 10).all()
    assert (new.pixels == 200).all()


def test_an_exchanged_folder_is_read(tmp_path: Path) -> None:
    for name, value in (("set", 10), ("other", 200)):
        (tmp_path / name).mkdir()
        gray(value, tmp_path / name / "val_data.npy")
    path = tmp_path / "set" / "val_data.npy"
    assert (open_dataset(str(path), SHAPE).pixels == 10).all()
    (tmp_path / "set").rename(tmp_path / "old")
    (tmp_path / "other").rename(tmp_path / "set")
    assert (open_dataset(str(path), SHAPE).pixels == 200).all()


def test_files_with_other_permissions_are_prepared_again_and_have_the_same_fingerprint(tmp_path: Path) -> None:
    path = gray(10, tmp_path / "set.npy")
    before = open_dataset(str(path), SHAPE)
    path.chmod(0o600)
    after = open_dataset(str(path), SHAPE)
    assert after.folder != before.folder
    assert after.fingerprint == before.fingerprint, "which a catalog is named by"
    assert before.folder.is_dir()


def test_verify_reads_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a disk that has no time that nobody can set, two files of one size and date look the same."""
    path = gray(10, tmp_path / "set.npy")
    monkeypatch.setattr("explorer.data.sources._as_it_is", lambda _file: b"")
    assert (verify_dataset(str(path), SHAPE).pixels == 10).all()
    pixels = np.load(path)
    pixels[1] = 200
    np.save(path, pixels)
    assert (open_dataset(str(path), SHAPE).pixels == 10).all()
    with pytest.raises(ExplorerError, match=r"not those of set: 1 of 3 differ, the first is 1\. Remove that folder"):
        verify_dataset(str(path), SHAPE)
    np.save(path, pixels[:1])
    with pytest.raises(ExplorerError, match="2 of 3 differ"):
        verify_dataset(str(path), SHAPE)


@pytest.mark.parametrize("spec", ["digits", "photos"])
def test_verify_knows_the_built_in_sets(spec: str) -> None:
    assert len(verify_dataset(spec, SHAPE)) > 100
