"""Cards are written whatever the metrics lack."""

from __future__ import annotations

from typing import Any

import pytest

from explorer.models.checkpoints import Checkpoint
from explorer.training.card import checkpoint_card

BITS = {"energy": 2.0, "i_mmse": None, "gap": None}


@pytest.mark.parametrize(
    ("metrics", "title"),
    [
        ({}, False),
        ({"images": 3}, False),
        ({"images": 3, "levels": [{"psnr": 40.0, "denoised_psnr": None}]}, False),
        ({"images": 3, "levels": [{"psnr": 40.0, "denoised_psnr": None}], "bits_per_dimension": BITS}, True),
    ],
)
def test_what_is_missing_is_left_out(tiny_checkpoint: Checkpoint, metrics: dict[str, Any], title: bool) -> None:
    config = tiny_checkpoint.config.model_copy(update={"metrics": metrics, "training": {"parts": "many"}})
    card = checkpoint_card("tiny", config)
    assert ("What it reaches" in card) == title
    assert ("| – |" in card) == title
