"""Compiling a step: a stop interrupts it at once, and a compiler that is missing is named."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch._inductor.exc import CppCompileError

from explorer.errors import ExplorerError
from explorer.jobs.state import state
from explorer.jobs.worker import STOP_FILE, run_job
from explorer.training.compiling import Interrupted, compiling, missing_compiler
from explorer.training.loop import train_on
from explorer.training.run import Run, create_run
from tests.training.bars import config, pixels

ROOT = Path(__file__).parents[2]
CPU = torch.device("cpu")
LONG = 60.0  # seconds


def wait() -> None:
    threading.Event().wait(LONG)


def wait_for_a_compiler() -> None:
    subprocess.run([sys.executable, "-c", f"import time; time.sleep({LONG})"], check=False)


def take_a_stop_for_a_failure() -> None:
    try:
        wait()
    except Exception as error:
        raise CppCompileError(["g++"], "") from error


@pytest.mark.parametrize("work", [wait, wait_for_a_compiler, take_a_stop_for_a_failure])
def test_a_stop_interrupts_whatever_it_waits_for(work: Callable[[], None]) -> None:
    asked, began = threading.Event(), time.monotonic()
    before = signal.getsignal(signal.SIGINT)
    threading.Timer(0.3, asked.set).start()
    with pytest.raises(Interrupted), compiling(asked.is_set):
        work()
    assert time.monotonic() - began < LONG / 2
    assert signal.getsignal(signal.SIGINT) is before


def test_what_fails_because_of_the_stop_is_the_stop() -> None:
    with pytest.raises(Interrupted), compiling(lambda: True):
        raise CppCompileError(["g++"], "killed")


def test_a_compiler_that_fails_is_a_sentence_and_other_errors_stay() -> None:
    with pytest.raises(ExplorerError, match=r"cannot be compiled.*without --compile"), compiling(lambda: False):
        raise CppCompileError(["g++"], "no Python.h")
    with pytest.raises(RuntimeError, match="other"), compiling(None):
        raise RuntimeError("other")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt), compiling(None):
        wait()
    signal.signal(signal.SIGINT, before)


def test_in_another_thread_it_goes_on_to_its_end() -> None:
    found = []

    def work() -> None:
        with compiling(lambda: True):
            found.append("end")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == ["end"]


@pytest.mark.parametrize("compiler", ["nosuchcompiler", "/nowhere/g++ -O2", "'"])
def test_a_missing_compiler_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch, compiler: str) -> None:
    monkeypatch.setenv("CXX", compiler)
    assert compiler in (sentence := missing_compiler(CPU))
    assert "not compiled" in sentence
    assert "install one" in sentence


def test_a_compiler_is_looked_for_where_torch_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", f"{sys.executable} -O2")
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(ROOT))
    assert "headers of Python" in missing_compiler(CPU)
    monkeypatch.delenv("CXX")
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    assert "+" in missing_compiler(CPU)
    assert "gcc or clang" in missing_compiler(torch.device("cuda"))


def test_without_a_compiler_it_trains_all_the_same(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "nosuchcompiler")
    run = Run.open(create_run(config(steps=2, compile=True)))
    assert train_on(run, pixels(), pixels(20, 1))


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (CppCompileError(["g++"], ""), "stopped"),
        (RuntimeError("Connection closed by peer"), "stopped"),  # of one of several processes
        (OSError(errno.ENOSPC, "No space left on device"), "failed"),  # while it saved
        (ExplorerError("The folder cannot be written."), "failed"),
    ],
)
def test_a_job_that_fails_while_it_stops_has_stopped_unless_that_is_why_nothing_was_saved(
    tmp_path: Path, error: Exception, status: str
) -> None:
    def work(folder: Path, _should_stop: Callable[[], bool]) -> bool:
        (folder / STOP_FILE).touch()
        raise error

    assert run_job(tmp_path, work).status == status
    assert state(tmp_path).status == status


@pytest.mark.parametrize("how", ["Ctrl-C", "stop"])
def test_a_training_that_compiles_stops_at_once(home: Path, how: str) -> None:
    """With the real compiler, which Ctrl-C reaches too."""
    if missing_compiler(CPU):
        pytest.skip(missing_compiler(CPU))
    script = """
import pathlib, sys
from explorer.jobs.worker import run_job
from explorer.training.loop import train
def work(folder, should_stop):
    return train(folder, should_stop, lambda *_: print("step", flush=True))
record = run_job(pathlib.Path(sys.argv[1]), work)
print(record.status, record.message, flush=True)
"""
    run = create_run(config(steps=10, compile=True).model_copy(update={"dataset": "digits"}))
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(run)],
        cwd=ROOT,
        env=os.environ | {"TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    with process.stdout as lines:
        assert next(lines) == "step\n"  # before the first
        time.sleep(2)
        began = time.monotonic()
        if how == "Ctrl-C":
            os.killpg(process.pid, signal.SIGINT)
        else:
            (run / STOP_FILE).touch()
        assert next(lines) == "stopped \n"
    assert time.monotonic() - began < 15
    assert process.wait(timeout=120) == 0
    assert json.loads((run / "job.json").read_text())["status"] == "stopped"
    assert not Run.open(run).training_state.exists()
