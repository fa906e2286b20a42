"""Evaluation of a checkpoint: its figures against what they are made of."""

import math

import numpy as np
import pytest
import torch

from explorer.measures.dataset.evaluation import LEVELS, evaluate
from explorer.measures.image.codecs import lossless_bits
from explorer.measures.shared.scoring import log_prob_batched, model_input
from explorer.models.checkpoints import Checkpoint


def pixels(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 1, 8, 8), dtype=np.uint8)


def test_figures_are_consistent(tiny_checkpoint: Checkpoint) -> None:
    images = pixels(30)
    seen = []
    metrics = evaluate(
        tiny_checkpoint.model,
        tiny_checkpoint.values,
        images,
        progress=lambda done, total: seen.append((done, total)),
    ).as_dict()
    bits = metrics["bits_per_dimension"]
    assert bits["gap"] == pytest.approx(bits["energy"] - bits["i_mmse"])
    assert len(metrics["levels"]) == LEVELS
    assert seen[-1] == (LEVELS, LEVELS)
    x = model_input(tiny_checkpoint.values, torch.from_numpy(images))
    mean = float(log_prob_batched(tiny_checkpoint.model, x).double().mean())
    assert bits["code_length"] == pytest.approx(-mean / 64 / math.log(2) + math.log2(17))
    assert bits["energy"] == pytest.approx(metrics["levels"][0]["mean_energy"] / 64 / math.log(2) + math.log2(17))


def test_codecs_code_the_images_that_the_model_codes(tiny_checkpoint: Checkpoint) -> None:
    """All of them, and of a model that tells 17 levels apart no more than that."""
    images = pixels(520)
    images[500:] = 0  # the last are easy
    found = evaluate(tiny_checkpoint.model, tiny_checkpoint.values, images)
    same = tiny_checkpoint.values.in_levels(torch.from_numpy(images)).numpy()
    assert len(np.unique(same)) == 17
    for codec in ("PNG", "JPEG XL"):
        expected = np.mean([lossless_bits(image)[codec] for image in same]) / 64
        assert found.codecs[codec] == pytest.approx(expected)
    assert found.nll.images == 520


def test_log_prob_does_not_depend_on_the_batch_size(tiny_checkpoint: Checkpoint) -> None:
    x = model_input(tiny_checkpoint.values, torch.from_numpy(pixels(10)))
    torch.testing.assert_close(
        log_prob_batched(tiny_checkpoint.model, x, batch_size=3), log_prob_batched(tiny_checkpoint.model, x)
    )
    assert len(log_prob_batched(tiny_checkpoint.model, x[:0])) == 0
