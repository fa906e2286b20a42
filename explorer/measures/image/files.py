"""log p and local dimensionality of image files, a row each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from explorer.data.left_out import OTHER_KINDS, TWICE
from explorer.data.listing import Listing, hub_snapshot, images_among, list_files, name_in, without_doubles
from explorer.decoding import FORMATS_IN_WORDS, MAX_UPLOAD_BYTES, Decoded, decode_image
from explorer.errors import ExplorerError
from explorer.images import to_square
from explorer.measures.image.dimensionality import local_dimensionality
from explorer.measures.shared.scoring import log_prob_batched, model_input
from explorer.models.checkpoints import Checkpoint
from explorer.scales import Scale, UnknownScale, summarize
from explorer.units import code_length_bits, convert_log_prob, noise_variance_from_psnr

__all__ = ["DIMENSIONALITY_PSNRS", "Scored", "score_files"]

DIMENSIONALITY_PSNRS = (40.0, 25.0, 10.0)

_BATCH = 64

Row = dict[str, "str | float"]


@dataclass
class Scored:
    """What became of image files.

    Attributes:
        rows: one for each image that could be read: `file`; `log_prob_nats`, `log_prob_db_per_dim`, `code_length_bits`;
            `dimensionality_PSNRdb` for each of `DIMENSIONALITY_PSNRS`.
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
) -> Scored:
    """Score an image file, or all image files below a folder, each as its largest middle square at the model's size.

    Args:
        checkpoint: the model.
        path: an image, or a folder.
        progress: called with (files done, files in all).
        scale: which values are black and white, where they have other than 8 bits; see `explorer.scales` if None.

    Raises:
        ExplorerError: the path does not exist, or the folder has no image files.
    """
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
    for first in range(0, len(files), _BATCH):
        names, squares = [], []
        for name, image in _decoded(files[first : first + _BATCH], root, scale, scored):
            names.append(name)
            squares.append(to_square(image.image, checkpoint.model.image_shape))
            if image.reading is not None:
                readings.append(image.reading)
            if image.left_out:
                left_out.append(f"{name} has {image.left_out}")
        if squares:
            scored.rows += _score(checkpoint, names, np.stack(squares))
        if progress is not None:
            progress(min(first + _BATCH, len(files)), len(files))
    scored.notes = summarize(readings)
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


def _decoded(files: list[Path], root: Path, scale: Scale | None, scored: Scored) -> Iterator[tuple[str, Decoded]]:
    for file in files:
        name = name_in(file, root)
        try:
            with open(file, "rb") as opened:
                data = opened.read(MAX_UPLOAD_BYTES + 1)
            yield name, decode_image(data, name, scale)
        except ExplorerError as error:
            scored.problems.append(str(error))
            scored.needs_scale |= isinstance(error, UnknownScale)
        except OSError as error:
            scored.problems.append(f"{name} cannot be read ({error.strerror}).")


def _score(checkpoint: Checkpoint, names: list[str], pixels: np.ndarray) -> list[Row]:
    model, values = checkpoint.model, checkpoint.values
    x = model_input(values, torch.from_numpy(pixels))
    log_prob = log_prob_batched(model, x).double().tolist()
    ts = [float(noise_variance_from_psnr(psnr)) for psnr in DIMENSIONALITY_PSNRS]
    dimensionality = local_dimensionality(model, x, ts, draws=2).denoising.tolist()
    d = model.dimensions
    return [
        {
            "file": name,
            "log_prob_nats": nats,
            "log_prob_db_per_dim": convert_log_prob(nats, "dB/dim", d),
            "code_length_bits": code_length_bits(nats, values.levels, d),
        }
        | {f"dimensionality_{psnr:.0f}db": value for psnr, value in zip(DIMENSIONALITY_PSNRS, estimates, strict=True)}
        for name, nats, estimates in zip(names, log_prob, dimensionality, strict=True)
    ]
