"""The files of a catalog.

    meta.json             which model, which images, which columns, and log p of a few reference images
    profile.json          local dimensionality and log p of the data set at each noise level
    part-00000.parquet    the first rows, one an image; part-00001.parquet has the next, and so on

A part has 128 rows, or as many more as keep the number of parts at 256 or less: 5,120 for the images of ImageNet.

Every part carries the identity of the catalog in its own metadata, and checksums of its pages. A part is therefore
right or wrong on its own, whoever wrote it and whatever else is in the folder: a builder writes those that are not
right, several builders may work at once, and a build that was killed resumes where it stopped.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from explorer.catalog.columns import Column, catalog_columns
from explorer.errors import ExplorerError
from explorer.home import FileVersion, file_version, write_atomically
from explorer.images import check_image_shape

__all__ = [
    "FORMAT_VERSION",
    "CatalogMeta",
    "Identity",
    "Marks",
    "part_is_whole",
    "part_path",
    "part_rows",
    "read_meta",
    "write_part",
]

FORMAT_VERSION: Final = 2

_SMALLEST_PART = 128
_MOST_PARTS = 256
_MOST_ROWS = 2**40

_STRICT = ConfigDict(extra="forbid", frozen=True)
_IDENTITY_KEY = b"explorer_catalog"


class Identity(BaseModel):
    """What a catalog is of. Two catalogs with the same identity hold the same numbers.

    Attributes:
        format_version: of the files.
        checkpoint_fingerprint, store_fingerprint: of the model and of the images.
        rows: number of images.
        part_rows: number of images in each part but the last.
        psnrs: noise levels in dB at which local dimensionality is stored.
    """

    model_config = _STRICT

    format_version: Literal[2] = FORMAT_VERSION
    checkpoint_fingerprint: str
    store_fingerprint: str
    rows: int = Field(ge=1, le=_MOST_ROWS)
    part_rows: int = Field(ge=1, le=_MOST_ROWS)
    psnrs: tuple[Annotated[float, Field(allow_inf_nan=False)], ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, in their order on disk."""
        return catalog_columns(self.psnrs)

    @property
    def parts(self) -> int:
        """Number of parts."""
        return -(-self.rows // self.part_rows)

    def part_range(self, part: int) -> range:
        """Indices of the images in one part."""
        return range(part * self.part_rows, min((part + 1) * self.part_rows, self.rows))

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema of a part, with this identity in its metadata."""
        fields = [pa.field(column.name, column.type) for column in self.columns]
        return pa.schema(fields, metadata={_IDENTITY_KEY: self.model_dump_json().encode()})


class Marks(BaseModel):
    """log p, in nats, of images that everybody knows. None where the model gives no finite value.

    Attributes:
        constant: the most probable constant image.
        constant_value: its value in [0, 1].
        mid_gray: the constant image in the middle of the range.
        noise: mean over images whose pixels are independent and uniform over all values.
    """

    model_config = _STRICT

    constant: float | None = Field(allow_inf_nan=False)
    constant_value: float = Field(allow_inf_nan=False)
    mid_gray: float | None = Field(allow_inf_nan=False)
    noise: float | None = Field(allow_inf_nan=False)


class CatalogMeta(BaseModel):
    """Content of ``meta.json``.

    Attributes:
        identity: what the catalog is of.
        checkpoint, dataset: names, for people.
        image_shape: ``(C, H, W)``.
        t0: noise variance at which log p is reported.
        levels: number of cells a pixel value.
        units: unit of each column.
        marks: log p of reference images.
    """

    model_config = _STRICT

    identity: Identity
    checkpoint: str
    dataset: str
    image_shape: tuple[int, int, int]
    t0: float = Field(ge=0, allow_inf_nan=False)
    levels: int = Field(ge=2, le=256)
    units: dict[str, str]
    marks: Marks

    def __hash__(self) -> int:
        return hash(self.identity)  # equal ones have the same; `units` is a dict

    @field_validator("image_shape")
    @classmethod
    def _of_images(cls, image_shape: tuple[int, int, int]) -> tuple[int, int, int]:
        return check_image_shape(image_shape)

    @property
    def dimensions(self) -> int:
        """``d``, the number of pixel values of an image."""
        channels, height, width = self.image_shape
        return channels * height * width


def part_rows(rows: int) -> int:
    """Number of rows of each part of a catalog of `rows` images: a multiple of 128 that gives 256 parts at most."""
    return _SMALLEST_PART * max(1, -(-rows // (_SMALLEST_PART * _MOST_PARTS)))


def part_path(folder: Path, part: int) -> Path:
    """Path of one part."""
    return folder / f"part-{part:05d}.parquet"


def write_part(folder: Path, part: int, table: pa.Table, identity: Identity) -> None:
    """Write one part atomically.

    Raises:
        ExplorerError: the disk is full or the folder cannot be written.
    """
    with write_atomically(part_path(folder, part)) as path:
        pq.write_table(table.cast(identity.schema), path, compression="zstd", write_page_checksum=True)


def part_is_whole(folder: Path, part: int, identity: Identity) -> bool:
    """Whether a part is there, whole, and of this catalog. All bytes are checked, once for each version of the file."""
    try:
        version = file_version(part_path(folder, part))
    except OSError:
        return False
    return _is_whole(version, part, identity)


@lru_cache(maxsize=8192)
def _is_whole(version: FileVersion, part: int, identity: Identity) -> bool:
    try:
        with pq.ParquetFile(version.path, page_checksum_verification=True) as file:
            if not file.schema_arrow.equals(identity.schema, check_metadata=True):
                return False
            indices = file.read().column("index").to_numpy()
    except (OSError, pa.ArrowException):
        return False
    return np.array_equal(indices, np.array(identity.part_range(part)))


def read_meta(folder: Path) -> CatalogMeta:
    """Read ``meta.json``.

    Raises:
        ExplorerError: it is missing, damaged, or of another version.
    """
    path = folder / "meta.json"
    try:
        return CatalogMeta.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ExplorerError(f"There is no catalog in {folder} ({error.strerror}). Build it first.") from error
    except ValidationError as error:
        raise ExplorerError(
            f"The catalog description {path} is damaged or of another version. Build the catalog again."
        ) from error
