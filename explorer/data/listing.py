"""The files of a folder that people named, and what is left out of it, so that it can be said.

Links are followed, wherever they lead: a folder of links is how `huggingface_hub` keeps a data set, and how people put
one together from several disks. What is followed is what the caller named; nothing that comes with an uploaded file or
lies in an archive ever is.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from explorer.data.left_out import IN_A_CIRCLE, NOWHERE, OTHER_KINDS, TWICE, UNREADABLE_FOLDERS, LeftOut
from explorer.decoding import HEAD_BYTES, SUFFIXES, begins_as_image

__all__ = [
    "Listing",
    "hub_snapshot",
    "hub_title",
    "images_among",
    "list_files",
    "name_in",
    "without_doubles",
]


@dataclass(frozen=True)
class Listing:
    """What a folder holds.

    Attributes:
        files: in the folder and below it, sorted by path; the files of a folder come before those of its subfolders.
        behind_links: the folders below it that are links, or are reached through one.
        left_out: what was not followed or cannot be.
        tables: files that may hold the labels of images.
    """

    files: list[Path] = field(default_factory=list)
    behind_links: set[Path] = field(default_factory=set)
    left_out: LeftOut = field(default_factory=LeftOut)
    tables: list[Path] = field(default_factory=list)


class _Folder(NamedTuple):
    """A folder to be listed: by which path, where it really is, and the real folders of the links on the way to it."""

    path: Path
    real: Path
    came_from: tuple[Path, ...]


def list_files(folder: Path) -> Listing:
    """All files in a folder and its subfolders; links are followed.

    Hidden files and folders, whose names begin with a dot, are passed over and not counted: they belong to systems and
    programs (``.DS_Store``, ``._1.jpg`` beside ``1.jpg``, ``.cache``), and people do not see them in their folders.

    A link to a folder that it lies in would be read without end, and a second link to a folder gives the same files:
    they are left out.
    """
    listing = Listing()
    followed: set[Path] = set()
    pending = [_Folder(folder, Path(os.path.realpath(folder)), ())]
    while pending:
        here = pending.pop()
        if here.came_from:
            listing.behind_links.add(here.path)
        try:
            with os.scandir(here.path) as entries:
                visible = sorted((e for e in entries if not e.name.startswith(".")), key=lambda entry: entry.name)
        except OSError:
            listing.left_out.add(UNREADABLE_FOLDERS, [name_in(here.path, folder)])
            continue
        below = []
        for entry in visible:
            path = Path(entry.path)
            is_link, reason = entry.is_symlink(), None
            if _is_folder(entry):
                real = Path(os.path.realpath(path)) if is_link else here.real / entry.name
                came_from = (*here.came_from, here.real) if is_link else here.came_from
                if is_link and any(place.is_relative_to(real) for place in came_from):
                    reason = IN_A_CIRCLE
                elif is_link and real in followed:
                    reason = TWICE
                else:
                    followed.update([real] if is_link else [])
                    below.append(_Folder(path, real, came_from))
            elif _is_file(entry):
                listing.files.append(path)
            else:
                reason = NOWHERE if is_link else OTHER_KINDS  # a pipe, a device
            if reason is not None:
                listing.left_out.add(reason, [name_in(path, folder)])
        pending += reversed(below)
    return listing


def without_doubles(
    files: list[Path], behind_links: Collection[Path], last: Collection[Path] = ()
) -> tuple[list[Path], list[Path]]:
    """Files, each once, and the folders that are left out because their files are there by another path.

    Where a folder is read both by itself and through a link, the link is left out; but one of the folders `last` is
    left out before any other.
    """
    if not behind_links:
        return files, []
    real = {path.parent: Path(os.path.realpath(path.parent)) for path in files}
    owners: dict[Path, Path] = {}
    for parent in sorted(real, key=lambda parent: (parent in last, parent in behind_links)):
        owners.setdefault(real[parent], parent)
    kept = [path for path in files if owners[real[path.parent]] == path.parent]
    return kept, [parent for parent in real if owners[real[parent]] != parent]


def images_among(files: Iterable[Path]) -> tuple[list[Path], list[Path]]:
    """The files that are called as images are, or begin as one; and the others."""
    images: list[Path] = []
    others: list[Path] = []
    for path in files:
        (images if path.suffix.lower() in SUFFIXES or begins_as_image(_head(path)) else others).append(path)
    return images, others


def hub_snapshot(folder: Path) -> Path:
    """The files of a data set as they are called, where a folder is one in the cache of `huggingface_hub`.

    Such a folder has ``blobs``, ``refs`` and ``snapshots``; any other is returned as it is.
    """
    try:
        revision = (folder / "refs" / "main").read_text(encoding="ascii").strip()
        snapshot = folder / "snapshots" / revision
        return snapshot if revision and snapshot.parent == folder / "snapshots" and snapshot.is_dir() else folder
    except (OSError, ValueError):
        return folder


def hub_title(folder: Path) -> str:
    """What the data set is called whose files a folder in that cache holds, ``OWNER/NAME``; empty for other folders."""
    kind, *name = folder.parent.parent.name.split("--")
    return "/".join(name) if folder.parent.name == "snapshots" and kind == "datasets" else ""


def _head(path: Path) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(HEAD_BYTES)
    except OSError:
        return b""


def name_in(path: Path, folder: Path) -> str:
    """A path in a folder, as text that can be written, whatever bytes the file system has."""
    return os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "replace")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # links in a circle
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False
