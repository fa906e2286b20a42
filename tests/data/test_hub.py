"""Data sets of the Hugging Face Hub, from a Hub on loopback: fetched once, opened offline, and what goes wrong.

The test itself connects to nothing (see ``conftest.py``); the process that fetches is told where the Hub is.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub import constants

from explorer.data.hub_records import HubRecord, fetched_specs, read_record, record_path
from explorer.data.names import dataset_name, dataset_stem, parse_hub_spec
from explorer.data.offered import list_datasets
from explorer.data.sources import absolute_spec, open_dataset
from explorer.data.views import Views
from explorer.errors import ExplorerError
from explorer.images import read_image, to_square
from tests.data.hub_server import Hub, Repository, serve_hub

SHAPE = (1, 8, 8)
SPEC = "hf:some-lab/tiny.images"
REPO = "some-lab/tiny.images"
NAME = parse_hub_spec(SPEC)
Picture = Callable[..., bytes]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """An empty Hub, and nothing in the cache."""
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HUB_CACHE", "HF_DATASETS_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf" / "hub"))
    with serve_hub() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.address)
        yield running


def parquet(picture: Picture, numbers: range) -> bytes:
    rows = {
        "image": [{"bytes": picture(number), "path": f"{number}.png"} for number in numbers],
        "label": [number % 2 for number in numbers],
    }
    file = io.BytesIO()
    pq.write_table(pa.table(rows), file)
    return file.getvalue()


def two_splits(picture: Picture) -> Repository:
    return Repository(
        {
            "README.md": b"# Tiny images\n",
            "data/train-00000-of-00001.parquet": parquet(picture, range(6)),
            "data/test-00000-of-00001.parquet": parquet(picture, range(10, 13)),
        }
    )


def open_set(spec: str = SPEC, split: str = "all") -> list[str]:
    return list(open_dataset(spec, SHAPE, split).names)


def forget_the_hour(name: str = SPEC) -> None:
    os.utime(record_path(parse_hub_spec(name)), (0, 0))


def test_fetched_once(hub: Hub, picture: Picture) -> None:
    hub.repositories[REPO] = two_splits(picture)
    calls: list[tuple[int, int | None]] = []
    train = open_dataset(SPEC, SHAPE, "train", fetching=lambda done, total: calls.append((done, total)))
    size = sum(len(data) for path, data in hub.repositories[REPO].files.items() if path.endswith("parquet"))
    assert calls[-1] == (size, size)
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    assert sorted(hub.downloads) == ["data/test-00000-of-00001.parquet", "data/train-00000-of-00001.parquet"]
    hub.requests.clear()
    validation = open_dataset(SPEC, SHAPE, "validation", fetching=pytest.fail)
    assert hub.requests == []
    assert list(train.names) == [f"{number}.png" for number in range(6)]
    assert list(validation.names) == ["10.png", "11.png", "12.png"]
    assert list(train.labels) == [0, 1, 0, 1, 0, 1]
    assert (train.pixels[2] == to_square(read_image(picture(2)), SHAPE)).all()
    assert (train.name, train.source) == (SPEC, SPEC)
    assert len(open_set()) == 9
    assert [info.spec for info in list_datasets() if not info.builtin] == [SPEC]


def test_offline(hub: Hub, picture: Picture, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.repositories[REPO] = two_splits(picture)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ExplorerError, match="has not been fetched yet, and HF_HUB_OFFLINE is set"):
        open_set()
    monkeypatch.delenv("HF_HUB_OFFLINE")
    assert len(open_set(split="train")) == 6
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    hub.requests.clear()
    forget_the_hour()  # it asks, in vain
    assert len(open_set(split="validation")) == 3
    assert time.time() - record_path(NAME).stat().st_mtime < 60
    shutil.rmtree(home / "stores")
    shutil.rmtree(constants.HF_HUB_CACHE)
    with pytest.raises(ExplorerError, match="HF_HUB_OFFLINE is set"):
        open_set(split="validation")
    assert hub.requests == []


def test_no_network(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(ExplorerError, match=r"The Hub cannot be reached, and hf:\S+ has not been fetched yet"):
        open_set()
    assert fetched_specs() == []


def test_a_data_set_that_changed_gives_a_new_store(hub: Hub, picture: Picture) -> None:
    hub.repositories[REPO] = two_splits(picture)
    first = open_dataset(SPEC, SHAPE, "train")
    hub.repositories[REPO].files["data/train-00000-of-00001.parquet"] = parquet(picture, range(20, 24))
    assert open_dataset(SPEC, SHAPE, "train").folder == first.folder  # not asked every time
    forget_the_hour()
    hub.requests.clear()
    second = open_dataset(SPEC, SHAPE, "train")
    assert hub.downloads == ["data/train-00000-of-00001.parquet"]  # the other file is the same
    assert second.folder != first.folder
    assert len(second) == 4
    forget_the_hour()
    hub.requests.clear()
    open_dataset(SPEC, SHAPE, "train")
    assert hub.requests == [f"GET /api/datasets/{REPO}"]


def test_configurations(hub: Hub, picture: Picture) -> None:
    card = """---
configs:
- config_name: small
  data_files:
  - split: train
    path: small/a.parquet
  - split: validation
    path: small/b.parquet
- config_name: large
  data_files: large/*.parquet
---
"""
    files = {
        "README.md": card.encode(),
        "small/a.parquet": parquet(picture, range(5)),
        "small/b.parquet": parquet(picture, range(5, 7)),
        "large/x.parquet": parquet(picture, range(60)),
    }
    hub.repositories[REPO] = Repository(files)
    with pytest.raises(ExplorerError, match=f"several configurations. Name one of them: {SPEC}:small, {SPEC}:large"):
        open_set()
    with pytest.raises(ExplorerError, match=rf"no configuration 'huge' of {SPEC}\. It has {SPEC}:small, {SPEC}:large"):
        open_set(f"{SPEC}:huge")
    assert [len(open_set(f"{SPEC}:small", split)) for split in ("train", "validation")] == [5, 2]
    assert sorted(hub.downloads) == ["small/a.parquet", "small/b.parquet"]
    assert [len(open_set(f"{SPEC}:large", split)) for split in ("train", "validation")] == [54, 6]
    assert fetched_specs() == [f"{SPEC}:large", f"{SPEC}:small"]


def test_image_files(hub: Hub, picture: Picture) -> None:
    places = [f"pictures/{part}/{kind}" for part in ("train", "test") for kind in "ab"]
    files = {f"{place}/{number}.png": picture(number) for place in places for number in (1, 2)}
    hub.repositories[REPO] = Repository(files | {"loader.py": b"print()"})
    store = open_dataset(SPEC, SHAPE, "train")
    assert sorted(store.names) == ["train/a/1.png", "train/a/2.png", "train/b/1.png", "train/b/2.png"]
    assert list(store.label_names) == ["a", "b"]
    assert "loader.py" not in hub.downloads


def test_webdataset(hub: Hub, picture: Picture) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for number in range(3):
            entry = tarfile.TarInfo(f"{number:03}.png")
            entry.size = len(picture(number))
            archive.addfile(entry, io.BytesIO(picture(number)))
    hub.repositories[REPO] = Repository({"train/0.tar": file.getvalue()})
    store = open_dataset(SPEC, SHAPE, "all")
    assert (store.pixels[1] == to_square(read_image(picture(1)), SHAPE)).all()
    assert len(store) == 3


def test_files_that_cannot_be_had(hub: Hub, picture: Picture) -> None:
    with pytest.raises(ExplorerError, match=f"The Hub has no data set {SPEC}, or it is private"):
        open_set()
    hub.repositories[REPO] = two_splits(picture)
    hub.repositories[REPO].access = "private"
    with pytest.raises(ExplorerError, match="for a private one, log in with `hf auth login` or set HF_TOKEN"):
        open_set()
    hub.repositories[REPO].access = "gated"
    with pytest.raises(ExplorerError, match=rf"{SPEC} is gated\. Ask for access at {hub.address}/datasets/{REPO}"):
        open_set()
    assert fetched_specs() == []


def test_without_images(hub: Hub) -> None:
    hub.repositories[REPO] = Repository({"data.csv": b"a,b\n1,2\n", "README.md": b"# Numbers\n"})
    with pytest.raises(ExplorerError, match=rf"{SPEC} has no images that can be opened \(its files are \.csv\)"):
        open_set()
    file = io.BytesIO()
    pq.write_table(pa.table({"text": ["a", "b"]}), file)
    hub.repositories[REPO] = Repository({"0.parquet": file.getvalue(), "1.parquet": file.getvalue()})
    with pytest.raises(ExplorerError, match=f"{SPEC} has no column of image files"):
        open_set()
    assert hub.downloads == ["0.parquet"]  # the first one has said enough
    assert fetched_specs() == []


@pytest.mark.parametrize("pattern", ["/etc/*", "../**", "https://127.0.0.1/x.parquet", "zip://*::x.zip", "file:///x"])
def test_a_card_that_points_elsewhere(hub: Hub, picture: Picture, pattern: str) -> None:
    card = f"---\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n    path: '{pattern}'\n---\n"
    hub.repositories[REPO] = Repository({"README.md": card.encode(), "0.parquet": parquet(picture, range(3))})
    with pytest.raises(ExplorerError, match="names files outside the data set"):
        open_set()
    assert hub.downloads == []


def test_stopped_while_it_is_fetched(hub: Hub, picture: Picture) -> None:
    hub.repositories[REPO] = Repository({"0.parquet": parquet(picture, range(500))})
    hub.held = threading.Event()

    class Stopped(Exception):
        pass

    def stop(_done: int, total: int | None) -> None:
        if total:
            raise Stopped

    began = time.monotonic()
    with pytest.raises(Stopped):
        open_dataset(SPEC, SHAPE, fetching=stop)
    assert time.monotonic() - began < 50  # the file would take a minute
    assert fetched_specs() == []
    hub.held.set()
    assert len(open_set()) == 500


@pytest.mark.parametrize(
    "spec",
    [
        "hf:",
        "hf:mnist",
        "hf:../etc",
        "hf:a/..",
        "hf:/etc/passwd",
        "hf:a/b/c",
        "hf:a/b:",
        "hf:a/b:../c",
        "hf:a/b:c/d",
        "hf:a--b/c",
        "hf:a/b.git",
        "hf:a/-b",
        "hf:a/b\n",
        "hf:a/b@main",
        f"hf:a/{'b' * 96}",
        "hf:https://huggingface.co/datasets/a/b",
    ],
)
def test_ids_that_break_the_rules(spec: str, hub: Hub) -> None:
    for action in (absolute_spec, open_set):
        with pytest.raises(ExplorerError, match=r"is not the name of a data set .* Write hf:OWNER/NAME"):
            action(spec)
    assert hub.requests == []


def test_names() -> None:
    assert absolute_spec(SPEC) == SPEC
    assert dataset_name(SPEC) == SPEC
    assert dataset_name("/there/pictures") == "pictures"
    assert dataset_stem("hf:a/b:c d") == "b-c-d"
    assert parse_hub_spec("hf:a/b:c") == ("a", "b", "c")


def test_damaged_records(home: Path) -> None:
    path = record_path(NAME)
    path.parent.mkdir(parents=True)
    good = {"spec": SPEC, "revision": "0" * 40, "splits": {"train": ["0.parquet"]}}
    path.write_text(json.dumps(good))
    assert read_record(NAME) == HubRecord(**good)
    outside = [{"train": ["../../0.parquet"]}, {"train": ["/0.parquet"]}, {"train": ["0.pkl"]}, {"train": []}]
    bad = [{"splits": splits} for splits in outside] + [{"revision": "main"}, {"spec": "hf:../x"}, {"spec": "hf:a/b"}]
    for change in bad:
        path.write_text(json.dumps(good | change))
        assert read_record(NAME) is None
    path.write_bytes(np.random.default_rng(0).bytes(100))
    assert read_record(NAME) is None
    assert fetched_specs() == []


def test_the_command_line(hub: Hub, picture: Picture, home: Path) -> None:
    hub.repositories[REPO] = two_splits(picture)
    command = [sys.executable, "-m", "explorer", "store", SPEC, "--size", "8", "--split", "train", "--verify"]
    environment = os.environ | {"EXPLORER_HOME": str(home), "COLUMNS": "200", "TERM": "dumb"}
    root = Path(__file__).parents[2]

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)

    done = run()
    assert done.returncode == 0, done.stderr
    assert "6 images, verified" in done.stderr
    hub.repositories.clear()
    record_path(NAME).unlink()
    failed = run()
    assert failed.returncode == 1
    assert f"Error: The Hub has no data set {SPEC}" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_views_of_larger_pictures(hub: Hub, picture: Picture) -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({"image": pa.array([picture(number, 40) for number in range(4)], pa.binary())}), file)
    hub.repositories[REPO] = Repository({"0.parquet": file.getvalue()})
    assert len(open_dataset(SPEC, SHAPE, "all", views=Views(3, 2.5))) == 12
    assert len(open_dataset(SPEC, SHAPE, "all")) == 4
