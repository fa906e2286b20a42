"""Data sets of the Hugging Face Hub: fetched once, then opened without a network.

The work is done by `explorer.data.hub_fetch` in a process of its own. That process can be killed at any moment, which
is how fetching stops (the libraries below it have no other way); a download that was interrupted is resumed the next
time. It reads the environment itself: ``HF_ENDPOINT``, ``HF_TOKEN``, ``HF_HUB_OFFLINE`` and the like.

The files lie in Hugging Face's own cache, where ``datasets.load_dataset`` puts and finds them too. What was fetched is
noted in ``hub`` of the data folder, a file for each data set and configuration: its commit and the files of each split.
After an hour the Hub is asked whether there is another commit; if it does not answer, the data set stays as it is.
The commit is a part of a store's name, so that a data set that changed gives a new store.

Only Parquet, Arrow, WebDataset and image files are fetched, and read by the same code as those of a folder: no program
and no pickle that comes with a data set is run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from explorer.data.folders import image_folder
from explorer.data.hub_records import HubRecord, hub_cache, read_record, record_path, snapshot
from explorer.data.names import HubName, parse_hub_spec
from explorer.data.parts import named_parts
from explorer.data.readers import READERS
from explorer.data.reading import ImageSet
from explorer.errors import ExplorerError, in_brief
from explorer.home import child_environment
from explorer.progress import Progress

__all__ = ["hub_images", "hub_record"]

_CHECK_EVERY = 3600.0  # seconds


def hub_record(name: HubName, fetching: Progress | None = None) -> HubRecord:
    """What is known of a data set; it is fetched when it never was, and when the Hub has another commit by now.

    Args:
        name: the data set.
        fetching: called several times a second with the bytes fetched and their total (None while it is not known);
            when it raises, fetching ends.

    Raises:
        ExplorerError: it was never fetched, and cannot be; the sentence says why.
    """
    record = read_record(name)
    if record is None:
        return _fetch(name, fetching)
    if _age(name) < _CHECK_EVERY:
        return record
    try:
        return _fetch(name, fetching)
    except ExplorerError:  # no network, gone, or not ours any more: what was fetched stays
        with suppress(OSError):
            os.utime(record_path(name))  # or each of the next calls would wait for the network
        return record


def hub_images(record: HubRecord, split: str, fetching: Progress | None = None) -> ImageSet:
    """The images of a data set. Files that are not in the cache any more are fetched again.

    Args:
        record: from `hub_record`.
        split: ``"train"``, ``"validation"`` or ``"all"``.
        fetching: as in `hub_record`.

    Raises:
        ExplorerError: the files cannot be fetched, are damaged, or have no column of images.
    """
    name = parse_hub_spec(record.spec)
    folder = snapshot(name, record.revision)
    if not all((folder / file).is_file() for file in record.files):
        record = _fetch(name, fetching, record.revision)
    files = [folder / file for file in record.files]
    split_of = {file: name for name, its in record.splits.items() for file in its}
    parts = named_parts([(split_of[file],) for file in record.files])
    suffix = files[0].suffix.lower()
    if suffix in READERS:
        images = READERS[suffix](record.spec, files, split, parts)
    else:
        root = Path(os.path.commonpath([file.parent for file in files]))
        images = image_folder(root, split, files)  # the names of folders may say what belongs to which part
        if images.division is None and parts is not None:
            wanted = image_folder(root, "all", [files[place] for place in parts.wanted(split)])
            images = replace(wanted, division=parts.division([1] * len(files)))
    return replace(images, title=record.spec)


def _age(name: HubName) -> float:
    """Seconds since the Hub was asked."""
    try:
        return abs(time.time() - record_path(name).stat().st_mtime)
    except OSError:
        return _CHECK_EVERY


def _fetch(name: HubName, fetching: Progress | None, revision: str = "") -> HubRecord:
    """Fetch a data set, or one commit of it, in a process of its own."""
    report = fetching or (lambda _done, _total: None)
    environment = {
        **os.environ,
        **child_environment(),
        "HF_HUB_CACHE": hub_cache(),
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",  # callers show their own
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_UPDATE_DOWNLOAD_COUNTS": "0",
    }
    problem = ""
    with tempfile.TemporaryFile() as log:
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "explorer.data.hub_fetch", name.spec, *filter(None, [revision])],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                start_new_session=True,  # Ctrl-C is for this process, which then ends that one
            )
        except OSError as error:
            raise ExplorerError(
                f"{name.spec} cannot be fetched: no process can be started ({error.strerror})."
            ) from error
        assert process.stdout is not None
        try:
            with process.stdout as lines:
                for line in lines:
                    said = json.loads(line)
                    problem = said.get("error", "")
                    if not problem:
                        report(said["done"], said["total"])
            process.wait()
        except BaseException:  # stopped: the result is not wanted any more
            process.kill()
            process.wait()
            raise
        if problem:
            raise ExplorerError(problem)
        record = read_record(name)
        if process.returncode != 0 or record is None:
            log.seek(0)
            last = (log.read().decode(errors="replace").strip().splitlines() or ["it gave no reason"])[-1]
            raise ExplorerError(f"{name.spec} cannot be fetched ({in_brief(RuntimeError(last))}). Try again.")
    return record
