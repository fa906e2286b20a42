"""Data sets by name: every source becomes a `Store` at the size that a model asks for.

A data set is named by its `spec`: ``"digits"``, ``"photos"``, ``"leaves"``, or the path of

- a folder of images (labels are the subfolders' names),
- a ``.npy`` or ``.npz`` file,
- a folder of the downsampled ImageNet files (``train_data_batch_1`` ... ``val_data``), or one of them,
- a Parquet file, or a folder of Parquet files,
- a folder that ``datasets.save_to_disk`` wrote, or one of Arrow files or WebDataset archives;

or by ``hf:OWNER/NAME`` or ``hf:OWNER/NAME:CONFIG``, its id on the Hugging Face Hub (see `explorer.data.hub`).

**Splits.** A source that says which images are for training and which for validation is believed. Of any other, a tenth
is for validation: the images whose numbers have the smallest SHA-256. Sets of fewer than `SMALLEST_SPLIT` images are
not split: both parts hold all of them.

**Views.** A training set of larger pictures can hold several views of each (`explorer.data.views`). The split is one of
pictures: views of one are never in both parts.

A store is built once for a source, size, split, limit and views, under ``stores`` in the data folder; a build that was
killed resumes where it stopped. Its name has a digest of path, sizes and times of change of the files, so that changed
files give a new store; for a data set of the Hub, of its commit.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from explorer.data.arrays import array_file
from explorer.data.building import write_store
from explorer.data.builtin import digits, photos
from explorer.data.folders import files_below, image_folder
from explorer.data.hub import hub_images, hub_record
from explorer.data.hub_records import HubRecord, fetched_specs, read_record
from explorer.data.huggingface import READERS, is_saved_to_disk, loaded_files, saved_to_disk
from explorer.data.imagenet import downsampled_imagenet, imagenet_files, is_imagenet_file
from explorer.data.leaves import leaves
from explorer.data.names import is_hub_spec, parse_hub_spec
from explorer.data.reading import ImageSet
from explorer.data.store import Sample, Store, open_store
from explorer.data.tables import parquet_files
from explorer.data.views import CENTRAL, Views
from explorer.decoding import SUFFIXES
from explorer.errors import ExplorerError
from explorer.home import data_home, dataset_folders, subfolder, typed_path
from explorer.images import ImageShape, check_image_shape
from explorer.progress import Progress, Waiting

__all__ = ["SMALLEST_SPLIT", "DatasetInfo", "Split", "absolute_spec", "list_datasets", "open_dataset", "store_folder"]

Split = Literal["train", "validation", "all"]

SMALLEST_SPLIT = 50

_BUILTIN = {"photos": "Photographs", "leaves": "Dead leaves", "digits": "Digits"}
_ARRAY_SUFFIXES = (".npy", ".npz")
_FILE_SUFFIXES = (*_ARRAY_SUFFIXES, ".parquet")
_BUILD_VERSION = "3"  # part of every digest: raise it when the same files give other stores


class DatasetInfo(NamedTuple):
    """A data set that can be offered.

    Attributes:
        spec: what `open_dataset` takes.
        title: what people call it.
        builtin: whether it comes with the libraries.
    """

    spec: str
    title: str
    builtin: bool


def list_datasets() -> list[DatasetInfo]:
    """The built-in sets, then the entries of the configured folders (`explorer.home.dataset_folders`), by name, then
    what was fetched from the Hub."""
    found = [DatasetInfo(spec, title, True) for spec, title in _BUILTIN.items()]
    for folder in dataset_folders():
        try:
            entries = sorted(folder.iterdir())
        except OSError:  # not there, or not ours to read
            continue
        for entry in entries:
            if not entry.name.startswith(".") and (entry.is_dir() or _is_data_file(entry)):
                found.append(DatasetInfo(str(entry), entry.stem if entry.is_file() else entry.name, False))
    return found + [DatasetInfo(spec, spec, False) for spec in fetched_specs()]


def absolute_spec(spec: str) -> str:
    """The same data set, named so that it is found from any folder; what is not a path stays as it is.

    Raises:
        ExplorerError: it should be one of the Hub, but its id breaks the rules; or it is in a home folder that there
            is not.
    """
    if is_hub_spec(spec):
        return parse_hub_spec(spec).spec
    return spec if spec in _BUILTIN else str(typed_path(spec).absolute())


def open_dataset(
    spec: str,
    image_shape: ImageShape,
    split: Split = "validation",
    limit: int | None = None,
    progress: Progress | None = None,
    views: Views = CENTRAL,
    fetching: Progress | None = None,
    waiting: Waiting | None = None,
) -> Store:
    """The images of a data set at a model's size, built on the first call and opened on later ones.

    Args:
        spec: see the module's docstring.
        image_shape: ``(C, H, W)`` of the model. Images become its largest middle square, as `to_square` says.
        split: ``"train"``, ``"validation"``, or ``"all"`` for both.
        limit: at most this many images, evenly spaced over the split; all when None.
        progress: called with the number of images done and their total.
        views: of each picture; built-in sets, which are made at the requested size, have one.
        fetching: called with the bytes fetched and their total, for a data set of the Hub that is not here yet.
        waiting: called in place of `progress` while another process prepares the same images.

    Raises:
        ExplorerError: there is no such data set, it cannot be fetched, it has no image that can be read, the shape is
            not that of a square image, or the store cannot be written.
    """
    if limit is not None and limit < 1:
        raise ExplorerError(f"The limit is {limit} images. Choose 1 or more.")
    image_shape = check_image_shape(image_shape)
    fetched = hub_record(parse_hub_spec(spec), fetching) if is_hub_spec(spec) else None
    path = None if fetched or spec in _BUILTIN else Path(absolute_spec(spec))
    files = [] if path is None else _files_of(path)
    if spec in _BUILTIN:
        views = CENTRAL
    folder = subfolder("stores") / _store_name(_named(spec, fetched), path, files, image_shape, split, limit, views)
    if folder.is_dir():
        try:
            return open_store(folder)
        except ExplorerError:
            pass  # damaged: it is built again, and `write_store` replaces it
    if fetched is None:
        images = _open_source(spec, path, files, split, image_shape)
    else:
        images = hub_images(fetched, split, fetching)
    numbers = _choose(images, split, limit)

    def read(done: int) -> Iterator[Sample]:
        pictures, of_the_next = divmod(done, views.count)
        return islice(images.read(numbers[pictures:], image_shape, views), of_the_next, None)

    return write_store(
        folder,
        images.title,
        read,
        image_shape,
        len(numbers) * views.count,
        progress,
        images.label_names,
        absolute_spec(spec),
        views,
        waiting,
    )


def store_folder(spec: str, image_shape: ImageShape, split: Split = "validation", views: Views = CENTRAL) -> Path:
    """Where `open_dataset` keeps the store of a whole data set, whether it was built or not.

    Raises:
        ExplorerError: there is no such data set, one of the Hub was never fetched, or the shape is not that of a square
            image.
    """
    fetched = read_record(parse_hub_spec(spec)) if is_hub_spec(spec) else None
    if is_hub_spec(spec) and fetched is None:
        raise ExplorerError(f"{spec} has not been fetched yet.")
    path = None if fetched or spec in _BUILTIN else Path(absolute_spec(spec))
    files = [] if path is None else _files_of(path)
    if spec in _BUILTIN:
        views = CENTRAL
    name = _store_name(_named(spec, fetched), path, files, check_image_shape(image_shape), split, None, views)
    return data_home() / "stores" / name


def _named(spec: str, fetched: HubRecord | None) -> str:
    """The name of a data set; of one of the Hub also its commit, so that another one gives another store."""
    return f"{spec} {fetched.revision}" if fetched else spec


def _open_source(spec: str, path: Path | None, files: list[Path], split: Split, image_shape: ImageShape) -> ImageSet:
    if path is None:
        return digits() if spec == "digits" else leaves(split) if spec == "leaves" else photos(split, image_shape)
    if is_imagenet_file(files[0]):
        return downsampled_imagenet(path.name.removesuffix(".npz"), files, split)
    if path.is_file():
        return array_file(path) if path.suffix.lower() in _ARRAY_SUFFIXES else parquet_files(path.name, files, split)
    if is_saved_to_disk(path):
        return saved_to_disk(path, split)
    suffix = files[0].suffix.lower()
    if suffix == ".parquet":
        return parquet_files(path.name, files, split)
    if suffix in READERS:
        return loaded_files(path.name, files, split)
    return image_folder(path, split, files)


def _files_of(path: Path) -> list[Path]:
    """The files that make up the data set at a path, all of one kind."""
    if path.is_file():
        if _is_data_file(path):
            return [path]
        raise ExplorerError(f"{path.name} is not a data set. Use a folder, or a .npy, .npz or .parquet file.")
    if not path.is_dir():
        raise ExplorerError(
            f"There is no data set {path}. Use 'digits', 'photos', 'leaves', the path of a folder or file, or "
            "hf:OWNER/NAME."
        )
    released = imagenet_files(path)
    if released:
        return released
    found = files_below(path, (".parquet", *READERS, *SUFFIXES))
    for suffixes in ((".arrow",), (".parquet",), SUFFIXES, (".tar",)):
        files = [file for file in found if file.suffix.lower() in suffixes]
        if files:
            return files
    raise ExplorerError(f"{path} has no images. Put PNG, JPEG, WebP, GIF, TIFF or BMP files into it, or Parquet files.")


def _is_data_file(path: Path) -> bool:
    return path.suffix.lower() in _FILE_SUFFIXES or is_imagenet_file(path)


def _store_name(
    spec: str,
    path: Path | None,
    files: Sequence[Path],
    image_shape: ImageShape,
    split: Split,
    limit: int | None,
    views: Views,
) -> str:
    title = spec if path is None else path.stem
    digest = hashlib.sha256(
        repr((_BUILD_VERSION, spec if path is None else str(path), image_shape, split, limit, views)).encode()
    )
    for file in files:
        try:
            status = file.stat()
        except OSError:
            continue  # gone since it was listed: reading will skip it
        digest.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    size = "x".join(str(n) for n in image_shape)
    return f"{_slug(title)}-{size}-{split}-{digest.hexdigest()[:12]}"


def _slug(title: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", title).strip("-")[:40].lower() or "images"


def _choose(images: ImageSet, split: Split, limit: int | None) -> Sequence[int]:
    """The numbers of the images of a split, evenly thinned to the limit; increasing."""
    numbers: Sequence[int] = range(images.count)
    if split != "all" and not images.is_split and images.count >= SMALLEST_SPLIT:
        digests = b"".join(hashlib.sha256(b"%d" % number).digest() for number in numbers)
        ranked = np.frombuffer(digests, "S32").argsort(kind="stable")
        held_out = np.zeros(images.count, bool)
        held_out[ranked[: images.count // 10]] = True
        numbers = np.flatnonzero(held_out == (split == "validation")).tolist()
    if limit is not None and limit < len(numbers):
        numbers = [numbers[i * len(numbers) // limit] for i in range(limit)]
    return numbers
