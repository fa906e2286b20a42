"""HEIC files, whole and damaged."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.decoding import begins_as_image, read_image
from explorer.errors import ExplorerError
from tests.heic import HEIC


def test_a_phone_s_heic_file_is_turned_once() -> None:
    assert begins_as_image(HEIC)
    image = read_image(HEIC)
    pixels = np.asarray(image.convert("L"))
    assert image.size == (128, 64)
    assert pixels[:, :60].max() < 10
    assert pixels[:, 68:].min() > 245


@pytest.mark.parametrize("share", [0.05, 0.3, 0.7, 0.9, 0.99])
def test_a_truncated_heic_file(share: float) -> None:
    with pytest.raises(ExplorerError, match=r"(is damaged or truncated|is not an image)"):
        read_image(HEIC[: int(len(HEIC) * share)])


def test_a_heic_file_of_too_many_pixels() -> None:
    side = (10_000).to_bytes(4, "big")
    place = HEIC.index(b"ispe") + 8
    with pytest.raises(ExplorerError):
        read_image(HEIC[:place] + side + side + HEIC[place + 8 :])


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.data())
def test_a_damaged_heic_file_gives_an_image_or_a_sentence(data: st.DataObject) -> None:
    damaged = bytearray(HEIC)
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ExplorerError):
        assert read_image(bytes(damaged)).mode in ("L", "RGB")
