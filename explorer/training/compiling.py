"""Compiling the step of a training: whether it can be, and how it is interrupted.

The first step of a process compiles, which may take minutes, asks nobody whether to stop, and starts compilers that a
Ctrl-C ends too. Nothing is lost by interrupting it: what was done before is on disk.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import torch

from explorer.errors import ExplorerError, in_brief

__all__ = ["Interrupted", "compiling", "missing_compiler"]

_LOOK_EVERY = 0.2  # seconds


class Interrupted(BaseException):
    """A stop was asked for. No `Exception`: the compiler takes those for failures of its own."""


def missing_compiler(device: torch.device) -> str:
    """Why no step can be compiled on this machine, and what to do, as a sentence; empty when it can be."""
    if device.type == "cpu":
        what, variable = "C++", "CXX"
        names = [os.environ.get("CXX") or ("clang++" if sys.platform == "darwin" else "g++")]
    else:
        what, variable = "C", "CC"
        names = [os.environ["CC"]] if os.environ.get("CC") else ["gcc", "clang"]
    if not any(map(_is_there, names)):
        missing = f"there is no {what} compiler ({' or '.join(names)})"
        remedy = f"install one (g++ on Linux, the command line tools on macOS), or name yours in {variable}"
    elif not Path(sysconfig.get_path("include"), "Python.h").exists():
        missing, remedy = "the headers of Python are missing", "install them (python3-dev on Debian and Ubuntu)"
    else:
        return ""
    return f"The step is not compiled, and takes longer: {missing}. To compile it, {remedy}."


def _is_there(command: str) -> bool:
    try:
        return bool(words := shlex.split(command)) and shutil.which(words[0]) is not None
    except ValueError:  # a quotation mark without its fellow
        return False


@contextmanager
def compiling(should_stop: Callable[[], bool] | None) -> Iterator[None]:
    """A step that compiles: a stop that is asked for interrupts it at once.

    Only the main thread of a process can be interrupted; in any other the step goes on to its end.

    Raises:
        Interrupted: a stop was asked for.
        ExplorerError: it cannot be compiled.
    """
    asked = should_stop or (lambda: False)
    try:
        with _interrupted_when(asked):
            yield
    except Exception as error:
        if asked():  # Ctrl-C, and the end of a job of Slurm, end the compilers too
            raise Interrupted from error
        if type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
            raise ExplorerError(
                f"The step cannot be compiled ({in_brief(error)}). Mend the compiler, or start a run without --compile."
            ) from error
        raise


@contextmanager
def _interrupted_when(asked: Callable[[], bool]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    main, before = threading.get_ident(), signal.getsignal(signal.SIGINT)
    done = threading.Event()  # interrupted, or at the end

    def interrupt(number: int, frame: FrameType | None) -> None:
        if not asked() and callable(before):  # Ctrl-C, and not the thread below
            before(number, frame)
        if not done.is_set() and asked():
            done.set()
            raise Interrupted

    def watch() -> None:
        while not done.wait(_LOOK_EVERY):
            if asked():
                signal.pthread_kill(main, signal.SIGINT)  # it also ends the waiting for a compiler

    watcher = threading.Thread(target=watch, daemon=True, name="interrupts the compiler")
    signal.signal(signal.SIGINT, interrupt)
    watcher.start()
    try:
        try:
            yield
        finally:
            done.set()
    finally:
        watcher.join()
        signal.signal(signal.SIGINT, before)
