"""Stores in the making: whatever a kill leaves of the two files, what is whole is kept, and nothing is there twice."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from explorer.data.partial import PartialStore, Record, images_on_disk
from explorer.data.store import Sample

SHAPE = (1, 2, 3)
IMAGES = [None if number == 2 else np.full(SHAPE, number, np.uint8) for number in range(6)]
KEPT = [image for image in IMAGES if image is not None]


def append(part: PartialStore, numbers: range) -> None:
    for number in numbers:
        part.append(Sample(IMAGES[number], number, f"{number}\n", number == 4))


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "built"
    with PartialStore(folder, SHAPE, "test") as part:
        append(part, range(6))
        part.checkpoint()
    return folder


def test_records_and_pixels(built: Path) -> None:
    with PartialStore(built, SHAPE, "test") as part:
        assert (part.done, part.kept) == (6, 5)
        assert list(part.records()) == [Record(None if n == 2 else n, f"{n}\n", n == 4, "") for n in range(6)]
        part.write_count()
    assert (np.load(built / "pixels.npy") == np.stack(KEPT)).all()
    assert images_on_disk(built, SHAPE) == 5


def test_whatever_a_kill_leaves_the_build_goes_on(built: Path, tmp_path: Path) -> None:
    journal, pixels = ((built / name).read_bytes() for name in ("journal.jsonl", "pixels.npy"))
    cuts = [(size, len(pixels)) for size in range(len(journal) + 1)]
    cuts += [(len(journal), size) for size in (0, 50, *range(len(pixels) - 32, len(pixels)))]
    cuts += [(len(journal) - size, len(pixels) - size) for size in range(40)]
    resumed = set()
    for journal_size, pixel_size in cuts:
        folder = tmp_path / "cut"
        folder.mkdir()
        (folder / "journal.jsonl").write_bytes(journal[:journal_size])
        (folder / "pixels.npy").write_bytes(pixels[:pixel_size])
        with PartialStore(folder, SHAPE, "test") as part:
            resumed.add(part.done)
            append(part, range(part.done, 6))
            part.checkpoint()
            part.write_count()
            digest = part.digest.hexdigest()
        assert (folder / "journal.jsonl").read_bytes() == journal
        assert (np.load(folder / "pixels.npy") == np.stack(KEPT)).all()
        with PartialStore(built, SHAPE, "test") as whole:
            assert digest == whole.digest.hexdigest()
        shutil.rmtree(folder)
    assert resumed == set(range(7))


@pytest.mark.parametrize("tail", [b"\0" * 50, b"[1", b"[1, 2, 3]\n", b'nonsense\n[1, "a"]\n'])
def test_what_is_no_record_is_cut_off(built: Path, tail: bytes) -> None:
    with open(built / "journal.jsonl", "ab") as file:
        file.write(tail)
    with PartialStore(built, SHAPE, "test") as part:
        assert (part.done, part.kept) == (6, 5)
        assert len(list(part.records())) == 6


def test_what_is_not_in_the_journal_is_cut_off(built: Path) -> None:
    with open(built / "pixels.npy", "ab") as file:
        file.write(b"x" * 1000)
    with PartialStore(built, SHAPE, "test"):
        pass
    assert images_on_disk(built, SHAPE) == 5


@pytest.mark.parametrize(("shape", "identity"), [((1, 3, 2), "test"), (SHAPE, "another")])
def test_files_of_another_build_are_cleared(built: Path, shape: tuple[int, int, int], identity: str) -> None:
    with PartialStore(built, shape, identity) as part:
        assert (part.done, part.kept, list(part.records())) == (0, 0, [])
    assert images_on_disk(built, shape) == 0


def test_nothing_is_in_the_journal_before_its_pixels(tmp_path: Path) -> None:
    with PartialStore(tmp_path / "part", SHAPE, "test") as part:
        append(part, range(4))
        assert list(part.records()) == []
        part.checkpoint()
        assert [record.label for record in part.records()] == [0, 1, None, 3]
        assert images_on_disk(tmp_path / "part", SHAPE) == 3
    first, *lines = (tmp_path / "part" / "journal.jsonl").read_text().splitlines()
    assert json.loads(first) == ["test", list(SHAPE)]
    assert len(lines) == 4


def test_no_build(tmp_path: Path) -> None:
    assert images_on_disk(tmp_path / "none", SHAPE) == 0


@pytest.mark.parametrize(
    "line",
    [
        *("5", "{}", "[1]", '["1", "a", false]', '[1.5, "a", false]', '[1e400, "a", false]', "[1, 2, false]"),
        *('[true, "a", false]', '[1, "a"]', '[1, "a", 0]', f'[{2**31}, "a", false]', "[" * 100_000, "9" * 5000),
    ],
    ids=range(13),
)
def test_a_line_that_no_build_writes_is_where_it_goes_on(built: Path, line: str) -> None:
    lines = (built / "journal.jsonl").read_text().splitlines()
    lines[4] = line
    (built / "journal.jsonl").write_text("\n".join(lines) + "\n")
    with PartialStore(built, SHAPE, "test") as part:
        assert part.done == 3
        append(part, range(3, 6))
        part.checkpoint()
        part.write_count()
    assert (np.load(built / "pixels.npy") == np.stack(KEPT)).all()
