"""Building a store: in steps that survive a kill, by one process at a time.

A store is written once, in a hidden folder beside its own, which is renamed when the store is whole. A kill at any
moment leaves no half store, and the next call resumes where the killed one stopped. One process builds at a time;
another one that wants the same store waits for it.
"""

from __future__ import annotations

import math
import shlex
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from explorer.data.grid import measure_grid
from explorer.data.partial import JOURNAL, PartialStore, images_on_disk, sync
from explorer.data.parts import Division
from explorer.data.rows import map_array
from explorer.data.store import LABELS, META, PIXELS, Sample, Store, StoreMeta, fingerprint, open_store
from explorer.data.views import CENTRAL, Views
from explorer.decoding import FORMATS_IN_WORDS
from explorer.errors import ExplorerError
from explorer.locks import held
from explorer.progress import Progress, Waiting

__all__ = ["write_store"]

_PROGRESS_EVERY = 64


def write_store(
    folder: Path,
    name: str,
    read: Callable[[int], Iterable[Sample]],
    image_shape: tuple[int, int, int],
    total: int | None = None,
    progress: Progress | None = None,
    label_names: Iterable[str] = (),
    source: str = "",
    views: Views = CENTRAL,
    notes: Iterable[str] = (),
    division: Division | None = None,
    waiting: Waiting | None = None,
) -> Store:
    """Write images into a new store and open it; memory does not grow with the pixels.

    A store that is already there and whole is kept and returned; a damaged one is replaced. A build that was killed or
    interrupted resumes; one that failed is cleared away.

    Args:
        folder: where the store will be; its parent is created.
        name: what people call it.
        read: ``read(done)`` gives the images that follow the first `done`, in an order that is always the same; those
            without pixels are listed as skipped.
        image_shape: ``(C, H, W)`` of every image.
        total: how many images there are, for `progress`.
        progress: called now and then with the number of images done, and at the end; also while another process
            builds the store.
        label_names: name of each label.
        source: where the images come from, for the record.
        views: what `read` makes of each picture; that many images in a row are of one.
        notes: sentences about what was guessed and what was left out.
        division: of the whole data set, for the record.
        waiting: called in place of `progress` while another process builds the store.

    Raises:
        ExplorerError: there is no image, or the disk is full or cannot be written.
        ValueError: an image has another shape or type.
    """
    contents = _Contents(name, read, image_shape, total, list(label_names), source, views, list(notes), division)
    part = folder.with_name(f".{folder.name}.part")
    report = progress or (lambda _done, _total: None)

    def wait_for(who: str) -> None:
        done = images_on_disk(part, image_shape)
        if waiting is None:
            report(done, total)
        else:
            waiting(who, done, total)

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with held(folder.with_name(f".{folder.name}.lock"), "", math.inf, wait_for):
            if not _is_whole(folder):
                _build(part, contents, report)
                shutil.rmtree(folder, ignore_errors=True)  # what is there is damaged
                part.rename(folder)
                (folder / JOURNAL).unlink()
            return open_store(folder)
    except OSError as error:
        raise ExplorerError(
            f"The images cannot be stored in {folder.parent} ({error.strerror or error}). "
            "Free some space or check the permissions."
        ) from error


class _Contents(NamedTuple):
    """What a store shall hold; see `write_store`."""

    name: str
    read: Callable[[int], Iterable[Sample]]
    image_shape: tuple[int, int, int]
    total: int | None
    label_names: list[str]
    source: str
    views: Views
    notes: list[str]
    division: Division | None

    @property
    def digest(self) -> str:
        """What a build that was killed must have in common with the one that resumes it."""
        return f"{self.source} {self.total} {self.views}"


def _is_whole(folder: Path) -> bool:
    try:
        open_store(folder)
    except ExplorerError:
        return False
    return True


def _build(folder: Path, contents: _Contents, report: Progress) -> None:
    """Write the files of a store, or what is missing of them.

    Plain writes, not a memory map: on a full disk a write raises, where a map would kill the process.
    """
    try:
        with PartialStore(folder, contents.image_shape, contents.digest) as part:
            for sample in contents.read(part.done):
                part.append(sample)
                if part.done % _PROGRESS_EVERY == 0:
                    report(part.done, contents.total)
            part.checkpoint()
            _finish(part, contents)
            report(part.done, contents.total)
    except (OSError, ValueError):  # it would fail again, and the space is needed
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _finish(part: PartialStore, contents: _Contents) -> None:
    views = contents.views
    first_views = islice(part.records(), 0, None, views.count)
    skipped = [record.name for record in first_views if record.label is None]
    if not part.kept:
        raise ExplorerError(_nothing_readable(contents.name, skipped, _notes_on_values(part, contents)))
    part.write_count()
    kept = (record.label for record in part.records() if record.label is not None)
    labels = np.fromiter(kept, np.int32, part.kept)
    with open(part.folder / LABELS, "wb") as file:
        np.save(file, labels)
        sync(file)
    shape = (part.kept, *part.image_shape)
    meta = StoreMeta(
        name=contents.name,
        source=contents.source,
        shape=shape,
        fingerprint=fingerprint(part.digest, labels, shape),
        label_names=contents.label_names,
        names=_names(part),
        skipped=skipped,
        grid=measure_grid(map_array(part.folder / PIXELS)),
        views=views.count,
        min_shrink=views.min_shrink,
        small=sum(record.small for record in part.records()) // views.count,
        notes=[*contents.notes, *_notes_on_values(part, contents)],
        division=contents.division,
    )
    with open(part.folder / META, "w", encoding="utf-8") as file:
        file.write(meta.model_dump_json(indent=1))
        sync(file)


def _notes_on_values(part: PartialStore, contents: _Contents) -> list[str]:
    """A sentence for each kind of values that are not the usual bytes, and what to do where some are left out."""
    noted = [record for record in islice(part.records(), 0, None, contents.views.count) if record.note]
    counts = Counter(record.note for record in noted)
    notes = [f"{count:,} {'image holds' if count == 1 else 'images hold'} {note}." for note, count in counts.items()]
    if any(record.label is None for record in noted):
        source, side = shlex.quote(contents.source or "DATA"), contents.image_shape[1]
        notes.append(f"To choose white, run: python -m explorer store {source} --size {side} --white VALUE")
    return notes


def _names(part: PartialStore) -> list[str] | None:
    """The names of the images; None when they say no more than numbers."""
    names = [record.name for record in part.records() if record.label is not None]
    is_numbered = all(name in ("", str(index)) for index, name in enumerate(names))
    return None if is_numbered else names


def _nothing_readable(name: str, skipped: list[str], notes: list[str]) -> str:
    if not skipped:
        return f"{name} has no images. Choose another data set or add images to it."
    files = ", ".join(skipped[:3])
    if notes:  # they say why
        return f"None of the {len(skipped)} images of {name} can be read as they are ({files}). {' '.join(notes)}"
    return f"None of the {len(skipped)} images of {name} can be read ({files}). Use {FORMATS_IN_WORDS}."
