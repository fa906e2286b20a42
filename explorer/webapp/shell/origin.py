"""Where an image comes from, so that it can be found again at another size, and how a URL says it.

    photo.china.500-500-800     a photograph with its crop
    synthetic.disk              a formula
    item.17.train.photos        an image of a part of a data set
    upload.0123456789abcdef     an upload, which the session alone has, by the digest of its bytes

A crop follows the name of a photograph or an upload where it is not the largest square in the middle. What comes after
an origin, another one or what was done to it, begins with a ``~``.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal, NamedTuple
from urllib.parse import unquote

from explorer.data.builtin import PHOTOGRAPHS
from explorer.data.sources import Split
from explorer.images import SYNTHETIC, Crop
from explorer.webapp.shell.crop import CROP
from explorer.webapp.shell.part_box import PARTS
from explorer.webapp.shell.setting_forms import Unfit, one_of, whole_number

__all__ = ["BETWEEN", "SOURCES", "Origin", "Source", "read_origin", "write_origin"]

Source = Literal["photograph", "upload", "dataset", "synthetic"]
SOURCES: tuple[Source, ...] = ("photograph", "upload", "dataset", "synthetic")

BETWEEN = "~"
"""What follows an origin in a text begins with it."""

_DIGEST = re.compile(r"[0-9a-f]{16}")
_PART = one_of(PARTS)
_ITEM = whole_number(0, 10**12 - 1)


class Origin(NamedTuple):
    """Of an image.

    Attributes:
        source: what kind of thing it comes from.
        name: of the photograph, the data set or the formula; of an upload the digest of its bytes.
        crop: what is cut out of a photograph or an upload.
        part: of the data set.
        item: place in that part.
    """

    source: Source
    name: str
    crop: Crop = Crop()
    part: Split = "all"
    item: int = 0

    @property
    def uncropped(self) -> Origin:
        """What tells an image from the others, whatever its crop."""
        return self._replace(crop=Crop())


def write_origin(origin: Origin) -> str:
    """The text of an origin."""
    if origin.source == "dataset":
        name = origin.name.replace("%", "%25").replace(BETWEEN, "%7E")
        return f"item.{origin.item}.{origin.part}.{name}"
    if origin.source == "synthetic":
        return f"synthetic.{origin.name}"
    kind = "photo" if origin.source == "photograph" else "upload"
    return f"{kind}.{origin.name}" + ("" if origin.crop == Crop() else f".{CROP.write(origin.crop)}")


def read_origin(text: str, datasets: Collection[str]) -> Origin:
    """The origin that a text names.

    Args:
        text: what anybody may have written.
        datasets: the names of those that there are.

    Raises:
        Unfit: it names no image. Whether the session has an upload, and a data set so many images, is not asked.
    """
    kind, _, rest = text.partition(".")
    name, _, crop = rest.partition(".")
    if kind == "photo" and name in PHOTOGRAPHS:
        return Origin("photograph", name, CROP.read(crop) if crop else Crop())
    if kind == "upload" and _DIGEST.fullmatch(name):
        return Origin("upload", name, CROP.read(crop) if crop else Crop())
    if kind == "synthetic" and rest in SYNTHETIC:
        return Origin("synthetic", rest)
    if kind == "item":
        number, _, rest = rest.partition(".")
        part, _, data = rest.partition(".")
        data = unquote(data)
        if data in datasets:
            return Origin("dataset", data, part=_PART.read(part), item=_ITEM.read(number))
    raise Unfit("names no image")
