"""Training a conditional energy: the trainer of any energy with another model, source and objective.

A sample is the details and the coarse image of one Haar step, stacked as the channels of one tensor, with a last plane
that says the level: ``(B, 4C + 1, h, w)``. The objective is dual score matching in the details alone,

    space:  || sqrt(t) grad_d U(d + sqrt(t) eps, t | c) - eps ||^2 / n
    time:   ( (1 - ||eps||^2 / n) / 2  -  t dU/dt / n )^2 ,

and, where asked for, the heat equation in the details; ``n`` is the number of details. The coarse
image has the noise of its level, which is drawn with the sample.

**A direct beginning.** The gradient of an energy takes three times as long to train as a network that says the score,
and learns less from each step at first. So a run may begin with `ConditionalEnergy.direct_score`, by denoising score
matching, and make an energy of that network afterwards.

**Levels.** A stored image of side ``S`` is halved ``r`` times, ``r`` drawn anew for each step. What comes out is the
mean of ``4^r`` dequantized pixels, that is, ``x_r`` of the image as it is: level ``r``. Or it is rounded to 8 bits and
dequantized again, and is then ``x_0`` of an image that was shrunk more: level 0. So the network sees every level with
the fine noise that belongs to it, and level 0 at several scales. A halved image has a quarter of the details, so a step
takes ``2^r`` times as many.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from explorer.images import Values
from explorer.models.conditional import ConditionalEnergy, ConditionalEnergyConfig
from explorer.models.haar import haar, halve
from explorer.training.config import TrainingConfig
from explorer.training.objective import DualLosses, dual_score_losses, heat_losses
from explorer.training.sources import ImageSource
from explorer.training.trainer import HeatPoints, Trainer

__all__ = [
    "ConditionalConfig",
    "ConditionalModelConfig",
    "ConditionalSource",
    "ConditionalTrainer",
    "conditional_heat_losses",
    "conditional_losses",
    "direct_losses",
    "pack",
    "unpack",
]

_SHARE_OF_NEXT = 0.5  # each further halving is taken half as often
_SMALLEST = 16  # a sample has at least so many pixels a side


class ConditionalModelConfig(ConditionalEnergyConfig):
    """Architecture of a conditional energy, and the images that it is trained on.

    Attributes:
        image_shape: ``(C, S, S)`` of the stored images; ``S`` even.
        anchor: always true: far noise is as well known as with any Gaussian anchor.
    """

    image_shape: tuple[int, int, int]
    anchor: bool = True

    @model_validator(mode="after")
    def _same_channels(self) -> ConditionalModelConfig:
        channels, height, width = self.image_shape
        if channels != self.channels or height != width or height % 2 or height < _SMALLEST:
            raise ValueError(
                f"Images of {self.channels} channels and an even side of at least {_SMALLEST} pixels are needed, "
                f"not {self.image_shape}."
            )
        return self

    @property
    def architecture(self) -> ConditionalEnergyConfig:
        """The architecture alone, as a checkpoint has it."""
        return ConditionalEnergyConfig.model_validate(self.model_dump(exclude={"image_shape", "anchor"}))


class ConditionalConfig(TrainingConfig):
    """A `TrainingConfig` of a conditional energy.

    Attributes:
        model: architecture and training images.
        requantized: share of the steps with halved images in which these are rounded to 8 bits again.
    """

    model: ConditionalModelConfig  # type: ignore[assignment]  # the trainer asks for shape, noise and anchor alone
    heat_weight: float = Field(0.0, ge=0)
    requantized: float = Field(0.5, ge=0, le=1)


def pack(details: Tensor, coarse: Tensor, level: float) -> Tensor:
    """Details ``(B, 3C, h, w)`` and coarse image ``(B, C, h, w)`` as one sample ``(B, 4C + 1, h, w)``."""
    return torch.cat((details, coarse, torch.full_like(coarse[:, :1], level)), 1)


def unpack(packed: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Details, coarse image and level ``(B,)`` of a sample."""
    channels = packed.shape[1] // 4
    return packed[:, : 3 * channels], packed[:, 3 * channels : -1], packed[:, -1, 0, 0]


@dataclass(frozen=True, eq=False)
class ConditionalSource:
    """Samples of Haar steps, from images in [0, 1].

    Attributes:
        images: where images of 8 bits come from, dequantized.
        values: how 8-bit pixels become values in [0, 1].
        t0: noise variance of the pixels at which log p is reported.
        requantized: see `ConditionalConfig`.
    """

    images: ImageSource
    values: Values
    t0: float
    requantized: float = 0.5

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """One Haar step at one level, the same for all images, `count` of them or more; the coarse image has its
        noise."""
        x = self.images.sample(count, generator)
        halvings = _halvings(x.shape[-1])
        weights = _SHARE_OF_NEXT ** torch.arange(halvings + 1.0)
        times = int(torch.multinomial(weights.to(generator.device), 1, generator=generator))
        level = times
        if times:
            x = halve(torch.cat((x, self.images.sample((2**times - 1) * count, generator))), times)
            if torch.rand((), generator=generator, device=generator.device) < self.requantized:
                level, x = 0, self.values.dequantized(self.values.to_pixels(x), generator)
        side = x.shape[-1] // 2 * 2
        coarse, details = haar(x[..., :side, :side])
        noise = torch.randn(coarse.shape, generator=generator, device=generator.device)
        return pack(details, coarse / 2 + (self.t0 / 4 ** (level + 1)) ** 0.5 * noise, level)

    def statistics(self, most: int, generator: torch.Generator) -> Tensor:
        """Images for `ConditionalEnergy.fit_statistics`, at most `most`."""
        return self.images.statistics(most, generator)


Energy = Callable[[Tensor, Tensor], Tensor]


def conditional_losses(energy: Energy, packed: Tensor, eps: Tensor, t: Tensor) -> DualLosses:
    """`dual_score_losses` in the details alone.

    Args:
        energy: of packed samples and noise variances of their details.
        packed: samples, shape ``(B, 4C + 1, h, w)``.
        eps: standard normal noise, same shape; that of the details is used.
        t: noise variances as of level 0, shape ``(B,)``.
    """
    details, _, level = unpack(packed)
    return dual_score_losses(_of_details(energy, packed), details, eps[:, : details.shape[1]], t / 4**level)


def conditional_heat_losses(energy: Energy, packed: Tensor, t: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """`heat_losses` in the details alone.

    Args:
        energy: of packed samples and noise variances of their details.
        packed: points, shape ``(B, 4C + 1, h, w)``.
        t: noise variances of the details, shape ``(B,)``.
        first, second: independent random signs, of the shape of the details.
    """
    return heat_losses(_of_details(energy, packed), unpack(packed)[0], t, first, second)


def _of_details(energy: Energy, packed: Tensor) -> Energy:
    """The energy as a function of the details, or of several times as many, one after the other."""
    given = packed[:, len(packed[0]) // 4 * 3 :]

    def energy_of_details(details: Tensor, t: Tensor) -> Tensor:
        return energy(torch.cat((details, given.repeat(len(details) // len(given), 1, 1, 1)), 1), t)

    return energy_of_details


def direct_losses(score: Energy, packed: Tensor, eps: Tensor, t: Tensor) -> DualLosses:
    """Denoising score matching of `ConditionalEnergy.direct_score`, ``|| sqrt(t) score + eps ||^2 / n``.

    The time loss is zero: there is no energy. Arguments as for `conditional_losses`, with a score in place of it.
    """
    details, _, level = unpack(packed)
    bands = details.shape[1]
    variance = t / 4**level
    sigma = variance.sqrt().view(-1, 1, 1, 1)
    noisy = torch.cat((details + sigma * eps[:, :bands], packed[:, bands:]), 1)
    space = (sigma * score(noisy, variance) + eps[:, :bands]).square().flatten(1).mean(1)
    return DualLosses(space, torch.zeros_like(space))


class _Packed(nn.Module):
    """A conditional energy as a function of packed samples and noise variances."""

    def __init__(self, conditional: ConditionalEnergy) -> None:
        super().__init__()
        self.conditional = conditional

    def forward(self, packed: Tensor, t: Tensor) -> Tensor:
        details, coarse, level = unpack(packed)
        return self.conditional.energy(details, t, coarse, level)


class _PackedScore(_Packed):
    """Its direct score likewise."""

    def forward(self, packed: Tensor, t: Tensor) -> Tensor:
        details, coarse, level = unpack(packed)
        return self.conditional.direct_score(details, t, coarse, level)


class ConditionalTrainer(Trainer):
    """A `Trainer` of a conditional energy; its model is `conditional`.

    Args:
        config: what to train.
        images: images of ``config.model.image_shape``, in [0, 1].
        most: images that the anchor is taken from.
        direct: train the direct score, not the energy.

    Attributes:
        in_training: the model with the weights of the last step.
    """

    def __init__(self, config: ConditionalConfig, images: ImageSource, most: int = 2000, direct: bool = False) -> None:
        source = ConditionalSource(images, config.values, config.model.noise.t0, config.requantized)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            model = ConditionalEnergy(config.model.architecture)
        model.fit_statistics(source.statistics(most, torch.Generator().manual_seed(config.seed)))
        self.in_training = model
        if direct:
            super().__init__(config, source, _PackedScore(model), direct_losses)
        else:
            super().__init__(config, source, _Packed(model), conditional_losses)
        if config.bfloat16:  # the averaged weights were copied before
            model.convolution_dtype = torch.bfloat16

    @property
    def conditional(self) -> ConditionalEnergy:
        """The model with the averaged weights."""
        averaged = self.averaged.conditional
        assert isinstance(averaged, ConditionalEnergy)
        return averaged

    def _heat_points(self, images: Tensor, generator: torch.Generator) -> HeatPoints:
        """Those of any training, with noise on the details alone, and as much of it as their level has."""
        points = super()._heat_points(images, generator)
        packed = images[: len(points.t)].to(self.device)
        details, _, level = unpack(packed)
        bands = details.shape[1]
        noise = (points.y[:, :bands] - details) / 2 ** level.view(-1, 1, 1, 1)
        y = torch.cat((details + noise, packed[:, bands:]), 1)
        return HeatPoints(y, points.t / 4**level, points.first[:, :bands], points.second[:, :bands])

    def _heat_loss(self, parameters: dict[str, Tensor], points: tuple[Tensor, ...]) -> Tensor:
        return conditional_heat_losses(self._network(parameters), *points).mean()


def _halvings(side: int) -> int:
    """How often an image can be halved with at least `_SMALLEST` pixels a side left."""
    times = 0
    while side // 2 ** (times + 1) >= _SMALLEST:
        times += 1
    return times
