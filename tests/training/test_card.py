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


@pytest.mark.parametrize(("split", "words"), [("validation", "On 3 validation images of"), ("all", "On 3 images of")])
def test_the_part_that_was_measured(tiny_checkpoint: Checkpoint, split: str, words: str) -> None:
    levels = [{"psnr": 40.0, "denoised_psnr": None}]
    metrics = {"images": 3, "levels": levels, "bits_per_dimension": BITS, "split": split}
    config = tiny_checkpoint.config.model_copy(update={"metrics": metrics})
    assert words in checkpoint_card("tiny", config)


@pytest.mark.parametrize(
    ("training", "expected"),
    [
        ({"training_pictures": 1618}, "- 1,618 pictures, the largest middle square of each.\n"),
        (
            {"training_pictures": 6804, "views": 16, "min_shrink": 2.5},
            "- 6,804 pictures, 16 views of each: random squares of random size, shrunk at least 2.5 times by an area "
            "average (where the picture is large enough).\n",
        ),
        (
            {"training_pictures": 100, "views": 1, "part": 1, "parts": 2, "pictures": 100},
            "- One training picture in 2, from number 1 on, of these 100, evenly spaced.\n",
        ),
        ({"parts": 500, "part": 0}, "- One training picture in 500, from number 0 on.\n"),
    ],
)
def test_the_card_says_what_was_trained_on(
    tiny_checkpoint: Checkpoint, training: dict[str, Any], expected: str
) -> None:
    config = tiny_checkpoint.config.model_copy(update={"training": training})
    assert expected in checkpoint_card("tiny", config)


def test_views_are_in_the_command(tiny_checkpoint: Checkpoint) -> None:
    config = tiny_checkpoint.config.model_copy(update={"training": {"views": 4, "min_shrink": 2.5}})
    assert "--views 4 --min-shrink 2.5" in checkpoint_card("tiny", config)


def test_the_optimizer_is_told(tiny_checkpoint: Checkpoint) -> None:
    config = tiny_checkpoint.config.model_copy(update={"training": {"learning_rate": 0.003, "muon": 0.02}})
    card = checkpoint_card("tiny", config)
    assert "learning rate 0.003, of Muon 0.02" in card
    assert "--learning-rate 0.003" in card
    assert "--muon 0.02" in card


@pytest.mark.parametrize(("notes", "lines"), [(["One.", 2, "Two."], 2), ("One.", 0), (None, 0)])
def test_notes_are_lines_of_the_card(tiny_checkpoint: Checkpoint, notes: object, lines: int) -> None:
    config = tiny_checkpoint.config.model_copy(update={"training": {"notes": notes}})
    card = checkpoint_card("tiny", config)
    assert sum(line in ("- One.", "- Two.") for line in card.splitlines()) == lines
