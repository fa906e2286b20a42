"""What gives no image, so that it can be said: never without a word."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

__all__ = [
    "IN_A_CIRCLE",
    "LINKS",
    "NOWHERE",
    "OTHERS_OF_A_SAMPLE",
    "OTHER_KINDS",
    "TWICE",
    "UNREADABLE_FOLDERS",
    "UNREADABLE_IMAGES",
    "LeftOut",
    "Reason",
]

_NAMED = 3


class Reason(NamedTuple):
    """What is left out: in the singular, and in the plural."""

    one: str
    many: str


NOWHERE = Reason("link that leads nowhere", "links that lead nowhere")
IN_A_CIRCLE = Reason("link to a folder that it lies in", "links to folders that they lie in")
TWICE = Reason("folder that is read already", "folders that are read already")
UNREADABLE_FOLDERS = Reason("folder that may not be read", "folders that may not be read")
UNREADABLE_IMAGES = Reason("image that cannot be read", "images that cannot be read")
LINKS = Reason("link in an archive", "links in archives")
OTHERS_OF_A_SAMPLE = Reason("further image of a sample", "further images of samples")
OTHER_KINDS = Reason("file of another kind", "files of other kinds")


class LeftOut:
    """What gives no image: for each reason how many, and the first three names."""

    def __init__(self) -> None:
        self._counts: dict[Reason, int] = {}
        self._names: dict[Reason, list[str]] = {}

    def add(self, reason: Reason, names: Iterable[str]) -> LeftOut:
        """Count these, and return itself."""
        for name in names:
            self._counts[reason] = self._counts.get(reason, 0) + 1
            first = self._names.setdefault(reason, [])
            if len(first) < _NAMED:
                first.append(name)
        return self

    @property
    def sentence(self) -> str:
        """All of it in words; empty where nothing is left out.

        Examples:
            >>> LeftOut().add(NOWHERE, ["a.png"]).add(OTHER_KINDS, "abcd").sentence
            'Left out: 1 link that leads nowhere (a.png); 4 files of other kinds (a, b, c, …).'
        """
        parts = []
        for reason, count in self._counts.items():
            names = ", ".join(self._names[reason]) + (", …" if count > _NAMED else "")
            parts.append(f"{count:,} {reason.one if count == 1 else reason.many} ({names})")
        return f"Left out: {'; '.join(parts)}." if parts else ""
