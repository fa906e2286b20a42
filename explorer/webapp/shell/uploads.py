"""The pictures that a visitor gave, which the session alone has: the bytes of the last few, by their digest.

The last `MOST_UPLOADS` that were used are kept, as long as they are not more than `MOST_BYTES` together. Of two, the
one that is looked at and the one that is pinned, the decoded picture is kept as well.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import streamlit as st
from PIL import Image

from explorer.decoding import decode_image
from explorer.scales import Scale
from explorer.webapp.widgets.crop_box import Picture

__all__ = [
    "MOST_BYTES",
    "MOST_UPLOADS",
    "Upload",
    "digest",
    "forget",
    "keep",
    "latest",
    "upload_of",
    "uploaded_picture",
]

MOST_UPLOADS = 12
MOST_BYTES = 64 * 2**20

_UPLOADS = "uploads"
_PICTURES = "upload-pictures"
_MOST_PICTURES = 2


class Upload(NamedTuple):
    """What a visitor gave.

    Attributes:
        name: for people.
        data: the bytes of the file.
        digest: of the bytes.
        scale: which of its values are black and white, where they have other than 8 bits.
        note: what to say of how it is read; may be empty.
    """

    name: str
    data: bytes
    digest: str
    scale: Scale | None = None
    note: str = ""


def keep(upload: Upload) -> None:
    """Decode an upload and keep it, with how it was read before its note.

    Args:
        upload: its scale is found if there is none.

    Raises:
        ExplorerError: it is no image that can be read; nothing is kept.
    """
    found = decode_image(upload.data, f"The file {upload.name}", upload.scale)
    left_out = found.left_out and f"Not used of this file: {found.left_out}."
    note = " ".join(str(part) for part in (found.reading, left_out, upload.note) if part)
    upload = upload._replace(scale=found.reading and found.reading.scale, note=note)
    kept, name = _uploads(), upload.digest
    kept.pop(name, None)
    kept[name] = upload
    while len(kept) > MOST_UPLOADS or sum(len(each.data) for each in kept.values()) > MOST_BYTES:
        del kept[next(iter(kept))]
    _keep_picture(upload, found.image)


def forget(name: str) -> None:
    """Keep an upload no more."""
    _uploads().pop(name, None)
    _pictures().pop(name, None)


def upload_of(name: str) -> Upload | None:
    """The upload of a digest; None when it is not kept."""
    return _uploads().get(name)


def latest() -> str | None:
    """The digest of the upload that was used last, if any is kept."""
    return next(reversed(_uploads()), None)


def uploaded_picture(name: str) -> Picture | None:
    """The picture of an upload, by its digest; None when it is not kept. What was used last is forgotten last."""
    kept, picture = _uploads(), _pictures().get(name)
    if name not in kept:
        return None
    upload = kept[name] = kept.pop(name)
    image = picture.image if picture else decode_image(upload.data, f"The file {upload.name}", upload.scale).image
    return _keep_picture(upload, image)


def digest(data: bytes) -> str:
    """What tells one content from another one, in 16 letters and digits."""
    return hashlib.sha256(data).hexdigest()[:16]


def _uploads() -> dict[str, Upload]:
    """Digest -> upload, the latest last."""
    uploads: dict[str, Upload] = st.session_state.setdefault(_UPLOADS, {})
    return uploads


def _keep_picture(upload: Upload, image: Image.Image) -> Picture:
    pictures, name = _pictures(), upload.digest
    pictures.pop(name, None)
    pictures[name] = picture = Picture(image, upload.name, f"{name} {upload.scale}")
    while len(pictures) > _MOST_PICTURES:
        del pictures[next(iter(pictures))]
    return picture


def _pictures() -> dict[str, Picture]:
    pictures: dict[str, Picture] = st.session_state.setdefault(_PICTURES, {})
    return pictures
