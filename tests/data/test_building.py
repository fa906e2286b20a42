"""Building: at any moment the store is whole or not there; a build that was killed goes on; one process at a time."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from explorer.data import partial
from explorer.data.building import write_store
from explorer.data.store import Sample, Store, open_store, verify_store
from explorer.errors import ExplorerError
from tests.no_locks import NO_LOCKS

ROOT = Path(__file__).parents[2]
SHAPE = (1, 4, 4)
PIXELS = np.random.default_rng(0).integers(0, 256, (10, *SHAPE), dtype=np.uint8)


def samples(count: int = 10) -> list[Sample]:
    return [Sample(PIXELS[number], number % 3, f"image {number}") for number in range(count)]


def write(folder: Path, images: list[Sample] | None = None, **options: object) -> Store:
    listed = samples() if images is None else images
    return write_store(folder, "Test", lambda done: listed[done:], SHAPE, **options)


def leftovers(folder: Path) -> list[str]:
    """What is there but the locks, which stay."""
    return sorted(path.name for path in folder.iterdir() if ".lock" not in path.suffixes)


def test_unreadable_images_are_listed(tmp_path: Path) -> None:
    images = [sample if number != 4 else Sample(None, 0, "bad") for number, sample in enumerate(samples())]
    store = write(tmp_path / "one", images)
    assert len(store) == 9
    assert store.skipped == ("bad",)
    assert store.names[4] == "image 5"
    assert (store.pixels[4] == PIXELS[5]).all()


def test_no_images(tmp_path: Path) -> None:
    with pytest.raises(ExplorerError, match="Test has no images"):
        write(tmp_path / "one", [])
    with pytest.raises(ExplorerError, match=r"None of the 2 images of Test can be read \(a, b\)"):
        write(tmp_path / "one", [Sample(None, 0, "a"), Sample(None, 0, "b")])
    assert leftovers(tmp_path) == []


def test_wrong_shape_or_type(tmp_path: Path) -> None:
    for pixels in (PIXELS[0][:, :3], PIXELS[0].astype(np.float32)):
        with pytest.raises(ValueError, match="the store uint8"):
            write(tmp_path / "one", [Sample(pixels)])
    assert leftovers(tmp_path) == []


def test_progress_ends_with_the_number_of_images(tmp_path: Path) -> None:
    calls: list[tuple[int, int | None]] = []
    many = [Sample(PIXELS[number % 10]) for number in range(200)]
    write(tmp_path / "one", many, total=200, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (200, 200)
    assert calls == sorted(calls)
    assert len(calls) > 2


def test_a_whole_store_is_kept(tmp_path: Path) -> None:
    first = write(tmp_path / "one")
    second = write(tmp_path / "one", samples(3))
    assert len(second) == 10
    assert (first.pixels == second.pixels).all()
    assert leftovers(tmp_path) == ["one"]


def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(partial.os, "fsync", full)
    with pytest.raises(ExplorerError, match=r"No space left on device.*Free some space"):
        write(tmp_path / "one")
    assert leftovers(tmp_path) == []


def test_full_disk_in_the_middle_of_the_pixels(tmp_path: Path) -> None:
    many = [Sample(PIXELS[number % 10]) for number in range(20_000)]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(ExplorerError, match=r"File too large.*Free some space"):
            write(tmp_path / "one", many)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert leftovers(tmp_path) == []
    assert len(write(tmp_path / "one", many)) == 20_000


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_read_only_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ExplorerError, match="check the permissions"):
        write(tmp_path / "one")
    tmp_path.chmod(0o700)


def test_parent_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExplorerError, match="cannot be stored"):
        write(tmp_path / "file" / "one")


def test_many_writers_at_once(tmp_path: Path) -> None:
    barrier, readers = threading.Barrier(4), []

    def slow(done: int) -> Iterator[Sample]:
        readers.append(done)
        for sample in samples():
            time.sleep(0.01)  # so that the others come while it is being built
            yield sample

    def build() -> Store:
        barrier.wait()
        return write_store(tmp_path / "one", "Test", slow, SHAPE)

    with ThreadPoolExecutor(4) as pool:
        stores = [future.result() for future in [pool.submit(build) for _ in range(4)]]
    assert all((store.pixels == PIXELS).all() for store in stores)
    assert leftovers(tmp_path) == ["one"]
    assert readers == [0]


def test_an_interrupted_build_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partial, "_CHECKPOINT_SECONDS", 0)
    started: list[int] = []

    def interrupted(done: int) -> Iterator[Sample]:
        started.append(done)
        yield from samples()[done : done + 4]
        raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            write_store(tmp_path / "one", "Test", interrupted, SHAPE)
        assert leftovers(tmp_path) == [".one.part"]
    assert (write(tmp_path / "one").pixels == PIXELS).all()
    assert started == [0, 4]
    verify_store(open_store(tmp_path / "one"))
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == ["labels.npy", "pixels.npy", "store.json"]
    assert leftovers(tmp_path) == ["one"]


def test_a_build_of_something_else_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partial, "_CHECKPOINT_SECONDS", 0)

    def interrupted(done: int) -> Iterator[Sample]:
        yield from samples()[done : done + 4]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_store(tmp_path / "one", "Test", interrupted, SHAPE, source="another")
    store = write(tmp_path / "one", source="this")
    assert (store.pixels == PIXELS).all()
    verify_store(store)


_BUILDER = """
import sys, time
from pathlib import Path
import numpy as np
from explorer.data.building import write_store
from explorer.data.store import Sample

def read(done):
    print("reads from", done, flush=True)
    for number in range(done, 400):
        time.sleep(0.01)
        pixels = None if number % 7 == 3 else np.full((1, 4, 4), number % 251, np.uint8)
        yield Sample(pixels, number % 5, f"image {number}")

calls = []
folder = Path(sys.argv[1])
waiting = lambda who, *call: (calls.append(call), print("waits for", who.partition(" on ")[0]))
progress = lambda *call: calls.append(call)
store = write_store(folder, "Test", read, (1, 4, 4), 400, progress, source="numbers", waiting=waiting)
print("calls", min(calls)[0], max(calls), store.fingerprint)
"""


def start_builder(folder: Path, has_locks: bool) -> subprocess.Popen[str]:
    script = _BUILDER if has_locks else NO_LOCKS + _BUILDER
    return subprocess.Popen([sys.executable, "-c", script, str(folder)], cwd=ROOT, text=True, stdout=subprocess.PIPE)


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, "it did not happen in a minute"
        time.sleep(0.01)


@pytest.mark.parametrize("has_locks", [True, False], ids=["with locks", "without locks"])
def test_a_killed_build_goes_on_and_two_at_once_do_no_harm(tmp_path: Path, has_locks: bool) -> None:
    (tmp_path / ".one.lock").write_text("4194305\nelsewhere\n")  # as another process, long dead, may have left it
    journal = tmp_path / ".one.part" / "journal.jsonl"
    with start_builder(tmp_path / "one", has_locks) as builder:
        wait_for(lambda: journal.exists() and journal.read_bytes().count(b"\n") > 100)
        builder.send_signal(signal.SIGKILL)
        assert "reads from 0" in builder.communicate()[0]
    assert leftovers(tmp_path) == [".one.part"]
    with start_builder(tmp_path / "one", has_locks) as first, start_builder(tmp_path / "one", has_locks) as second:
        outputs = {process.pid: process.communicate()[0] for process in (first, second)}
    assert (first.returncode, second.returncode) == (0, 0)
    builder_pid, other_pid = sorted(outputs, key=lambda pid: "reads" not in outputs[pid])
    assert f"waits for process {builder_pid}\n" in outputs[other_pid], "it waits for the other, and says so"
    built = outputs[builder_pid].split()
    waited = outputs[other_pid].splitlines()[-1].split()
    assert 100 < int(built[2]) < 400, "it goes on"
    assert "reads" not in outputs[other_pid]
    assert int(waited[1]) > 0, "and tells what that one has done"
    assert waited[-1] == built[-1]
    store = open_store(tmp_path / "one")
    kept = [number for number in range(400) if number % 7 != 3]
    assert store.pixels[:, 0, 0, 0].tolist() == [number % 251 for number in kept]
    assert store.labels.tolist() == [number % 5 for number in kept]
    assert list(store.names) == [f"image {number}" for number in kept]
    assert store.skipped == tuple(f"image {number}" for number in range(400) if number % 7 == 3)
    verify_store(store)
    assert leftovers(tmp_path) == ["one"]
