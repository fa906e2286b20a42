"""An image that was looked at, and how a URL says it.

    photo.china.500-500-800 ~ synthetic.disk ~ item.17.train.photos

are a photograph with its crop, a formula, and an image of a part of a data set, without the spaces. An upload is in the
session alone, and no URL says it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import unquote

from explorer.data.builtin import PHOTOGRAPHS
from explorer.data.sources import Split
from explorer.images import SYNTHETIC, Crop
from explorer.webapp.shell.crop import CROP
from explorer.webapp.shell.part_box import PARTS
from explorer.webapp.shell.setting_forms import Form, Unfit

__all__ = ["MOST_SEEN", "Seen", "seen_form"]

MOST_SEEN = 12

_BETWEEN = "~"
_LONGEST_NUMBER = 12


class Seen(NamedTuple):
    """What brings an image back.

    Attributes:
        source: ``"photograph"``, ``"synthetic"``, ``"dataset"`` or ``"upload"``.
        name: of a photograph or a formula, the number of an image of a data set, or the digest of an upload.
        part, data: which part of which data set.
        crop: of a photograph.
    """

    source: str
    name: str
    part: Split = "all"
    data: str = ""
    crop: Crop = Crop()

    @property
    def image(self) -> tuple[str, ...]:
        """Which image it is, whatever its crop."""
        return self.source, self.name, self.part, self.data


def seen_form(datasets: Collection[str]) -> Form[tuple[Seen, ...]]:
    """How images that are no uploads are written, each once, and at most `MOST_SEEN`.

    Args:
        datasets: the names of those that there are.
    """

    def read(text: str) -> tuple[Seen, ...]:
        parts = text.split(_BETWEEN)
        found = [_read(part, datasets) for part in parts]
        good = tuple({seen.image: seen for seen in found if seen is not None}.values())
        if None in found:
            raise Unfit("names images that there are not", good[:MOST_SEEN])
        if len(parts) > MOST_SEEN:
            raise Unfit(f"names more than {MOST_SEEN} images", good[:MOST_SEEN])
        return good

    return Form(read, _write)


def _read(text: str, datasets: Collection[str]) -> Seen | None:
    kind, _, rest = text.partition(".")
    if kind == "photo":
        name, _, crop = rest.partition(".")
        with suppress(Unfit):
            if name in PHOTOGRAPHS:
                return Seen("photograph", name, crop=CROP.read(crop) if crop else Crop())
    elif kind == "synthetic" and rest in SYNTHETIC:
        return Seen("synthetic", rest)
    elif kind == "item":
        number, _, rest = rest.partition(".")
        part, _, data = rest.partition(".")
        data = unquote(data)
        if number.isdecimal() and len(number) <= _LONGEST_NUMBER and data in datasets:
            return next((Seen("dataset", str(int(number)), each, data) for each in PARTS if each == part), None)
    return None


def _write(value: Sequence[Seen]) -> str:
    return _BETWEEN.join(_text(seen) for seen in value)


def _text(seen: Seen) -> str:
    if seen.source == "dataset":
        data = seen.data.replace("%", "%25").replace(_BETWEEN, "%7E")
        return f"item.{seen.name}.{seen.part}.{data}"
    if seen.source == "synthetic":
        return f"synthetic.{seen.name}"
    return f"photo.{seen.name}" + ("" if seen.crop == Crop() else f".{CROP.write(seen.crop)}")
