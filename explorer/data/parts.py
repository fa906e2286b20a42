"""Names of parts: which images of a data set are for training, and which for validation.

Makers of data sets say so by names: of folders (``Train``, ``val2017``), of files (``cifar10_train.parquet``), of saved
splits, of arrays in a file (``x_test``). One rule reads all of them.

**Words.** A name consists of words of letters; case, digits and punctuation do not count. It names a part if one of its
words does, as a whole word: ``train2017``, ``01_Training``, ``DIV2K_valid_HR`` and ``testSet`` do, ``contest`` and
``pretrained`` do not.

**Pairs.** One name alone says nothing: a class may be called ``test``. Names that stand beside each other are believed

- if one is of training and one of validation or test, they differ in that word alone (``data``, ``batch`` and the like
  aside), and more than half of all of them, digits aside, name a part: ``train``, ``test`` and ``extra`` do, ``train``,
  ``test``, ``bus`` and ``car`` are classes;
- or if all of them name a part, and that of training, or one of the others, is nothing but that word: ``train``,
  ``test_seen`` and ``test_unseen``.

**Levels.** The names of the outermost folders are asked first, then those of the folders in them, and so on; those of
files come last.

Where there are names of validation and of test, the images of test are in neither part; where there are names of test
alone, they are for validation. ``trainval`` is for training, unless there is a ``train``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Division", "Part", "Parts", "file_paths", "named_parts"]

Part = Literal["train", "validation", "neither"]

_WORDS: dict[str, str] = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("trainval", "trainvalid"), "trainval"),
    **dict.fromkeys(("validation", "validate", "valid", "val", "development", "devel", "dev"), "validation"),
    **dict.fromkeys(("evaluation", "evaluate", "eval"), "validation"),
    **dict.fromkeys(("test", "testing", "tst", "holdout"), "test"),
}
_STORAGE = frozenset(
    ("set", "data", "dataset", "split", "part", "batch", "shard", "chunk", "file", "image", "images", "img", "of")
)
"""Words of names that say how images are stored, and nothing of the images."""

_JOINED = re.compile(r"(.{2,}?)(?:set|data)")  # as in "trainset"
_HUMPS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LETTERS = re.compile(r"[^\W\d_]+")


class Division(BaseModel):
    """How the images of a data set are divided, and who says so.

    Attributes:
        train, validation, neither: number of images for training, for validation, and left out of both. Those that
            cannot be read are counted, for nobody has looked at them.
        how: the names of parts say it; or the source itself, which needs no names; or a tenth was drawn; or the images
            are so few that both parts hold all of them.
        train_from, validation_from, neither_from: the names, in words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    train: int = Field(ge=0)
    validation: int = Field(ge=0)
    neither: int = Field(default=0, ge=0)
    how: Literal["names", "source", "tenth", "shared"] = "source"
    train_from: str = ""
    validation_from: str = ""
    neither_from: str = ""

    @property
    def total(self) -> int:
        """Number of images of the data set."""
        return self.train if self.how == "shared" else self.train + self.validation + self.neither

    @property
    def sentence(self) -> str:
        """What was taken for what, and why."""
        if self.how == "shared":
            return f"{_images(self.total)}, for training and validation alike: so few are not divided."
        counts = f"{_images(self.train)} for training, {self.validation:,} for validation"
        if self.how == "tenth":
            return f"{counts}: a random tenth, since the data set does not say which."
        names = f", from {self.train_from} and {self.validation_from}" if self.how == "names" else ""
        if not self.neither:
            return f"{counts}{names}."
        return f"{counts}{names}; {self.neither:,} in neither{self.neither_from and f' ({self.neither_from})'}."


class Parts(NamedTuple):
    """The parts of some items, in their order.

    Attributes:
        level: how many folders are outside of those that are the parts.
        names: what decided on each item; empty where it lies outside of all parts.
        parts: the part of each item.
    """

    level: int

    names: tuple[str, ...]
    parts: tuple[Part, ...]

    def wanted(self, split: str) -> list[int]:
        """Places of the items of ``"train"`` or ``"validation"``; of all items for ``"all"``."""
        return [place for place, part in enumerate(self.parts) if split in ("all", part)]

    def division(self, counts: Sequence[int]) -> Division:
        """The division of the images, given their number in each item."""
        total: dict[Part, int] = {"train": 0, "validation": 0, "neither": 0}
        for part, count in zip(self.parts, counts, strict=True):
            total[part] += count
        return self.division_of(total)

    def division_of(self, counts: Mapping[Part, int]) -> Division:
        """The division of the images, given their number in each part."""
        words: dict[Part, str] = {
            part: _in_words({name for name, its in zip(self.names, self.parts, strict=True) if its == part and name})
            for part in ("train", "validation", "neither")
        }
        return Division(
            train=counts["train"],
            validation=counts["validation"],
            neither=counts.get("neither", 0),
            how="names",
            train_from=words["train"],
            validation_from=words["validation"],
            neither_from=words["neither"],
        )


def named_parts(paths: Sequence[Sequence[str]]) -> Parts | None:
    """The parts that names say, or None where they say nothing.

    Args:
        paths: of each item the names on the way to it, the outermost first.
    """
    for level in range(max(map(len, paths), default=0)):
        names = [path[level] if level < len(path) else "" for path in paths]
        parts = _parts_among({name for name in names if name})
        if parts:
            return Parts(level, tuple(names), tuple(parts.get(name, "neither") for name in names))
    return None


def file_paths(files: Sequence[Path]) -> list[tuple[str, ...]]:
    """Of each file the names of its folders below the one that holds them all, and its own without suffix."""
    root = os.path.commonpath([file.parent for file in files])
    return [(*file.parent.relative_to(root).parts, file.stem) for file in files]


class _Meaning(NamedTuple):
    """What a name says: a part, if any, and its other words."""

    part: str
    others: frozenset[str]


def _parts_among(names: Iterable[str]) -> dict[str, Part]:
    """The part of each name that has one; empty where these names, beside each other, are not those of parts."""
    meanings = {name: _meaning(name) for name in names}
    kinds = set(meanings.values())
    train = {kind.others for kind in kinds if kind.part in ("train", "trainval")}
    held_out = {kind.others for kind in kinds if kind.part in ("validation", "test")}
    named = sum(bool(kind.part) for kind in kinds)
    plain: frozenset[str] = frozenset()
    alike = train & held_out and 2 * named > len(kinds)
    alone = train and held_out and (plain in train or plain in held_out) and named == len(kinds)
    if not (alike or alone):
        return {}
    there = {kind.part for kind in kinds}
    role: dict[str, Part] = {"train": "train", "validation": "validation"}
    if "train" not in there:
        role["trainval"] = "train"
    if "validation" not in there:
        role["test"] = "validation"
    return {name: role[meaning.part] for name, meaning in meanings.items() if meaning.part in role}


@lru_cache(maxsize=4096)
def _meaning(name: str) -> _Meaning:
    """Read a name as it is, and if no part is found, ``likeThis`` as two words."""
    for text in dict.fromkeys((name, _HUMPS.sub(" ", name))):
        words = [word.casefold() for word in _LETTERS.findall(text)]
        found = [_part_of_word(word) for word in words]
        parts = set(filter(None, found))
        if parts:
            part = _one_of(parts)
            return _Meaning(part, frozenset(word for word, its in zip(words, found, strict=True) if not its) - _STORAGE)
    return _Meaning("", frozenset(words))


def _part_of_word(word: str) -> str:
    joined = _JOINED.fullmatch(word)
    return _WORDS.get(word) or (_WORDS.get(joined[1], "") if joined else "")


def _one_of(parts: set[str]) -> str:
    """The part of a name with words of several: ``train-val`` is like ``trainval``, ``test-dev`` is of the test."""
    if len(parts) == 1:
        return next(iter(parts))
    if parts <= {"train", "trainval", "validation"}:
        return "trainval"
    return "test" if parts == {"test", "validation"} else ""


def _images(count: int) -> str:
    return f"{count:,} image{'s' if count != 1 else ''}"


def _in_words(names: set[str]) -> str:
    first, *more = sorted(names) or [""]
    return f"{first} (and {len(more)} more)" if more else first
