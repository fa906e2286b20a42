"""One image under the microscope: what a model is shown, how probable it finds it, and what it would change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from explorer.images import ROUNDING, Values
from explorer.measures.shared.noise import NOISE_SEED, noisy_image
from explorer.measures.shared.scoring import denoise_batched, log_prob_batched
from explorer.models.base import EnergyModel
from explorer.perturbations import Perturbation, perturb

__all__ = ["Denoised", "Probed", "denoise_once", "probe"]


@dataclass(frozen=True)
class Probed:
    """An image before and after a perturbation.

    Attributes:
        pixels: the image before, uint8 ``(C, H, W)``.
        x: the image after, in the model's values, float32 ``(C, H, W)``; it may leave [0, 1].
        perturbed_pixels: `x` in 8 bits, rounded and clipped, uint8 ``(C, H, W)``.
        coded_pixels: `perturbed_pixels` in the levels of the model, uint8 ``(C, H, W)``: the image of which a model and
            a codec can be compared, since a file holds nothing between two levels, and nothing out of range.
        log_prob: of the perturbed image `x`, in nats.
        original_log_prob: of the image before, in nats.
        coded_log_prob: of `coded_pixels`, in nats.
    """

    pixels: np.ndarray
    x: np.ndarray
    perturbed_pixels: np.ndarray
    coded_pixels: np.ndarray
    log_prob: float
    original_log_prob: float
    coded_log_prob: float

    @property
    def above(self) -> int:
        """How many values of the perturbed image are greater than 1, by more than 8 bits round away."""
        return int((self.x > 1 + ROUNDING).sum())

    @property
    def below(self) -> int:
        """How many values of the perturbed image are less than 0, by more than 8 bits round away."""
        return int((self.x < -ROUNDING).sum())


def probe(
    model: EnergyModel,
    values: Values,
    pixels: np.ndarray,
    perturbation: Perturbation,
    denoise_t: float | None = None,
) -> Probed:
    """Perturb an image and ask for log p before, after, and as a file would hold it, in one batch; of an image that
    stays as it is, once.

    Args:
        model: an energy model.
        values: its value convention.
        pixels: uint8, shape ``(C, H, W)``.
        perturbation: what to do to the image.
        denoise_t: noise variance at which the model denoises the image, last of all; None when it shall not.
    """
    centers = values.centers(torch.from_numpy(pixels)[None])
    x = denoise_batched(model, values, perturb(centers, perturbation, values), denoise_t)
    perturbed_pixels = values.to_pixels(x)
    coded = values.centers(perturbed_pixels)
    # Not twice the same image: in one batch the two may differ by rounding, and a change of nothing would show.
    different: list[Tensor] = []
    places = []
    for image in (x, centers, coded):
        place = next((i for i, other in enumerate(different) if torch.equal(image, other)), len(different))
        if place == len(different):
            different.append(image)
        places.append(place)
    log_prob = log_prob_batched(model, torch.cat(different) + values.dither(tuple(pixels.shape))).tolist()
    after, before, as_file = (log_prob[place] for place in places)
    coded_pixels = values.in_levels(perturbed_pixels)
    return Probed(pixels, x[0].numpy(), perturbed_pixels[0].numpy(), coded_pixels[0].numpy(), after, before, as_file)


@dataclass(frozen=True)
class Denoised:
    """A noisy image and what a model makes of it, in the model's values, float32 ``(C, H, W)``.

    Attributes:
        noisy: ``y = x + sqrt(t) eps``.
        denoised: ``D(y, t) = E[x | y]``.
        score: ``grad_y log p(y, t)``, in nats per unit of a value.
    """

    noisy: np.ndarray
    denoised: np.ndarray
    score: np.ndarray


def denoise_once(model: EnergyModel, values: Values, x: np.ndarray, t: float, seed: int = NOISE_SEED) -> Denoised:
    """Add noise of variance `t` to an image, and denoise it with one backward pass.

    Args:
        model: an energy model.
        values: its value convention.
        x: the image in the model's values, float32 ``(C, H, W)``.
        t: noise variance, positive.
        seed: of the noise.
    """
    noisy = noisy_image(values, x, t, seed).to(model.device)
    score = model.derivatives(noisy, t).score
    denoised = noisy + t * score
    return Denoised(*(image[0].cpu().numpy() for image in (noisy, denoised, score)))
