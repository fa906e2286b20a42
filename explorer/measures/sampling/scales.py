"""Photographs drawn from a multi-scale density, from coarse to fine: given a coarse image, or from nothing.

From nothing, the base is drawn first. Then, for each level ``l`` down to 0, the details are drawn given the coarser
image by a sampler of `explorer.measures.sampling.samplers` that works on `GivenCoarse`: from the model's Gaussian of
the details at the largest noise to noise of variance ``t0 / 4^l``. They are left with that noise, and so is the image
that they make, which is what the next level is given. At the end there is a sample of ``p(x_0, t0)``.

The chain of a scale starts at the model's `t_max`, where its Gaussian and its energy differ by the order of a nat an
image. There is no later start: the divergence grows with the number of details, and with it the noise at which it is
small, so that at most a tenth of the steps could be left out, for which it would have to be measured anew for each
coarse image.

    for state in draw_photographs(model, size=256, count=4, coarse=picture, steps=30):
        show(state.images, state.share)          # to stop, ask for no more
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from explorer.errors import ExplorerError
from explorer.measures.sampling.plan import follow, plan
from explorer.measures.sampling.start import gaussian_of
from explorer.measures.shared.noise import noise_generator
from explorer.models.details import GivenCoarse
from explorer.models.haar import inverse_haar
from explorer.models.multiscale import MultiscaleDensity

__all__ = ["Drawn", "draw_photographs", "sizes_above"]


class _Pieces(NamedTuple):
    """Images that are put together only where somebody looks: of many photographs, one changes at a time.

    Attributes:
        coarse: the coarser images, shape ``(n, C, h, w)``; None where the pieces are images.
        pieces: details of each image, shape ``(1, 3C, h, w)``, or the images themselves.
    """

    coarse: Tensor | None
    pieces: tuple[Tensor, ...]

    def together(self) -> Tensor:
        """The images, ``(n, C, 2h, 2w)``, on the model's device."""
        pieces = torch.cat(self.pieces)
        return pieces if self.coarse is None else inverse_haar(2 * self.coarse, pieces)


@dataclass(frozen=True, eq=False)
class Drawn:
    """Photographs on their way. They take their steps in turn, and there is a state after each.

    Attributes:
        level: how often a photograph of the size that was asked for is halved to have theirs; 0 at the end.
        share: of the work, in [0, 1].
        y: at the end, samples of ``p(., t0)``; None before.
    """

    _denoised: _Pieces
    level: int
    share: float
    y: Tensor | None = None

    @property
    def images(self) -> Tensor:
        """As far as they are known, denoised, in the model's values, shape ``(n, C, S, S)``; not clipped. They grow
        from scale to scale."""
        return self._denoised.together().cpu()


def sizes_above(side: int, most: int = 1024) -> list[int]:
    """Sizes of photographs that can be drawn from a coarse image of this side: twice as large, and so on."""
    return [side * 2**k for k in range(1, most.bit_length()) if side * 2**k <= most]


def draw_photographs(
    model: MultiscaleDensity,
    size: int,
    count: int = 4,
    coarse: Tensor | None = None,
    *,
    sampler: str = "flow",
    steps: int = 30,
    seed: int = 0,
) -> Iterator[Drawn]:
    """Photographs of `size` x `size` pixels, state by state. Each is computed when it is asked for.

    Args:
        model: a multi-scale density.
        size: in pixels, a power of two times the side of `coarse`, or of the base.
        count: number of photographs, at least 1. They advance together, but each is drawn by itself.
        coarse: one square image in the model's values, shape ``(C, h, h)``, whose details are drawn: each of its pixels
            is the mean of those of the photograph. The base draws it when None, another one for each photograph.
        sampler: a key of `explorer.measures.sampling.samplers.SAMPLERS`.
        steps: of the sampler at each scale, at least 1.
        seed: of all that is drawn; photograph `k` is the same however many are drawn of one coarse image.

    Raises:
        ExplorerError: the size cannot be made, there is nothing to draw, the sampler is not known, or an energy is not
            finite.
    """
    side = model.base.image_shape[1] if coarse is None else coarse.shape[-1]
    levels = round(math.log2(size / side))
    if size != side * 2**levels or (levels < 1 if coarse is not None else levels < 0):
        sizes = ", ".join(map(str, sizes_above(side)))
        raise ExplorerError(f"Photographs of {size} pixels cannot be drawn from {side}. Choose one of {sizes}.")
    if count < 1:
        raise ExplorerError(f"At least one photograph must be drawn, not {count}.")
    generator = noise_generator(seed)
    seeds = torch.randint(2**31, (count, levels + 1), generator=generator).tolist()
    positions = [(side * 2 ** (levels - level - 1)) ** 2 for level in range(levels)]  # what a scale takes, about
    whole, done = sum(positions) + (0 if coarse is not None else side**2), 0
    if coarse is not None:
        noise = torch.randn(count, *coarse.shape, generator=generator)
        x = (coarse + math.sqrt(model.t0 / 4**levels) * noise).to(model.device)
    else:
        for part in _base(model, model.t0 / 4**levels, count, sampler, steps, seeds[0][levels]):
            x = part.y.together()
            share = part.share * side**2 / whole
            yield Drawn(part.denoised, levels, share, x.cpu() if levels == 0 and part.share == 1 else None)
        done = side**2
    for level in reversed(range(levels)):
        for part in _details(model, x, level, sampler, steps, [each[level] for each in seeds]):
            share = (done + part.share * positions[level]) / whole
            y = part.y.together().cpu() if level == 0 and part.share == 1 else None
            yield Drawn(part.denoised, level, share, y)
        x, done = part.y.together(), done + positions[level]


class _Part(NamedTuple):
    """State of one scale: denoised images; with their noise; share of the work of this scale, 1 at its end."""

    denoised: _Pieces
    y: _Pieces
    share: float


def _base(model: MultiscaleDensity, t: float, count: int, sampler: str, steps: int, seed: int) -> Iterator[_Part]:
    """Images of the base down to noise of variance `t`."""
    way = plan(model.base, sampler, steps, t_end=t, late=gaussian_of(model.base) is not None)
    for state in follow(model.base, way, count, seed):
        yield _Part(_Pieces(None, (state.denoised,)), _Pieces(None, (state.y,)), state.gradients / way.gradients)


def _details(
    model: MultiscaleDensity, x: Tensor, level: int, sampler: str, steps: int, seeds: Sequence[int]
) -> Iterator[_Part]:
    """Images of `level`, from coarser ones with their noise, shape ``(n, C, h, w)``. Each is drawn by itself, and they
    take their steps in turn; before its first, an image has no details."""
    given = [GivenCoarse(model.step(level), coarse, level, model.t0 / 4**level) for coarse in torch.split(x, 1)]
    way = plan(given[0], sampler, steps)
    ways = [follow(each, way, 1, seed) for each, seed in zip(given, seeds, strict=True)]
    unknown = torch.zeros(1, *given[0].image_shape).to(x)
    denoised, noisy, gradients = [unknown] * len(ways), [unknown] * len(ways), [0] * len(ways)
    for _ in way.ts:
        for place, states in enumerate(ways):
            state = next(states)
            denoised[place], noisy[place], gradients[place] = state.denoised, state.y, state.gradients
            share = sum(gradients) / (len(ways) * way.gradients)
            yield _Part(_Pieces(x, tuple(denoised)), _Pieces(x, tuple(noisy)), share)
