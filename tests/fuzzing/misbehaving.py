"""Readings that do what none may do: a check of the watch and of the workers."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from explorer.errors import ExplorerError
from tests.fuzzing.kinds import Kind, Make
from tests.fuzzing.sandbox import Sandbox

__all__ = ["misbehaving_kinds"]


def _raises(_sandbox: Sandbox) -> None:
    raise KeyError("missing")


def _rambles(_sandbox: Sandbox) -> None:
    raise ExplorerError("too long, " * 1000)


def _hangs(_sandbox: Sandbox) -> None:
    time.sleep(60)


def _hangs_in_c(_sandbox: Sandbox) -> None:
    ctypes.CDLL(None).pause()


def _crashes(_sandbox: Sandbox) -> None:
    os.abort()


def _exits(_sandbox: Sandbox) -> None:
    os._exit(3)


def _leaves(_sandbox: Sandbox) -> None:
    sys.exit(0)


def _takes_all_memory(_sandbox: Sandbox) -> None:
    np.ones(2**30)


def _writes_beside(sandbox: Sandbox) -> None:
    (sandbox.root / "user" / "left.txt").write_text("x", encoding="utf-8")


def _changes_an_input(sandbox: Sandbox) -> None:
    (sandbox.inputs / "picture.png").write_bytes(b"changed")


def _moves_out(sandbox: Sandbox) -> None:
    (sandbox.home / "a").touch()
    (sandbox.home / "a").rename(sandbox.root / "tmp" / "a")


def _follows_a_link(sandbox: Sandbox) -> None:
    (sandbox.home / "link").symlink_to(sandbox.root / "user")
    (sandbox.home / "link" / "a").mkdir()


def _writes_in_c(sandbox: Sandbox) -> None:
    libc = ctypes.CDLL(None)
    libc.creat(os.fsencode(sandbox.root / "here" / "a"), 0o600)


def _runs_a_program(_sandbox: Sandbox) -> None:
    subprocess.run([sys.executable, "-c", ""], check=True)


def _asks_the_network(_sandbox: Sandbox) -> None:
    try:
        socket.create_connection(("127.0.0.1", 9), timeout=0.1)
    except OSError:
        return


def _kills(_sandbox: Sandbox) -> None:
    os.kill(os.getpid(), signal.SIGCONT)


def _behaves(sandbox: Sandbox) -> None:
    (sandbox.home / "a").mkdir()
    (sandbox.home / "a" / "b").write_text("x", encoding="utf-8")
    assert (sandbox.inputs / "picture.png").read_bytes() == b"whole"


_FOUND: dict[str, tuple[Callable[[Sandbox], None], str]] = {
    "raises": (_raises, "KeyError"),
    "rambles": (_rambles, "a sentence of 10000 characters"),
    "hangs": (_hangs, "not done"),
    "hangs in C": (_hangs_in_c, "not done"),
    "crashes": (_crashes, "SIGABRT"),
    "exits": (_exits, "exit status 3"),
    "leaves": (_leaves, "SystemExit"),
    "takes all memory": (_takes_all_memory, "MemoryError"),
    "writes beside": (_writes_beside, "left.txt"),
    "changes an input": (_changes_an_input, "picture.png"),
    "moves out": (_moves_out, "os.rename"),
    "follows a link": (_follows_a_link, "os.mkdir"),
    "writes in C": (_writes_in_c, "changed"),
    "runs a program": (_runs_a_program, "ran "),
    "asks the network": (_asks_the_network, "socket"),
    "kills": (_kills, "os.kill"),
    "behaves": (_behaves, ""),
}


def misbehaving_kinds() -> dict[str, Kind]:
    """Title -> a kind whose group is what the outcome should speak of."""
    return {title: Kind(title, words, _make(act)) for title, (act, words) in _FOUND.items()}


def _make(act: Callable[[Sandbox], None]) -> Make:
    def make(_originals: Path, sandbox: Sandbox, _random: np.random.Generator) -> Callable[[], None]:
        (sandbox.inputs / "picture.png").write_bytes(b"whole")
        return lambda: act(sandbox)

    return make
