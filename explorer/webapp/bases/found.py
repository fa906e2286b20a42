"""The basis of an image at a noise level: computed in short turns that can be stopped, and kept for all visits."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Generator
from threading import Lock

import numpy as np
import streamlit as st
import torch

from explorer.measures.geometry.bases import Basis, denoiser_basis_steps
from explorer.measures.image.dimensionality import local_dimensionality
from explorer.measures.shared.noise import noisy_image
from explorer.models.checkpoints import Checkpoint
from explorer.units import noise_variance_from_psnr
from explorer.webapp.shell.loaders import infer
from explorer.webapp.shell.work import Advance, Report

__all__ = ["content", "finding", "image_dimensionality", "known_basis"]

_TURN = 0.2  # seconds
_KEPT = 48  # bases, of 4 MB at most
_DRAWS = 8

_Key = tuple[str, bytes, float]


class _Known:
    """The bases that were found last."""

    def __init__(self) -> None:
        self._found: OrderedDict[_Key, Basis] = OrderedDict()
        self._lock = Lock()

    def get(self, key: _Key) -> Basis | None:
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
            return self._found.get(key)

    def keep(self, key: _Key, basis: Basis) -> None:
        with self._lock:
            self._found[key] = basis
            while len(self._found) > _KEPT:
                self._found.popitem(last=False)


@st.cache_resource(show_spinner=False)
def _known() -> _Known:
    return _Known()


def content(checkpoint: Checkpoint, x: np.ndarray, psnr: float) -> _Key:
    """What a basis follows from: the model, the image in its values ``(C, H, W)``, and the noise in dB."""
    return checkpoint.fingerprint, x.tobytes(), psnr


def known_basis(checkpoint: Checkpoint, x: np.ndarray, psnr: float) -> Basis | None:
    """The basis where it was found before, on any visit."""
    return _known().get(content(checkpoint, x, psnr))


def finding(checkpoint: Checkpoint, x: np.ndarray, psnr: float) -> Advance[Basis | None]:
    """What goes on to find the basis, turn by turn."""
    under_way: list[Generator[float, None, Basis]] = []

    def advance(_before: Basis | None, report: Report) -> tuple[Basis | None, float]:
        found = known_basis(checkpoint, x, psnr)
        if found is not None:
            return found, 1.0
        if not under_way:
            t = noise_variance_from_psnr(psnr)
            under_way.append(denoiser_basis_steps(checkpoint.model, noisy_image(checkpoint.values, x, t), t))
        try:
            found, share = infer(_turn, under_way[0])
        except Exception:
            under_way.clear()  # a generator that failed is at its end
            raise
        if found is not None:
            under_way.clear()
            _known().keep(content(checkpoint, x, psnr), found)
        report(share)
        return found, share

    return advance


def _turn(steps: Generator[float, None, Basis]) -> tuple[Basis | None, float]:
    """Go on for a moment."""
    began, share = time.monotonic(), 0.0
    while time.monotonic() - began < _TURN:
        try:
            share = next(steps)
        except StopIteration as done:
            basis: Basis = done.value
            return basis, 1.0
    return None, share


@st.cache_data(show_spinner=False, max_entries=200, hash_funcs={Checkpoint: lambda checkpoint: checkpoint.fingerprint})
def image_dimensionality(checkpoint: Checkpoint, x: np.ndarray, psnr: float) -> float:
    """Local dimensionality of an image by its denoising error, averaged over draws of the noise."""
    values, t = checkpoint.values, noise_variance_from_psnr(psnr)
    image = torch.from_numpy(x)[None] + values.dither(checkpoint.model.image_shape)
    return float(infer(local_dimensionality, checkpoint.model, image, [t], _DRAWS).denoising[0, 0])
