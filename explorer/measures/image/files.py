"""log p and local dimensionality of image files, a row each.

Memory does not grow with the number of files: images are decoded one by one, and scored a few at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from explorer.data.left_out import OTHER_KINDS, TWICE
from explorer.data.listing import Listing, hub_snapshot, images_among, list_files, name_in, without_doubles
from explorer.decoding import FORMATS_IN_WORDS, MAX_UPLOAD_BYTES, Decoded, decode_image
from explorer.errors import ExplorerError
from explorer.measures.image.cut import Cut, Size
from explorer.measures.image.file_rows import Row, rows_of, same_columns
from explorer.models.checkpoints import Checkpoint
from explorer.scales import Scale, UnknownScale, summarize

__all__ = ["Scored", "score_files"]

_BATCH = 64
_BATCH_VALUES = 2**22


@dataclass
class Scored:
    """What became of image files.

    Attributes:
        rows: one for each image that could be read, see `explorer.measures.image.file_rows`.
        problems: a sentence for each that could not.
        notes: sentences about what was assumed, and about what was left out: pages, channels, other files.
        needs_scale: whether an image could not be read because it is not clear which values are black and white.
    """

    rows: list[Row] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    needs_scale: bool = False


def score_files(
    checkpoint: Checkpoint,
    path: Path,
    progress: Callable[[int, int], None] | None = None,
    scale: Scale | None = None,
    size: Size | None = None,
) -> Scored:
    """Score an image file, or all image files below a folder.

    Args:
        checkpoint: the model.
        path: an image, or a folder.
        progress: called with (files done, files in all).
        scale: which values are black and white, where they have other than 8 bits; see `explorer.scales` if None.
        size: which part of each image, see `explorer.measures.image.cut`; the largest middle square at the model's
            own size when None.

    Raises:
        ExplorerError: the path does not exist, the folder has no image files, or the model does not take the size.
    """
    cut = Cut(checkpoint, size)
    if path.is_dir():
        root = hub_snapshot(path)
        listing = _images_below(root)
    elif path.is_file():
        root, listing = path.parent, Listing([path])
    else:
        raise ExplorerError(f"There is no file or folder {path}.")
    files, other_files = listing.files, listing.left_out.sentence
    if not files:
        raise ExplorerError(f"{path} has no images. Put {FORMATS_IN_WORDS} files into it. {other_files}".rstrip())
    scored, readings, left_out = Scored(), [], []
    names: list[str] = []
    waiting: list[np.ndarray] = []

    def score() -> None:
        scored.rows += rows_of(checkpoint, names, np.stack(waiting)) if waiting else []
        names.clear()
        waiting.clear()

    for done, file in enumerate(files, 1):
        name = name_in(file, root)
        image = _decoded(file, name, scale, cut, scored)
        if image is not None:
            pixels, decoded = image
            if decoded.reading is not None:
                readings.append(decoded.reading)
            if decoded.left_out:
                left_out.append(f"{name} has {decoded.left_out}")
            is_full = len(names) == _BATCH or len(names) * pixels.size >= _BATCH_VALUES
            if waiting and (is_full or waiting[0].shape != pixels.shape):
                score()
            names.append(name)
            waiting.append(pixels)
        if progress is not None:
            progress(done, len(files))
    score()
    scored.rows = same_columns(scored.rows)
    scored.notes = summarize(readings) + cut.notes()
    if left_out:
        files_in_words = "1 file" if len(left_out) == 1 else f"{len(left_out):,} files"
        scored.notes.append(
            f"Not all of {files_in_words} is scored: {', '.join(left_out[:3] + ['...'] * (len(left_out) > 3))}."
        )
    if other_files:
        scored.notes.append(other_files)
    return scored


def _images_below(folder: Path) -> Listing:
    """The image files of a folder, each once, and what is left out of it."""
    listing = list_files(folder)
    images, others = images_among(listing.files)
    files, twice = without_doubles(images, listing.behind_links)
    for reason, paths in ((TWICE, twice), (OTHER_KINDS, others)):
        listing.left_out.add(reason, (name_in(path, folder) for path in paths))
    return Listing(files, listing.behind_links, listing.left_out)


def _decoded(file: Path, name: str, scale: Scale | None, cut: Cut, scored: Scored) -> tuple[np.ndarray, Decoded] | None:
    """The part of an image that is scored, and what was decoded; None where there is none, and `scored` says why."""
    try:
        with open(file, "rb") as opened:
            data = opened.read(MAX_UPLOAD_BYTES + 1)
        decoded = decode_image(data, name, scale)
        return cut(decoded.image, name), decoded
    except ExplorerError as error:
        scored.problems.append(str(error))
        scored.needs_scale |= isinstance(error, UnknownScale)
    except OSError as error:
        scored.problems.append(f"{name} cannot be read ({error.strerror}).")
    return None
