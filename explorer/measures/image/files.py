"""log p and local dimensionality of image files, a row each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from explorer.data.left_out import OTHER_KINDS, TWICE
from explorer.data.listing import Listing, hub_snapshot, images_among, list_files, name_in, without_doubles
from explorer.decoding import FORMATS_IN_WORDS, MAX_UPLOAD_BYTES, read_image
from explorer.errors import ExplorerError
from explorer.images import to_square
from explorer.measures.image.dimensionality import local_dimensionality
from explorer.measures.shared.scoring import log_prob_batched, model_input
from explorer.models.checkpoints import Checkpoint
from explorer.units import code_length_bits, convert_log_prob, noise_variance_from_psnr

__all__ = ["DIMENSIONALITY_PSNRS", "Scored", "score_files"]

DIMENSIONALITY_PSNRS = (40.0, 25.0, 10.0)

_BATCH = 64

Row = dict[str, "str | float"]


class Scored(NamedTuple):
    """The images of a folder, scored.

    Attributes:
        rows: a row for each image that could be read: `file`; `log_prob_nats`, `log_prob_db_per_dim`,
            `code_length_bits`; `dimensionality_PSNRdb` for each of `DIMENSIONALITY_PSNRS`.
        problems: a sentence for each image that could not be read.
        left_out: what else the folder holds, in words; empty where there is nothing.
    """

    rows: list[Row]
    problems: list[str]
    left_out: str


def score_files(checkpoint: Checkpoint, path: Path, progress: Callable[[int, int], None] | None = None) -> Scored:
    """Score an image file, or all image files below a folder, each as its largest middle square at the model's size.

    Args:
        checkpoint: the model.
        path: an image, or a folder.
        progress: called with (files done, files in all).

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
    files, left_out = listing.files, listing.left_out.sentence
    if not files:
        raise ExplorerError(f"{path} has no images. Put {FORMATS_IN_WORDS} files into it. {left_out}".rstrip())
    rows: list[Row] = []
    problems: list[str] = []
    for first in range(0, len(files), _BATCH):
        names, squares = [], []
        for name, square in _squares(files[first : first + _BATCH], root, checkpoint, problems):
            names.append(name)
            squares.append(square)
        if squares:
            rows += _score(checkpoint, names, np.stack(squares))
        if progress is not None:
            progress(min(first + _BATCH, len(files)), len(files))
    return Scored(rows, problems, left_out)


def _images_below(folder: Path) -> Listing:
    """The image files of a folder, each once, and what is left out of it."""
    listing = list_files(folder)
    images, others = images_among(listing.files)
    files, twice = without_doubles(images, listing.behind_links)
    for reason, paths in ((TWICE, twice), (OTHER_KINDS, others)):
        listing.left_out.add(reason, (name_in(path, folder) for path in paths))
    return Listing(files, listing.behind_links, listing.left_out)


def _squares(
    files: list[Path], root: Path, checkpoint: Checkpoint, problems: list[str]
) -> Iterator[tuple[str, np.ndarray]]:
    for file in files:
        name = name_in(file, root)
        try:
            with open(file, "rb") as opened:
                data = opened.read(MAX_UPLOAD_BYTES + 1)
            yield name, to_square(read_image(data, name), checkpoint.model.image_shape)
        except ExplorerError as error:
            problems.append(str(error))
        except OSError as error:
            problems.append(f"{name} cannot be read ({error.strerror}).")


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
