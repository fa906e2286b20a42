"""Images in WebDataset archives: tar files, in which the files of one key make a sample.

**Keys.** In WebDataset the key is the path up to the first dot of a file's own name, and the rest is the field:
``a/000.jpg`` and ``a/000.cls`` are the fields ``jpg`` and ``cls`` of ``a/000``. Of the images in one sample, one is
read: the field that most samples have.

Not all archives keep to that: ``IMG.2020.01.jpg`` and ``IMG.2020.02.jpg`` are two images, not two fields of ``IMG``.
Where a key has several images and what is between its first and its last dot has digits, or there are more fields than
keys, the last dot ends the key. Either way it is said.

**Labels** are in the field ``cls`` (or ``label``, ``class``, ...), a number or a word, or under such a name in the
field ``json``.

An archive is untrusted: nothing in it is run or unpacked, and its links are not followed.
"""

from __future__ import annotations

import json
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from explorer.data.labels import FIELDS, Labels, no_labels, number_labels
from explorer.data.left_out import LINKS, OTHER_KINDS, OTHERS_OF_A_SAMPLE, LeftOut
from explorer.data.parts import Parts, file_paths, named_parts
from explorer.data.reading import ImageSet, decode
from explorer.data.rows import READ_ERRORS
from explorer.data.store import Sample
from explorer.data.views import CENTRAL, Views
from explorer.decoding import HEAD_BYTES, MAX_UPLOAD_BYTES, SUFFIXES, begins_as_image
from explorer.errors import ExplorerError, in_brief
from explorer.images import ImageShape

__all__ = ["archive_files"]

_LONGEST_LABEL = 2**20  # bytes of a file that holds one, JSON with all that is known of an image included
_CHUNK = 2**16


class _Member(NamedTuple):
    """A file in an archive: number of the archive, name, and where its bytes are."""

    archive: int
    name: str
    start: int
    size: int


class _Named(NamedTuple):
    """A file with its name taken apart."""

    key: tuple[int, str]
    field: str
    member: _Member


def archive_files(title: str, files: Sequence[Path], split: str, parts: Parts | None = None) -> ImageSet:
    """The images in tar files.

    Names of the archives, or of folders in them, may say which are for training and which for validation
    (`explorer.data.parts`).

    Args:
        title: what people call the set.
        files: the archives, sorted.
        split: ``"train"``, ``"validation"`` or ``"all"``.
        parts: of the archives, where something else than their names says it.

    Raises:
        ExplorerError: an archive is damaged, compressed, or none has an image.
    """
    left_out = LeftOut()
    images: list[_Member] = []
    others: list[_Member] = []
    for number, path in enumerate(files):
        try:
            with open(path, "rb", buffering=0) as stream:
                for member in _members(path, number, left_out):
                    (images if _is_image(stream, member) else others).append(member)
        except (*READ_ERRORS, LookupError, tarfile.TarError) as error:
            raise ExplorerError(
                f"{title} is damaged: {path.name} cannot be read ({in_brief(error)}). Make a whole .tar of it, not "
                "compressed."
            ) from error
    if not images:
        raise ExplorerError(f"{title} has no images in its archives. {left_out.sentence}".rstrip())
    take_apart, note = _naming(images)
    chosen, further = _one_of_each(images, take_apart)
    which = _which(chosen, further)
    keys = {image.key for image in chosen}
    beside = [take_apart(member) for member in others]
    left_out.add(OTHERS_OF_A_SAMPLE, (image.member.name for image in further))
    left_out.add(OTHER_KINDS, (other.member.name for other in beside if other.key not in keys))
    parts, items = _parts(files, chosen, parts)
    counts = Counter(items)
    division = parts and parts.division([counts[place] for place in range(len(parts.parts))])
    if parts:
        wanted = set(parts.wanted(split))
        chosen = [image for image, item in zip(chosen, items, strict=True) if item in wanted]
    labels = _labels(files, chosen, beside)

    def read(numbers: Sequence[int], image_shape: ImageShape, views: Views = CENTRAL) -> Iterator[Sample]:
        for archive, here in groupby(numbers, lambda number: chosen[number].key[0]):
            with _opened(files[archive], title) as stream:
                for number in here:
                    member = chosen[number].member
                    data = _bytes(stream, member) if member.size <= MAX_UPLOAD_BYTES else None
                    yield from decode(data, int(labels.numbers[number]), member.name, number, image_shape, views)

    notes = tuple(filter(None, (note, which, *labels.notes, left_out.sentence)))
    return ImageSet(title, len(chosen), read, labels.names, division, notes)


def _members(path: Path, archive: int, left_out: LeftOut) -> Iterator[_Member]:
    """The files in an archive. Folders and hidden files are passed over; what is not a file is left out.

    Raises:
        Exception: one of `READ_ERRORS` or `tarfile.TarError`, where the archive is damaged or compressed.
    """
    with tarfile.open(path, "r:") as opened:
        while (found := opened.next()) is not None:
            opened.members.clear()  # type: ignore[attr-defined]  # it would keep all of them
            name = found.name.removeprefix("./").encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            if found.size < 0 or opened.offset <= found.offset:  # it would be read for ever
                raise OSError(f"it is damaged at byte {found.offset:,}")
            if found.isdir() or PurePosixPath(name).name.startswith("."):
                continue
            if found.issym() or found.islnk():
                left_out.add(LINKS, [name])
            elif not found.isreg() or found.issparse():
                left_out.add(OTHER_KINDS, [name])
            else:
                yield _Member(archive, name, found.offset_data, found.size)
        _check_end(path, opened.offset)


def _check_end(path: Path, offset: int) -> None:
    """An archive ends with zeros. `tarfile` takes a damaged header for the end, and the end of the file, too.

    Raises:
        OSError: there is something else, or nothing.
    """
    with open(path, "rb") as file:
        file.seek(offset)
        if file.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise OSError(f"it is damaged or cut off at byte {offset:,}")
        while chunk := file.read(_CHUNK):
            if chunk.strip(b"\0"):
                raise OSError(f"there is more behind its end at byte {offset:,}")


def _is_image(stream: IO[bytes], member: _Member) -> bool:
    if PurePosixPath(member.name).suffix.lower() in SUFFIXES:
        return True
    stream.seek(member.start)
    return begins_as_image(stream.read(min(HEAD_BYTES, member.size)))


def _naming(images: Sequence[_Member]) -> tuple[Callable[[_Member], _Named], str]:
    """How names come apart, and a sentence where they do not as in WebDataset."""
    by_first_dot = [_at_first_dot(image) for image in images]
    keys = Counter(image.key for image in by_first_dot)
    fields = {image.field for image in by_first_dot}
    of_several = [image for image in by_first_dot if keys[image.key] > 1]
    has_digits = any(any(map(str.isdigit, image.field.rpartition(".")[0])) for image in of_several)
    if not of_several or (not has_digits and len(fields) <= len(keys)):
        return _at_first_dot, ""
    example = of_several[0].member.name
    return _at_last_dot, (
        f"Names of images have several dots ({example}): each is taken for an image of its own, although "
        "WebDataset would make one sample of all that are alike up to the first dot."
    )


def _at_first_dot(member: _Member) -> _Named:
    folder, slash, name = member.name.rpartition("/")
    stem, _, field = name.partition(".")
    return _Named((member.archive, folder + slash + stem), field.lower(), member)


def _at_last_dot(member: _Member) -> _Named:
    path = PurePosixPath(member.name)
    return _Named((member.archive, path.with_suffix("").as_posix()), path.suffix.lower().removeprefix("."), member)


def _one_of_each(
    images: Sequence[_Member], take_apart: Callable[[_Member], _Named]
) -> tuple[list[_Named], list[_Named]]:
    """The image of each sample, in the order of the archives, and the others."""
    named = [take_apart(image) for image in images]
    counts = Counter(image.field for image in named)
    best: dict[tuple[int, str], _Named] = {}
    for image in named:
        rival = best.get(image.key)
        if rival is None or (-counts[image.field], image.field) < (-counts[rival.field], rival.field):
            best[image.key] = image
    return list(best.values()), [image for image in named if best[image.key] is not image]


def _which(chosen: Sequence[_Named], further: Sequence[_Named]) -> str:
    """A sentence about the fields that are read where samples have several images."""
    keys = {image.key for image in further}
    fields = " or ".join(sorted({image.field for image in chosen if image.key in keys}))
    return f"Samples have several images, of which {fields} is read." if fields else ""


def _parts(files: Sequence[Path], images: Sequence[_Named], parts: Parts | None) -> tuple[Parts | None, list[int]]:
    """The parts of the archives, or of the folders in them; and which of these each image is in."""
    parts = parts or named_parts(file_paths(files))
    if parts:
        return parts, [image.member.archive for image in images]
    folders = [PurePosixPath(image.member.name).parent.parts for image in images]
    places = {folder: place for place, folder in enumerate(dict.fromkeys(folders))}
    return named_parts(list(places)), [places[folder] for folder in folders]


def _labels(files: Sequence[Path], images: Sequence[_Named], beside: Sequence[_Named]) -> Labels:
    """The labels of images, in the first field that has any."""
    keys = {image.key for image in images}
    for field in ("cls", *FIELDS, "json"):
        found = [file for file in beside if file.key in keys and file.field.rpartition(".")[2] == field]
        values: dict[tuple[int, str], object] = {}
        for archive, here in groupby(found, lambda file: file.key[0]):
            with open(files[archive], "rb") as stream:
                for file in here:
                    data = _bytes(stream, file.member) if file.member.size <= _LONGEST_LABEL else None
                    values[file.key] = _label_in(data or b"", field)
        if any(value is not None for value in values.values()):
            return number_labels([values.get(image.key) for image in images], f"The field {field!r}")
    return no_labels(len(images))


def _label_in(data: bytes, field: str) -> object:
    try:
        if field == "json":
            content = json.loads(data)
            return next((content[name] for name in FIELDS if name in content), None)
        text = data.decode().strip()
    except (ValueError, TypeError, RecursionError):
        return None
    try:
        return int(text)
    except ValueError:
        return text or None


def _opened(path: Path, title: str) -> IO[bytes]:
    try:
        return open(path, "rb")
    except OSError as error:
        raise ExplorerError(f"{title} is damaged: {path.name} cannot be read ({error.strerror}).") from error


def _bytes(stream: IO[bytes], member: _Member) -> bytes | None:
    """The contents of a file; None where the archive does not have all of it any more."""
    stream.seek(member.start)
    data = stream.read(member.size)
    return data if len(data) == member.size else None
