"""Where things are on disk: the folder that the app writes to, the app's own files, and the checkpoints with it.

In the repository the app (``app.py``, ``pages``, ``.streamlit``) and ``checkpoints`` lie beside the package; where the
package is installed, they lie inside it, in ``explorer/_app``.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from platformdirs import user_data_dir

from explorer.errors import ExplorerError

__all__ = [
    "APP_SCRIPT",
    "SHIPPED_CHECKPOINTS",
    "FileVersion",
    "check_name",
    "child_environment",
    "clear_leftovers",
    "data_home",
    "dataset_folders",
    "file_version",
    "read_end",
    "subfolder",
    "temporary_name",
    "typed_path",
    "write_atomically",
    "write_folder_atomically",
    "written",
]

_PACKAGE = Path(__file__).resolve().parent
_APP = _PACKAGE / "_app" if (_PACKAGE / "_app").is_dir() else _PACKAGE.parent

APP_SCRIPT = _APP / "app.py"
SHIPPED_CHECKPOINTS = _APP / "checkpoints"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DAY = 24 * 3600.0  # nothing takes so long to write
_LEFT_OVERS = (
    (".*.tmp", ("runs", "jobs", "catalogs", "checkpoints", "trust"), _DAY),
    (".loading-*", ("stores",), _DAY),
    (".*.part", ("stores",), 30 * _DAY),
)


def typed_path(text: str | Path) -> Path:
    """The path that a person means: ``~`` is their home, ``~NAME`` that of another user.

    Raises:
        ExplorerError: there is no such user, or no home.
    """
    path = Path(text)
    try:
        return path.expanduser()
    except RuntimeError as error:
        if path.exists():  # a file may be called so
            return path
        raise ExplorerError(f"There is no home folder {path.parts[0]}. Write the path {path} in full.") from error


def data_home() -> Path:
    """The data folder: ``$EXPLORER_HOME``, else the user's data folder. It is not created by this call.

    Raises:
        ExplorerError: it is in a home folder that there is not.
    """
    configured = os.environ.get("EXPLORER_HOME")
    if configured:
        return typed_path(configured).absolute()
    try:
        return Path(user_data_dir("image-density-explorer", appauthor=False))
    except RuntimeError as error:
        raise ExplorerError(
            "You have no home folder on this machine. Set EXPLORER_HOME to a folder that you may write to."
        ) from error


def subfolder(name: str) -> Path:
    """A folder in the data folder (`runs`, `catalogs`, `stores`, `checkpoints`, `datasets`), created when missing.

    Raises:
        ExplorerError: the folder cannot be created.
    """
    folder = data_home() / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExplorerError(
            f"The data folder {folder} cannot be created ({error.strerror}). "
            "Set EXPLORER_HOME to a folder that you may write to."
        ) from error
    return folder


def dataset_folders() -> list[Path]:
    """Where the app finds data sets: ``datasets`` in the data folder, then the data sets and the folders of data sets
    named in ``$EXPLORER_DATASETS`` (separated as in ``$PATH``)."""
    folders = [data_home() / "datasets"]
    for part in filter(None, os.environ.get("EXPLORER_DATASETS", "").split(os.pathsep)):
        with suppress(ExplorerError):  # like a folder that is not there
            folders.append(typed_path(part).absolute())
    return folders


class FileVersion(NamedTuple):
    """A file as it was at a time: the key of what is remembered of its content.

    Attributes:
        path: of the file.
        size: in bytes.
        modified: nanoseconds since 1970.
        changed: likewise, and nobody can set it: a file that was put in the place of another one, of the same size and
            time, has another one.
        number: of the file on its disk. Some disks (FAT, and some over a network) number files anew now and then, so
            that it is no part of names that shall last.
    """

    path: Path
    size: int
    modified: int
    changed: int
    number: int


def file_version(path: Path) -> FileVersion:
    """The present version of a file.

    Raises:
        OSError: it is missing, or not ours to see.
    """
    status = path.stat()
    return FileVersion(path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def child_environment() -> dict[str, str]:
    """Variables with which another process finds this package and this data folder, wherever it starts."""
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, (str(_PACKAGE.parent), os.environ.get("PYTHONPATH", "")))),
        "EXPLORER_HOME": str(data_home()),
    }


def check_name(name: str) -> str:
    """Return `name` if it is safe as the name of a folder.

    Raises:
        ExplorerError: it is empty, too long, or has characters that could leave the folder.
    """
    if not _NAME.fullmatch(name):
        raise ExplorerError(
            f"{name!r} cannot be a name: use 1 to 64 letters, digits, '.', '_' or '-', "
            "beginning with a letter or digit."
        )
    return name


def temporary_name(path: Path) -> Path:
    """A hidden path beside `path` that nobody else has: for what is not whole yet, or not wanted any more."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.tmp")


@contextmanager
def written(path: Path) -> Iterator[None]:
    """What is done to a file or a folder of ours, with a sentence where the system does not let it.

    Raises:
        ExplorerError: the disk is full, or read-only, or not ours.
    """
    try:
        yield
    except OSError as error:
        raise ExplorerError(
            f"{path} cannot be written ({error.strerror or error}). Free some space or check the permissions."
        ) from error


@contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` to write to; on success it replaces `path`, on failure it is removed.

    A kill at any moment leaves either the old file or the new one. Temporary names are unique, so that many processes
    and threads may write the same file: the last one wins, and all are whole.

    Raises:
        ExplorerError: the disk is full or the folder cannot be written.
    """
    temporary = temporary_name(path)
    try:
        with written(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            with open(temporary, "rb+") as file:
                os.fsync(file.fileno())
            temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def write_folder_atomically(path: Path) -> Iterator[Path]:
    """Yield a new folder beside `path` to fill; on success it becomes `path`, on failure it is removed.

    A kill at any moment leaves all of the folder or none of it, and the name free for another attempt.

    Raises:
        FileExistsError: something is at `path`, an empty folder aside.
        OSError: the disk is full or the folder cannot be written.
    """
    temporary = temporary_name(path)
    try:
        temporary.mkdir(parents=True)
        yield temporary
        temporary.rename(path)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.ENOTDIR) and os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from error
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def clear_leftovers() -> None:
    """Remove what processes that were killed had begun to write, to read or to remove: it only takes space.

    A day later; a month later where it could still be resumed, as with the images of a store.
    """
    for pattern, places, seconds in _LEFT_OVERS:
        found: list[Path] = []
        for place in places:
            with suppress(OSError):  # a folder that is removed meanwhile
                found += (data_home() / place).rglob(pattern)
        for path in found:
            with suppress(OSError):
                if path.stat().st_mtime < time.time() - seconds:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()


def read_end(path: Path, most: int) -> str:
    """The last bytes of a text file, at most this many; empty when it cannot be read."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - most))
            return file.read().decode(errors="replace")
    except OSError:
        return ""
