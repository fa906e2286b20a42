"""What all browser sessions share: models, stores and catalogs, each loaded once a process.

Everything is cached by content. A checkpoint, a store or a catalog that changes on disk has another key and is read
again; nothing depends on who asked first.

A model may be used by many threads at once: its parameters are frozen, a forward pass writes to no attribute, and the
backward pass of `EnergyModel.derivatives` asks for gradients with respect to its own inputs only, so it accumulates
into nothing that is shared. What must be fast goes through `infer` all the same: every rerun of a page is a new thread,
and a new thread makes torch start new helper threads, which costs more than a small batch itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, ParamSpec, TypeVar

import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator

from explorer.catalog.build import find_catalog
from explorer.catalog.query import Catalog
from explorer.data.names import dataset_name
from explorer.data.sources import Split, StorePlace, open_dataset, store_place
from explorer.data.store import Store
from explorer.data.views import CENTRAL, Views
from explorer.errors import ExplorerError
from explorer.escaping import in_markdown
from explorer.home import FileVersion, file_version
from explorer.models.checkpoints import Checkpoint, load_checkpoint

__all__ = [
    "catalog",
    "checkpoint",
    "infer",
    "known_store",
    "show_fetching",
    "shown_errors",
    "store",
]

_LISTING_SHARE = 20.0  # so that at most a twentieth of the time goes into listing files

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in the folder `path`, frozen and ready on this machine's device.

    Raises:
        ExplorerError: it is missing or damaged.
    """
    torch.set_flush_denormal(True)  # a property of the thread: of this one, which may use the model
    return _checkpoint(_Folder(path, _stamp(path)))


class _Folder(NamedTuple):
    """A folder, and what tells its content from another one: the versions of its files."""

    path: Path
    stamp: tuple[FileVersion, ...]


@st.cache_resource(
    show_spinner="Loading the model…",
    max_entries=8,
    hash_funcs={_Folder: lambda folder: (str(folder.path), folder.stamp)},
)
def _checkpoint(folder: _Folder) -> Checkpoint:
    return load_checkpoint(folder.path)


def infer(function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
    """Call `function`, a short piece of work of a model, on the one thread that is kept warm for it."""
    return _worker().submit(function, *args, **kwargs).result()


@st.cache_resource
def _worker() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "inference", initializer=torch.set_flush_denormal, initargs=(True,))


def store(dataset: str, image_shape: tuple[int, int, int], split: Split, views: Views = CENTRAL) -> Store:
    """The images of a data set at a model's size; built on first use, with a progress bar.

    To list a folder of a million files takes seconds. Whether its files have changed is asked again when
    `_LISTING_SHARE` times as long as the last time has passed: at once for most, after minutes for such a one.

    Raises:
        ExplorerError: the data set is missing, empty or damaged.
    """
    key = (dataset, image_shape, split, views)
    known = _listings().get(key)
    if known is not None and time.monotonic() < known.until:
        with suppress(ExplorerError):
            return known.place.open()
    bar = st.empty()
    began, is_built = time.monotonic(), False

    def progress(done: int, total: int | None) -> None:
        nonlocal is_built
        is_built = True
        if total:
            what = f"Preparing the images of {dataset_name(dataset)}: {done:,} of {total:,}"
            bar.progress(min(done / total, 1.0), in_markdown(what))

    def fetching(done: int, total: int | None) -> None:
        nonlocal is_built
        is_built = True
        show_fetching(bar, dataset, done, total)

    def waiting(who: str, done: int, total: int | None) -> None:
        nonlocal is_built
        is_built = True
        share = min(done / total, 1.0) if total else 0.0
        bar.progress(share, f"Waiting for {who}, which prepares the images of {dataset_name(dataset)}")

    try:
        images = open_dataset(
            dataset, image_shape, split, progress=progress, views=views, fetching=fetching, waiting=waiting
        )
    finally:
        bar.empty()
    now = time.monotonic()
    _listings()[key] = _Listing(
        StorePlace(images.folder, images.left_out), now if is_built else now + _LISTING_SHARE * (now - began)
    )
    return images


def show_fetching(bar: DeltaGenerator, dataset: str, done: int, total: int | None) -> None:
    """Show on a bar how far the fetching of a data set of the Hub is, in bytes."""
    size = "…" if total is None else f": {done / 1e6:,.1f} of {total / 1e6:,.1f} MB"
    what = f"Fetching {dataset} from the Hugging Face Hub{size}"
    bar.progress(min(done / total, 1.0) if total else 0.0, in_markdown(what))


def known_store(dataset: str, image_shape: tuple[int, int, int], split: Split, views: Views = CENTRAL) -> Store | None:
    """The images of a data set at a model's size if they were prepared before; nothing is built."""
    key = (dataset, image_shape, split, views)
    known, began = _listings().get(key), time.monotonic()
    with suppress(ExplorerError):
        if known is None or began >= known.until:
            place = store_place(dataset, image_shape, split, views)
            now = time.monotonic()
            known = _listings()[key] = _Listing(place, now + _LISTING_SHARE * (now - began))
        return known.place.open()
    return None


class _Listing(NamedTuple):
    """Where the images of a data set are or will be, and until when its files are taken to be as they were."""

    place: StorePlace
    until: float


@st.cache_resource
def _listings() -> dict[tuple[str, tuple[int, int, int], str, Views], _Listing]:
    return {}


def catalog(model: Checkpoint, images: Store) -> Catalog | None:
    """The catalog of a store scored by a model; None when it was not built yet."""
    return find_catalog(model, images.fingerprint)


@contextmanager
def shown_errors() -> Iterator[None]:
    """Show an `ExplorerError` as a sentence in place of the result; the page goes on after the block."""
    try:
        yield
    except ExplorerError as error:
        st.error(in_markdown(str(error)), icon=":material/error:")


def _stamp(path: Path) -> tuple[FileVersion, ...]:
    """The versions of the files that make a checkpoint: cheap, and another one after any change."""
    files = (path / name for name in ("config.json", "model.safetensors"))
    return tuple(file_version(file) for file in files if file.is_file())
