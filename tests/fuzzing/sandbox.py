"""A place for one reader: a data folder that it may write to, and a watch over everything else."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

__all__ = ["Sandbox", "Watch", "contents"]

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_ONE_PATH = {
    "os.mkdir": 2,
    "os.rmdir": 1,
    "os.remove": 1,
    "os.truncate": 1,
    "os.chmod": 2,
    "os.chown": 3,
    "os.utime": 3,
}
"""Events of one path -> where among their arguments the folder is that it is relative to."""
_TWO_PATHS = ("os.rename", "os.link", "os.symlink")
_NEVER = re.compile(
    r"os\.(system|exec|posix_spawn|spawn|fork|forkpty|kill|killpg)|pty\.spawn|socket\.(connect|bind|getaddrinfo)"
)
# Questions to Slurm, about a number.
_ASKED = re.compile(r"sinfo( --noheader)?|squeue --noheader .*|scontrol show job \d+(_\d+)? --oneliner")
_NOWHERE = "/dev/null"


class Sandbox:
    """Folders for one worker.

    Args:
        root: an empty folder.

    Attributes:
        home: the data folder.
        inputs: what a user has: to be read, not to be written to.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "home"
        self.inputs = root / "inputs"
        self._others = [root / name for name in ("user", "tmp", "here")]

    def enter(self) -> None:
        """Make this process live here, for good."""
        for folder in (self.home, self.inputs, *self._others):
            folder.mkdir(parents=True, exist_ok=True)
        user, temporary, here = map(str, self._others)
        for name in [name for name in os.environ if name.startswith(("EXPLORER_", "XDG_", "HF_"))]:
            del os.environ[name]
        # No program is on the path: a Slurm of this machine is not asked.
        os.environ.update(HOME=user, TMPDIR=temporary, EXPLORER_HOME=str(self.home), PATH=here)
        tempfile.tempdir = None
        os.chdir(here)

    def clear(self) -> None:
        """Empty the data folder and the inputs."""
        for folder in (self.home, self.inputs):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)

    def outside(self) -> dict[str, tuple[int, int]]:
        """What is there beside the data folder, with sizes and times."""
        return {name: state for folder in (self.inputs, *self._others) for name, state in contents(folder).items()}


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    """Path -> size and time of change, of all that is in a folder."""
    found = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        found[str(path)] = (status.st_size, 0 if path.is_dir() else status.st_mtime_ns)
    return found


class Watch:
    """Listens to what Python does while it is on: writes outside of a folder, programs, connections. A context.

    Args:
        folder: where writing is allowed.

    Attributes:
        seen: what was done that should not be, in words.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = os.path.realpath(folder)
        self._is_on = False
        self.seen: list[str] = []
        sys.addaudithook(self._hear)  # for the life of the process

    def __enter__(self) -> Watch:
        self.seen.clear()
        self._is_on = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_on = False

    def _hear(self, event: str, given: tuple[Any, ...]) -> None:
        if not self._is_on:
            return
        if event == "open":
            path, mode, flags = given
            if flags & _WRITES or (isinstance(mode, str) and set(mode) & set("wax+")):
                self._written(event, path)
        elif event in _ONE_PATH:
            place = _ONE_PATH[event]
            self._written(event, given[0], given[place] if len(given) > place else -1)
        elif event in _TWO_PATHS:
            self._written(event, given[1])
            if event == "os.rename":
                self._written(event, given[0])
        elif event == "subprocess.Popen":
            words = " ".join(map(str, given[1]))
            if not _ASKED.fullmatch(words):
                self.seen.append(f"ran {words[:200]}")
        elif _NEVER.fullmatch(event):
            self.seen.append(f"{event} {given!r}"[:200])

    def _written(self, event: str, path: Any, folder: Any = -1) -> None:
        if isinstance(path, int):  # it was opened, and heard, before
            return
        self._is_on = False
        try:
            name = Path(os.fsdecode(path))
            if isinstance(folder, int) and folder >= 0:
                name = Path(f"/proc/self/fd/{folder}") / name
            real = Path(os.path.realpath(name.parent)) / name.name  # a link itself, not what it points to
            if not real.is_relative_to(self._folder) and str(real) != _NOWHERE:
                self.seen.append(f"{event} {real}")
        finally:
            self._is_on = True
