"""Data sets by name: every source becomes a `Store` at the size that a model asks for.

A data set is named by its `spec`: a built-in one (`explorer.data.names.BUILTIN`), or the path of

- a folder of images (labels are the subfolders' names),
- a ``.npy`` or ``.npz`` file,
- a folder of the downsampled ImageNet files (``train_data_batch_1`` ... ``val_data``), or one of them,
- a Parquet or Arrow file, a WebDataset archive, or a folder of such files,
- a folder that ``datasets.save_to_disk`` wrote;

or by ``hf:OWNER/NAME`` or ``hf:OWNER/NAME:CONFIG``, its id on the Hugging Face Hub (see `explorer.data.hub`).

**Splits.** `explorer.data.splits` says which images are for training and which for validation, `Store.division` what it
said.

**Views.** A training set of larger pictures can hold several views of each (`explorer.data.views`). The split is one of
pictures: views of one are never in both parts.

A store is built once for a source, size, split, limit and views, under ``stores`` in the data folder; a build that was
killed resumes where it stopped. Its name has a digest of path, sizes and times of the files, so that changed files give
a new store; for a data set of the Hub, of its commit. One of these times nobody can set: it tells a file from another
one of the same size and date in its place. It is also another one after files were moved, copied, or got other
permissions: their images are then prepared again. Catalogs are named by the images themselves, and stay.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from explorer.data.arrays import array_file
from explorer.data.building import write_store
from explorer.data.builtin import digits, photos
from explorer.data.chosen_scales import chosen_scale
from explorer.data.drawn import c_alpha, disks
from explorer.data.folders import image_folder
from explorer.data.hub import hub_images, hub_record
from explorer.data.hub_records import HubRecord, read_record
from explorer.data.huggingface import is_saved_to_disk, saved_to_disk
from explorer.data.imagenet import downsampled_imagenet, imagenet_files, is_imagenet_file
from explorer.data.leaves import leaves
from explorer.data.left_out import OTHER_KINDS
from explorer.data.listing import Listing, hub_snapshot, hub_title, images_among, list_files, name_in
from explorer.data.metadata import TABLE_SUFFIXES
from explorer.data.names import BUILTIN, is_hub_spec, parse_hub_spec
from explorer.data.parts import Division
from explorer.data.readers import READERS
from explorer.data.reading import ImageSet
from explorer.data.splits import Split, choose
from explorer.data.store import Sample, Store, open_store, verify_store
from explorer.data.views import CENTRAL, Views
from explorer.decoding import FORMATS_IN_WORDS, SUFFIXES
from explorer.errors import ExplorerError
from explorer.home import data_home, subfolder, typed_path
from explorer.images import ImageShape, check_image_shape
from explorer.progress import Progress, Waiting

__all__ = [
    "Split",
    "absolute_spec",
    "is_data_file",
    "open_dataset",
    "read_dataset",
    "store_place",
    "verify_dataset",
]

_ARRAY_SUFFIXES = (".npy", ".npz")
_FILE_SUFFIXES = (*_ARRAY_SUFFIXES, *READERS)
_DATA_SUFFIXES = (*_FILE_SUFFIXES, *SUFFIXES)
_BUILD_VERSION = "4"  # part of every digest: raise it when the same files give other stores


class StorePlace(NamedTuple):
    """Where the store of a data set is or will be.

    Attributes:
        folder: of the store.
        left_out: what is left out of the data set's own folder now, in words; empty where nothing is.
    """

    folder: Path
    left_out: str = ""

    def open(self) -> Store:
        """The store.

        Raises:
            ExplorerError: it was not built yet, or is damaged.
        """
        return replace(open_store(self.folder), left_out=self.left_out)


def absolute_spec(spec: str) -> str:
    """The same data set, named so that it is found from any folder; what is not a path stays as it is.

    Raises:
        ExplorerError: it should be one of the Hub, but its id breaks the rules; or it is in a home folder that there
            is not.
    """
    if is_hub_spec(spec):
        return parse_hub_spec(spec).spec
    return spec if spec in BUILTIN else str(typed_path(spec).absolute())


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
    subfolder("stores")
    wanted = _find(spec, hub_record(parse_hub_spec(spec), fetching) if is_hub_spec(spec) else None, image_shape, views)
    place = wanted.place(split, limit)
    folder = place.folder
    if folder.is_dir():
        try:
            return place.open()
        except ExplorerError:
            pass  # damaged: it is built again, and `write_store` replaces it
    images, numbers, division = wanted.open(split, limit, fetching)
    write_store(
        folder,
        images.title,
        lambda done: wanted.read(images, numbers, done),
        wanted.image_shape,
        len(numbers) * wanted.views.count,
        progress,
        images.label_names,
        absolute_spec(spec),
        wanted.views,
        images.notes,
        division,
        waiting,
    )
    return place.open()


def read_dataset(
    spec: str, image_shape: ImageShape, split: Split = "validation", views: Views = CENTRAL
) -> tuple[ImageSet, Iterator[Sample]]:
    """The images of a data set on this machine one by one, and the set that they are of; no store is built.

    Args:
        spec, image_shape, split, views: as for `open_dataset`.

    Raises:
        ExplorerError: as `open_dataset`.
    """
    wanted = _find(spec, None, image_shape, views)
    images, numbers, _ = wanted.open(split, None, None)
    return images, wanted.read(images, numbers, 0)


def verify_dataset(
    spec: str,
    image_shape: ImageShape,
    split: Split = "validation",
    progress: Progress | None = None,
    views: Views = CENTRAL,
    fetching: Progress | None = None,
    waiting: Waiting | None = None,
) -> Store:
    """Open a data set as `open_dataset` does, then read its store and its files again, and compare.

    Raises:
        ExplorerError: as `open_dataset`; or the store is damaged, or is not what the files hold.
    """
    store = open_dataset(spec, image_shape, split, None, progress, views, fetching, waiting)
    verify_store(store)
    wanted = _find(spec, read_record(parse_hub_spec(spec)) if is_hub_spec(spec) else None, image_shape, views)
    images, numbers, _ = wanted.open(split, None, fetching)
    report, total = progress or (lambda _done, _total: None), len(store)
    kept, differ = 0, list[str]()
    for sample in wanted.read(images, numbers, 0):
        if sample.pixels is None:
            continue
        is_same = kept < total and sample.label == store.labels[kept] and (sample.pixels == store.pixels[kept]).all()
        if not is_same:
            differ.append(sample.name)
        kept += 1
        report(min(kept, total), total)
    if differ or kept != total:
        count, first = len(differ) + max(0, total - kept), f", the first is {differ[0]}" if differ else ""
        raise ExplorerError(
            f"The images in {store.folder} are not those of {images.title}: {count:,} of {total:,} differ{first}. "
            "Remove that folder, and they are prepared again."
        )
    return store


def store_place(spec: str, image_shape: ImageShape, split: Split = "validation", views: Views = CENTRAL) -> StorePlace:
    """Where `open_dataset` keeps the store of a whole data set, whether it was built or not.

    Raises:
        ExplorerError: there is no such data set, one of the Hub was never fetched, or the shape is not that of a square
            image.
    """
    fetched = read_record(parse_hub_spec(spec)) if is_hub_spec(spec) else None
    if is_hub_spec(spec) and fetched is None:
        raise ExplorerError(f"{spec} has not been fetched yet.")
    return _find(spec, fetched, image_shape, views).place(split, None)


class _Wanted(NamedTuple):
    """A data set at a model's size.

    Attributes:
        spec: see the module's docstring.
        fetched: what is known of one of the Hub.
        path, listing: of one on this machine.
        image_shape, views: see `open_dataset`.
    """

    spec: str
    fetched: HubRecord | None
    path: Path | None
    listing: Listing
    image_shape: ImageShape
    views: Views

    def place(self, split: Split, limit: int | None) -> StorePlace:
        """Where its store is, or will be. Another commit of one of the Hub has another store."""
        named = f"{self.spec} {self.fetched.revision}" if self.fetched else self.spec
        where = named if self.path is None else str(self.path)
        digest = hashlib.sha256(repr((_BUILD_VERSION, where, self.image_shape, split, limit, self.views)).encode())
        for file in (*self.listing.files, *self.listing.tables):
            digest.update(_as_it_is(file))
        title = _slug(named if self.path is None else self.path.stem)
        size = "x".join(map(str, self.image_shape))
        folder = data_home() / "stores" / f"{title}-{size}-{split}-{digest.hexdigest()[:12]}"
        return StorePlace(folder, self.listing.left_out.sentence)

    def open(
        self, split: Split, limit: int | None, fetching: Progress | None
    ) -> tuple[ImageSet, Sequence[int], Division]:
        """Its images, the numbers of those that are wanted, and how the set is divided."""
        if self.fetched is None:
            images = _open_source(self.spec, self.path, self.listing, split, self.image_shape, self.views)
            images = replace(images, title=(self.path and hub_title(self.path)) or images.title)
        else:
            images = hub_images(self.fetched, split, fetching)
        return images, *choose(images, split, limit)

    def read(self, images: ImageSet, numbers: Sequence[int], done: int) -> Iterator[Sample]:
        """The samples that follow the first `done`."""
        pictures, of_the_next = divmod(done, self.views.count)
        return islice(images.read(numbers[pictures:], self.image_shape, self.views), of_the_next, None)


def _find(spec: str, fetched: HubRecord | None, image_shape: ImageShape, views: Views) -> _Wanted:
    image_shape = check_image_shape(image_shape)
    path = None if fetched or spec in BUILTIN else hub_snapshot(Path(absolute_spec(spec)))
    listing = Listing() if path is None else _files_of(path)
    views = CENTRAL if spec in BUILTIN else replace(views, scale=chosen_scale(absolute_spec(spec)))
    return _Wanted(spec, fetched, path, listing, image_shape, views)


def _open_source(
    spec: str, path: Path | None, listing: Listing, split: Split, image_shape: ImageShape, views: Views
) -> ImageSet:
    if path is None:
        return _builtin(spec, split, image_shape)
    files = listing.files
    if is_imagenet_file(files[0]):
        return downsampled_imagenet(path.name.removesuffix(".npz"), files, split)
    if path.is_file() and path.suffix.lower() in _ARRAY_SUFFIXES:
        return array_file(path, split, views.scale)
    if path.is_dir() and is_saved_to_disk(path):
        return saved_to_disk(path, split)
    suffix = files[0].suffix.lower()
    if suffix in READERS:
        return READERS[suffix](path.name, files, split)
    return image_folder(path, split, files, listing.behind_links, listing.tables)


def _builtin(spec: str, split: Split, image_shape: ImageShape) -> ImageSet:
    match spec:
        case "digits":
            return digits()
        case "leaves":
            return leaves(split)
        case "disks":
            return disks(split)
        case "c-alpha":
            return c_alpha(split)
        case _:
            return photos(split, image_shape)


def _files_of(path: Path) -> Listing:
    """The files that make up the data set at a path, all of one kind, and what is left out of it."""
    if path.is_file():
        if is_data_file(path):
            return Listing([path])
        raise ExplorerError(
            f"{path.name} is not a data set. Use a folder, or a .npy, .npz, .parquet, .arrow or .tar file."
        )
    if not path.is_dir():
        raise ExplorerError(
            f"There is no data set {path}. Use {', '.join(map(repr, BUILTIN))}, the path of a folder or file, or "
            "hf:OWNER/NAME."
        )
    released = imagenet_files(path)
    if released:
        return Listing(released)
    listing = list_files(path)
    files = (
        _with_suffix(listing.files, ".arrow")
        or _with_suffix(listing.files, ".parquet")
        or images_among(listing.files)[0]
        or _with_suffix(listing.files, ".tar")
    )
    used = set(files)
    others = [file for file in listing.files if file not in used]
    tables: list[Path] = []
    if files and files[0].suffix.lower() in READERS:  # beside them there are cards and the like
        others = [file for file in others if file.suffix.lower() in _DATA_SUFFIXES]
    elif files:
        tables = [file for file in others if file.suffix.lower() in TABLE_SUFFIXES]
        others = [file for file in others if file.suffix.lower() not in TABLE_SUFFIXES]
    listing.left_out.add(OTHER_KINDS, (name_in(file, path) for file in others))
    if not files:
        raise ExplorerError(
            f"{path} has no images. Put {FORMATS_IN_WORDS} files into it, or Parquet files. "
            f"{listing.left_out.sentence}".rstrip()
        )
    return replace(listing, files=files, tables=tables)


def _with_suffix(files: Sequence[Path], suffix: str) -> list[Path]:
    return [file for file in files if file.suffix.lower() == suffix]


def is_data_file(path: Path) -> bool:
    """Whether a file is a data set by its name."""
    return path.suffix.lower() in _FILE_SUFFIXES or is_imagenet_file(path)


def _as_it_is(file: Path) -> bytes:
    """Path, size and times of a file, for a digest; nothing where it has gone since it was listed."""
    try:
        status = file.stat()
    except OSError:
        return b""
    times = f"{status.st_mtime_ns}\0{status.st_ctime_ns}"
    return f"{file}\0{status.st_size}\0{times}\n".encode("utf-8", "surrogateescape")


def _slug(title: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", title).strip("-")[:40].lower() or "images"
