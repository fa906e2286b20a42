"""Rows do not depend on how the work is cut."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from explorer.catalog.build import build_catalog
from explorer.catalog.layout import Identity
from explorer.catalog.scoring import reference_images, reference_marks, score_rows
from explorer.data.store import Store
from explorer.models.checkpoints import Checkpoint


@pytest.fixture
def identity(checkpoint: Checkpoint, store: Store) -> Identity:
    return build_catalog(checkpoint, store).meta.identity


@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_batches_do_not_matter(checkpoint: Checkpoint, store: Store, identity: Identity, batch_size: int) -> None:
    def scored(size: int | None) -> pa.Table:
        return score_rows(checkpoint.model, checkpoint.values, store.pixels, store.labels, 5, identity, size)

    whole, cut = scored(None), scored(batch_size)
    assert cut.column("index").to_pylist() == list(range(5, 45))
    for name in whole.column_names:
        expected = whole.column(name).to_numpy()
        assert cut.column(name).to_numpy() == pytest.approx(expected, rel=1e-4, abs=1e-3), name


def test_it_tells_each_batch_and_ends_when_it_is_stopped(
    checkpoint: Checkpoint, store: Store, identity: Identity
) -> None:
    told: list[tuple[int, int | None]] = []

    def progress(done: int, total: int | None) -> None:
        told.append((done, total))
        if done > 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_rows(checkpoint.model, checkpoint.values, store.pixels, store.labels, 0, identity, 9, progress)
    assert told == [(9, 40), (18, 40), (27, 40)]


def test_pixels_may_be_read_only(checkpoint: Checkpoint, store: Store, identity: Identity) -> None:
    pixels = np.array(store.pixels)
    pixels.flags.writeable = False
    assert score_rows(checkpoint.model, checkpoint.values, pixels, store.labels, 0, identity).num_rows == 40


def test_what_images_are_compared_with_tells_how_far_it_is(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, int | None]] = []
    marks = reference_marks(checkpoint.model, checkpoint.values, lambda *call: told.append(call))
    assert told == sorted(told)
    assert told[-1] == (256 + 16, 256 + 16)
    monkeypatch.setattr("explorer.catalog.scoring._CONSTANT_VALUES", 20 * 64)  # as if the images were large
    constants, _ = reference_images(checkpoint.model, checkpoint.values)
    assert constants[:, 0, 0, 0].tolist() == sorted({*range(0, 256, 13), 128})
    few = reference_marks(checkpoint.model, checkpoint.values)
    assert (few.mid_gray, few.noise) == pytest.approx((marks.mid_gray, marks.noise), rel=1e-6)
    assert few.constant_value == pytest.approx(marks.constant_value, abs=13 / 255)
    assert few.constant is not None
    assert marks.constant is not None
    assert few.constant <= marks.constant + 1e-3
