"""``python -m explorer.data.hub_fetch SPEC [COMMIT]``: fetch a data set of the Hub, for `explorer.data.hub`.

It prints a line of JSON several times a second, ``{"done": bytes, "total": bytes or null}``, and at the end
``{"error": sentence}`` when something is wrong.

1. `huggingface_hub` says which commit is the latest, and which files it has with how many bytes.
2. The data set's card is looked at before anybody acts on it: it may name files of the repository and nothing else, no
   path and no address.
3. ``datasets.load_dataset_builder`` says which files belong to which split. It reads none of them.
4. `huggingface_hub` downloads them into its cache, some at a time; files that are there are kept. The first one shows
   whether there are images at all.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, TextIO

import httpx2
import pyarrow as pa
import pyarrow.parquet as pq
from huggingface_hub import HfApi, constants, metadata_load
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)

from explorer.data.columns import find_columns
from explorer.data.hub_records import KINDS, HubRecord, read_record, snapshot, write_record
from explorer.data.names import HubName, parse_hub_spec
from explorer.errors import ExplorerError, in_brief

__all__ = ["fetch", "main"]

_REPORT_SECONDS = 0.2
_ANSWER_SECONDS = 10.0  # for which commit is the latest
_AT_ONCE = 4
_LARGEST_CARD = 5_000_000  # bytes
_CARD = "README.md"
_SECOND_CARD = ".huggingface.yaml"  # overrides the first for `datasets`; hardly any data set has one


class Tally:
    """Bytes fetched of all files together, and the lines that say so."""

    def __init__(self, lines: TextIO) -> None:
        self._lines = lines
        self.done = 0
        self.total: int | None = None
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._report, daemon=True)

    def __enter__(self) -> Tally:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._say()

    def add(self, count: int) -> None:
        """This many more bytes; negative when a server starts again."""
        with self._lock:
            self.done += count

    def _report(self) -> None:
        while not self._ended.wait(_REPORT_SECONDS):
            self._say()

    def _say(self) -> None:
        try:
            print(json.dumps({"done": self.done, "total": self.total}), file=self._lines, flush=True)
        except OSError:  # the reader has gone
            os._exit(1)


def main(arguments: list[str]) -> int:
    """Fetch, and say what is wrong; the exit status."""
    name = parse_hub_spec(arguments[0])
    problem = ""
    lines, sys.stdout = sys.stdout, sys.stderr  # whatever else is printed is not for the caller
    try:
        with Tally(lines) as tally:
            fetch(name, tally, *arguments[1:])
    except ExplorerError as error:
        problem = str(error)
    except Exception as error:  # the libraries let errors of many others through
        problem = _sentence(name, error)
    if problem:
        print(json.dumps({"error": problem}), file=lines, flush=True)
    return int(bool(problem))


def fetch(name: HubName, tally: Tally, revision: str = "") -> HubRecord:
    """Fetch the latest commit of a data set, or the given one, unless that is noted as fetched; and note it.

    Raises:
        ExplorerError: it has no images, or its card asks for what is not its own.
    """
    api = HfApi(library_name="image-density-explorer")
    latest = revision or str(api.dataset_info(name.repo, timeout=_ANSWER_SECONDS).sha)
    known = read_record(name)
    if not revision and known is not None and known.revision == latest:
        write_record(known)  # asked just now
        return known
    sizes = {
        entry.path: entry.size
        for entry in api.list_repo_tree(name.repo, recursive=True, revision=latest, repo_type="dataset")
        if hasattr(entry, "size")
    }
    _check_card(api, name, latest, sizes)
    record = HubRecord(spec=name.spec, revision=latest, splits=_splits(name, latest, sizes))
    _download(api, name, record, sizes, tally)
    write_record(record)
    return record


def _check_card(api: HfApi, name: HubName, revision: str, sizes: dict[str, int]) -> None:
    """Refuse a card that names files elsewhere, and say which configurations there are."""
    configs: list[dict[str, Any]] = []
    if _SECOND_CARD in sizes or sizes.get(_CARD, 0) > _LARGEST_CARD:
        raise ExplorerError(f"The card of {name.spec} cannot be read. Choose another data set.")
    if _CARD in sizes:
        content = metadata_load(api.hf_hub_download(name.repo, _CARD, revision=revision, repo_type="dataset"))
        listed = content.get("configs") if isinstance(content, dict) else None
        configs += [config for config in listed or () if isinstance(config, dict)]
    for config in configs:
        for pattern in _texts([config.get("data_files"), config.get("data_dir")]):
            elsewhere = pattern.startswith(("/", "~")) or ".." in pattern.split("/")
            if elsewhere or any(mark in pattern for mark in (":/", "::", "\\")):
                raise ExplorerError(
                    f"The card of {name.spec} names files outside the data set ({pattern[:100]!r}). "
                    "The data set was not opened."
                )
    names = [str(config.get("config_name")) for config in configs]
    choices = ", ".join(f"{name._replace(config=config).spec}" for config in names[:20])
    if name.config and name.config not in (names or ["default"]):
        known = f"It has {choices}." if names else f"It has only one: {name._replace(config='').spec}."
        raise ExplorerError(f"There is no configuration {name.config!r} of {name._replace(config='').spec}. {known}")
    has_default = len(names) < 2 or "default" in names or any(config.get("default") for config in configs)
    if not name.config and not has_default:
        raise ExplorerError(f"{name.spec} has several configurations. Name one of them: {choices}.")


def _texts(content: object) -> Iterable[str]:
    """All texts in lists and dictionaries, each of which is looked at once, however often it is repeated."""
    pending, seen = [content], set()
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, (list, tuple, dict)) and id(item) not in seen:
            seen.add(id(item))
            pending += item.values() if isinstance(item, dict) else item


def _splits(name: HubName, revision: str, sizes: dict[str, int]) -> dict[str, list[str]]:
    """Name of each split -> its files, as `datasets` takes them apart."""
    import datasets  # takes a second to import

    try:
        # With the protocol, or a folder of that name here would be opened.
        builder = datasets.load_dataset_builder(f"hf://datasets/{name.repo}", name.config or None, revision=revision)
    except (datasets.exceptions.DataFilesNotFoundError, datasets.data_files.EmptyDatasetError) as error:
        raise ExplorerError(_without_images(name, sizes)) from error
    prefix = f"hf://datasets/{name.repo}@{revision}/"
    found = {
        str(split): [file.removeprefix(prefix) for file in files if file.removeprefix(prefix) in sizes]
        for split, files in (builder.config.data_files or {}).items()
    }
    if builder.info.features is not None:
        find_columns(builder.info.features.arrow_schema, name.spec)
    for kind in KINDS:
        splits = {split: [file for file in files if file.lower().endswith(kind)] for split, files in found.items()}
        if any(splits.values()):
            return {split: files for split, files in splits.items() if files}
    raise ExplorerError(_without_images(name, sizes))


def _without_images(name: HubName, sizes: dict[str, int]) -> str:
    suffixes = sorted({Path(file).suffix.lower() for file in sizes if not file.startswith(".")} - {"", ".md"})
    return (
        f"{name.spec} has no images that can be opened (its files are {', '.join(suffixes[:8]) or 'none'}). "
        "Choose a data set of Parquet, Arrow, WebDataset or image files."
    )


def _download(api: HfApi, name: HubName, record: HubRecord, sizes: dict[str, int], tally: Tally) -> None:
    class Bar:
        """What `huggingface_hub` takes for a bar of `tqdm`: it counts, and draws nothing."""

        def __init__(self, total: int | None = None, initial: int = 0, **_: object) -> None:
            self.total, self.n = total, 0
            self.update(initial)

        def update(self, count: float | None = 1) -> None:
            self.n += int(count or 0)
            tally.add(int(count or 0))

        def update_transfer(self, *_: object) -> None:
            """Bytes on the wire, which are counted when they are on the disk."""

        def ignore(self, *_: object, **__: object) -> None:
            """Nothing is drawn."""

        set_postfix_str = set_transfer_postfix_str = set_description = refresh = close = ignore

        def __enter__(self) -> Bar:
            return self

        def __exit__(self, *_: object) -> None:
            """Nothing is open."""

    def get(file: str) -> Path:
        path = api.hf_hub_download(
            name.repo,
            file,
            revision=record.revision,
            repo_type="dataset",
            tqdm_class=Bar,
        )
        return Path(path)

    folder = snapshot(name, record.revision)
    missing = [file for file in record.files if not (folder / file).is_file()]
    tally.total = sum(sizes[file] for file in missing)
    _check_space(name, tally.total)
    if record.files[0] in missing:
        first, *missing = missing
        get(first)
    if record.files[0].lower().endswith(".parquet"):
        _check_columns(folder / record.files[0], name)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        futures = [pool.submit(get, file) for file in missing]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _check_columns(path: Path, name: HubName) -> None:
    try:
        find_columns(pq.read_schema(path), name.spec)
    except (pa.ArrowException, OSError) as error:
        raise ExplorerError(f"{name.spec} is damaged or not a Parquet file ({in_brief(error)}).") from error


def _check_space(name: HubName, needed: int) -> None:
    place = Path(constants.HF_HUB_CACHE)
    while not place.exists() and place != place.parent:
        place = place.parent
    free = shutil.disk_usage(place).free
    if needed > free:
        raise ExplorerError(
            f"{name.spec} needs {needed / 1e9:,.1f} GB, and {constants.HF_HUB_CACHE} has {free / 1e9:,.1f} GB left. "
            "Free some space, or set HF_HOME to a folder on another disk."
        )


def _sentence(name: HubName, error: Exception) -> str:
    """What is wrong, and what to do."""
    page = f"{constants.ENDPOINT}/datasets/{name.repo}"
    access = "log in with `hf auth login` or set HF_TOKEN"
    if isinstance(error, OfflineModeIsEnabled):
        return f"{name.spec} has not been fetched yet, and HF_HUB_OFFLINE is set. Unset it to fetch the data set."
    if isinstance(error, GatedRepoError):
        return f"{name.spec} is gated. Ask for access at {page}, then {access}."
    if isinstance(error, RepositoryNotFoundError):
        return f"The Hub has no data set {name.spec}, or it is private. Check the name; for a private one, {access}."
    status = error.response.status_code if isinstance(error, HfHubHTTPError) and error.response is not None else 0
    if status in (401, 403):
        return f"You may not read {name.spec}. Look at {page}, then {access}."
    if status:
        return f"The Hub does not give {name.spec} (HTTP status {status}). Try again later."
    if isinstance(error, (httpx2.TransportError, ConnectionError, TimeoutError)):
        return f"The Hub cannot be reached, and {name.spec} has not been fetched yet. Check the network and try again."
    if isinstance(error, OSError) and error.errno:
        return f"{name.spec} cannot be kept in {constants.HF_HUB_CACHE} ({error.strerror}). Free some space there."
    return f"{name.spec} cannot be fetched ({in_brief(error)}). Choose another data set."


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))  # without waiting for the downloads that were begun
