"""The bits of an image as work that is done in short turns, shared by all visits and kept by content.

A map takes the model some fifty gradients, seconds where a slider must be answered in tenths. A page asks for a turn
only while somebody looks (`explorer.webapp.widgets.on_screen`), and what else it has to do comes in between.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator

import numpy as np
import streamlit as st
import torch

from explorer.measures.image.bits import ImageBits, image_bits_steps
from explorer.models.checkpoints import Checkpoint
from explorer.models.devices import inference_batch_size
from explorer.webapp.shell.loaders import infer

__all__ = ["SurpriseWork", "surprise_of_pixels", "surprise_work"]

_TURN = 0.15  # seconds
_PARTS = 8  # of the batch that is fastest, so that one step is short


class SurpriseWork:
    """The bits of one image under one model.

    Attributes:
        share: how much is done, in [0, 1].
        seconds: that it took so far.
        result: None until it is done.
    """

    def __init__(self, steps: Generator[float, None, ImageBits]) -> None:
        self.share = 0.0
        self.seconds = 0.0
        self.result: ImageBits | None = None
        self._steps = steps
        self._lock = threading.Lock()

    def take_turn(self, seconds: float = _TURN) -> None:
        """Go on for about `seconds`, or let another visit that is at it."""
        if not self._lock.acquire(timeout=seconds):
            return
        try:
            began = time.monotonic()
            while self.result is None and time.monotonic() - began < seconds:
                infer(self._step)
            self.seconds += time.monotonic() - began
        finally:
            self._lock.release()

    def _step(self) -> None:
        try:
            self.share = next(self._steps)
        except StopIteration as done:
            self.share, self.result = 1.0, done.value


@st.cache_resource(
    show_spinner=False, max_entries=64, hash_funcs={Checkpoint: lambda checkpoint: checkpoint.fingerprint}
)
def surprise_work(checkpoint: Checkpoint, x: np.ndarray) -> SurpriseWork:
    """The bits of an image, in the model's values ``(C, H, W)`` before dequantization; nothing is computed yet."""
    model = checkpoint.model
    batch = max(1, inference_batch_size(model.dimensions, model.device) // _PARTS)
    return SurpriseWork(image_bits_steps(model, checkpoint.values, x, batch_size=batch))


def surprise_of_pixels(checkpoint: Checkpoint, pixels: np.ndarray) -> SurpriseWork:
    """The same for an image of 8 bits, uint8 ``(C, H, W)``."""
    return surprise_work(checkpoint, checkpoint.values.centers(torch.from_numpy(np.array(pixels))).numpy())
