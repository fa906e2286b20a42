"""The data folder: where it is, what may be a name in it, and files that are written whole or not at all."""

import os
import time
from pathlib import Path

import pytest

from explorer.errors import ExplorerError
from explorer.home import (
    check_name,
    clear_leftovers,
    data_home,
    dataset_folders,
    read_end,
    subfolder,
    temporary_name,
    typed_path,
    write_atomically,
    write_folder_atomically,
)


def test_explorer_home_decides(home: Path) -> None:
    assert data_home() == home
    assert not home.exists()
    assert subfolder("runs") == home / "runs"
    assert (home / "runs").is_dir()


def test_without_it_the_users_data_folder_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXPLORER_HOME", raising=False)
    assert data_home().name == "image-density-explorer"
    assert data_home().is_absolute()


def no_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs under a number without a name."""
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)


def test_without_a_home_it_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    no_user(monkeypatch)
    monkeypatch.delenv("EXPLORER_HOME", raising=False)
    with pytest.raises(ExplorerError, match=r"no home folder.*Set EXPLORER_HOME"):
        data_home()
    monkeypatch.setenv("EXPLORER_HOME", "~/explorer")
    with pytest.raises(ExplorerError, match="no home folder ~"):
        data_home()
    monkeypatch.setenv("EXPLORER_HOME", "/explorer")
    assert data_home() == Path("/explorer")


def test_a_home_that_there_is_not_is_a_sentence_wherever_a_path_is_typed(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ExplorerError, match=r"no home folder ~nosuchuser\. Write the path ~nosuchuser/x in full"):
        typed_path("~nosuchuser/x")
    monkeypatch.setenv("EXPLORER_DATASETS", os.pathsep.join(["~nosuchuser/x", "/two"]))
    assert dataset_folders() == [home / "datasets", Path("/two")]
    monkeypatch.setenv("EXPLORER_HOME", "~nosuchuser")
    with pytest.raises(ExplorerError, match="~nosuchuser"):
        data_home()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "~nosuchuser").mkdir()
    assert typed_path("~nosuchuser") == Path("~nosuchuser"), "a file may be called so"
    monkeypatch.setenv("HOME", "/home/you")
    assert typed_path("~/x") == Path("/home/you/x")


def test_data_sets_are_looked_for_in_configured_folders(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLORER_DATASETS", os.pathsep.join(["/one", "", "/two"]))
    assert dataset_folders() == [home / "datasets", Path("/one").absolute(), Path("/two").absolute()]


def test_a_data_folder_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EXPLORER_HOME", str(tmp_path / "file"))
    with pytest.raises(ExplorerError, match="Set EXPLORER_HOME"):
        subfolder("runs")


@pytest.mark.parametrize("name", ["digits", "natural32", "a.b-c_D9", "x" * 64])
def test_plain_names_pass(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "-x", "a b", "x" * 65, "a\n", "é"])
def test_names_that_could_leave_the_folder_are_refused(name: str) -> None:
    with pytest.raises(ExplorerError, match="cannot be a name"):
        check_name(name)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.txt"
    with write_atomically(path) as temporary:
        temporary.write_text("old")
    with pytest.raises(RuntimeError), write_atomically(path) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ExplorerError, match="No space left"), write_atomically(tmp_path / "x"):
        raise OSError(28, "No space left on device")


def test_a_folder_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "folder"
    with pytest.raises(RuntimeError), write_folder_atomically(path) as new:  # noqa: PT012
        (new / "half").touch()
        assert not path.exists()
        raise RuntimeError
    assert not list(path.parent.iterdir())
    path.mkdir()  # as an earlier version left it when it was killed
    with write_folder_atomically(path) as new:
        (new / "all").touch()
    assert [file.name for file in path.iterdir()] == ["all"]
    for taken in (path, path / "all"):
        with pytest.raises(FileExistsError), write_folder_atomically(taken):
            pass
    assert [file.name for file in path.parent.rglob("*")] == ["folder", "all"]


def test_what_kills_have_left_is_cleared_a_day_later(home: Path) -> None:
    keep = [home / "runs" / "run" / "config.json", home / "datasets" / ".mine.0.tmp"]
    old = [temporary_name(home / "runs" / "run" / "job.json"), temporary_name(home / "jobs" / "job") / "log.txt"]
    new = [temporary_name(home / "catalogs" / "one" / "part-00000.parquet")]
    for path in (*keep, *old, *new):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for path in (*keep, old[0], old[1].parent):
        os.utime(path, (1, 1))
    images = {name: home / "stores" / name for name in (".loading-x", ".a.part", ".b.part", "whole")}
    for folder in images.values():
        folder.mkdir(parents=True)
        os.utime(folder, (time.time() - 2 * 86_400,) * 2)
    os.utime(images[".b.part"], (1, 1))
    clear_leftovers()
    assert sorted(path for path in home.rglob("*") if path.is_file()) == sorted([*keep, *new])
    assert not old[1].parent.exists()
    assert sorted(path.name for path in (home / "stores").iterdir()) == [".a.part", "whole"]


def test_the_end_of_a_file_is_read_whatever_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"first\n" + b"\xff" + "läßt\n".encode())
    assert read_end(tmp_path / "log", 100).startswith("first\n\ufffdläßt")
    assert read_end(tmp_path / "log", 3) == "\ufffdt\n"
    assert read_end(tmp_path / "none", 3) == ""
