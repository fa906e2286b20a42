"""The energy of details given a coarse image, local, for images of any size.

The Haar transform (`explorer.models.haar`) takes an image ``x_l`` to a coarse image and details. Both are used here in
units in which images have values in [0, 1]: the coarse image is the mean of four pixels, ``c = x_{l+1}``, and the
details ``d`` are the orthonormal ones of ``x_l``. *Level* ``l`` counts how often the photograph was halved before the
step: an image ``x_l``, the mean of ``4^l`` pixels with noise of variance ``t0`` each, has noise ``t0 / 4^l``. The
energy

    U(d, t | c, l) = -log p(d, t | c)    [nats]

is of details with noise of variance ``t`` given a coarse image with noise ``s = t0 / 4^(l + 1)``. One network serves
all levels, as far as images are self-similar; it is told the level.

**Anchor.** Let ``z = A (d - P c)``, with ``P`` a linear prediction from ``3 x 3`` neighbors in ``c`` and ``A`` the
principal axes of its residual, whose variances are ``lambda``. The best Gaussian of this form has the energy

    U_gauss = sum over positions and bands of  1/2 [ log(2 pi (lambda + t)) + z^2 / (lambda + t) ],

exact, at any size. The network adds what is not Gaussian, position by position:

    U = U_gauss + w(t) sum over positions of [ 1/2 <v^, f> + g + c(t) ],        w = mean(lambda) / (mean(lambda) + t).

**Local amplitude.** With ``v = z / sqrt(lambda + t)`` the network reads ``v^ = v / a``, where ``a^2`` is the mean of
``v^2`` over bands and ``5 x 5`` positions, plus a share of the noise's own power, which keeps the energy smooth where
the image drowns in noise. So a faint texture looks like a strong one; how strong it is stands beside it, in
``log a^2``, band by band. The coarse image enters by its brightness and by its derivatives: over their own local
amplitude, and over that of the details. `f` (as many channels as bands) and `g` (one) are the outputs of 3 x 3
convolutions at the positions of the details, without normalization, so that nothing but the neighborhood counts.

References: Guth, Coste, De Bortoli and Mallat 2022 (wavelet score-based generative modeling); Kadkhodaie, Guth, Mallat
and Simoncelli 2023 (arXiv 2303.02984, local conditional models); Guth, Kadkhodaie and Simoncelli 2025 (arXiv
2506.05310, dual score matching).
"""

from __future__ import annotations

import math
from typing import Annotated, Literal, NamedTuple

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from explorer.models.base import GaussianEnergy, sum_pixels
from explorer.models.details import ConditionalModel
from explorer.models.dual import LogNoiseFeatures, NoiseRange
from explorer.models.haar import haar

__all__ = ["ConditionalEnergy", "ConditionalEnergyConfig", "DetailsGaussian"]

Dilation = Annotated[int, Field(ge=0, le=32)]

_NOISE_FLOOR = 0.3
_TINY = 1e-6
_WINDOW = 5  # positions a side over which amplitudes are measured
_DERIVATIVES = (
    ((0.0, 0.0, 0.0), (-0.5, 0.0, 0.5), (0.0, 0.0, 0.0)),
    ((0.0, -0.5, 0.0), (0.0, 0.0, 0.0), (0.0, 0.5, 0.0)),
    ((0.0, 0.25, 0.0), (0.25, -1.0, 0.25), (0.0, 0.25, 0.0)),
)


class ConditionalEnergyConfig(BaseModel):
    """Everything that decides the architecture of a `ConditionalEnergy`.

    Attributes:
        channels: ``C``, 1 for gray and 3 for color.
        noise: range of noise variances of the details at level 0; at level ``l`` it is ``4^l`` times lower.
        most_levels: number of levels that the network is made for.
        width: channels of the convolutions.
        dilations: of each residual 3 x 3 convolution; 0 is a 1 x 1 convolution.
        embedding_dim: length of the vector that conditions the layers on noise and level.
        frequencies: number of Fourier frequencies of ``log t``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    channels: Literal[1, 3] = 1
    noise: NoiseRange
    most_levels: int = Field(5, ge=1, le=12)
    width: int = Field(48, ge=1, le=512)
    dilations: tuple[Dilation, ...] = Field((1, 1, 1, 1, 1, 1, 1, 1), max_length=64)
    embedding_dim: int = Field(64, ge=1, le=1024)
    frequencies: int = Field(8, ge=1, le=64)

    @property
    def reach(self) -> int:
        """How many positions away a detail, or coarse pixel, may be to count for the energy of a position."""
        return _WINDOW // 2 + 1 + sum(self.dilations)

    @property
    def receptive_field(self) -> int:
        """Positions a side of which the energy of one position depends on the details; an odd number."""
        return _WINDOW + 2 * sum(self.dilations)


class _Block(nn.Module):
    """``h + conv(gelu((1 + A e) h + B e + b))``, beginning as the identity."""

    def __init__(self, width: int, dilation: int, embedding_dim: int) -> None:
        super().__init__()
        size = 3 if dilation else 1
        self.condition = nn.Linear(embedding_dim, 2 * width)
        self.conv = nn.Conv2d(width, width, size, padding=dilation, dilation=max(1, dilation))
        for parameter in (*self.condition.parameters(), *self.conv.parameters()):
            nn.init.zeros_(parameter)
        nn.init.normal_(self.conv.weight, std=0.5 / math.sqrt(width * size**2))

    def forward(self, h: Tensor, embedding: Tensor) -> Tensor:
        scale, shift = self.condition(embedding)[:, :, None, None].chunk(2, 1)
        change: Tensor = self.conv(F.gelu(h * (1 + scale) + shift))
        return h + change


class _Parts(NamedTuple):
    """What an energy and a score are made of: ``z``, ``lambda + t``, ``v^``, ``v^ / z``, the output of the
    convolutions, and the features of noise and level."""

    z: Tensor
    total: Tensor
    whitened: Tensor
    scale: Tensor
    output: Tensor
    noise: Tensor


class ConditionalEnergy(ConditionalModel):
    """See the module's docstring.

    Args:
        config: architecture and noise range.

    Before training, call `fit_statistics`; a checkpoint restores what it finds: the prediction ``P``
    ``(3C, 9 C)``, the axes ``A`` ``(3C, 3C)`` and the variances ``lambda`` ``(3C,)``.

    Attributes:
        convolution_dtype: what the convolutions compute in; see `explorer.models.unet.UNet`.
    """

    prediction: Tensor
    axes: Tensor
    variances: Tensor
    derivative_filters: Tensor

    def __init__(self, config: ConditionalEnergyConfig) -> None:
        super().__init__()
        self.config = config
        self.t_min, self.t_max = config.noise.t_min, config.noise.t_max
        self.convolution_dtype = torch.float32
        channels, bands = config.channels, 3 * config.channels
        self.register_buffer("prediction", torch.zeros(bands, 9 * channels))
        self.register_buffer("axes", torch.eye(bands))
        self.register_buffer("variances", torch.ones(bands))
        self.register_buffer("derivative_filters", torch.tensor(_DERIVATIVES)[:, None], persistent=False)
        lowest = config.noise.t_min / 4 ** (config.most_levels - 1)
        wide = NoiseRange(t_min=lowest, t0=config.noise.t0, t_max=config.noise.t_max)
        self.noise_features = LogNoiseFeatures(wide, config.frequencies)
        dim = config.embedding_dim
        features = 2 * config.frequencies + 2
        self.embedding = nn.Sequential(nn.Linear(features, dim), nn.SiLU(), nn.Linear(dim, dim), nn.SiLU())
        inputs = 4 * bands + channels + 2
        self.first = nn.Conv2d(inputs, config.width, 1)
        self.blocks = nn.ModuleList(_Block(config.width, dilation, dim) for dilation in config.dilations)
        self.output = nn.Conv2d(config.width + inputs, bands + 1, 1)
        self.offset = nn.Linear(features, 1, bias=False)
        for layer in (self.output, self.offset):
            for parameter in layer.parameters():
                nn.init.zeros_(parameter)

    @torch.no_grad()
    def fit_statistics(self, images: Tensor) -> None:
        """Take prediction, axes and variances from images in [0, 1] with even sides, shape ``(N, C, H, W)``."""
        bands = 3 * self.config.channels
        moments = torch.zeros(bands + 9 * self.config.channels, bands + 9 * self.config.channels, dtype=torch.float64)
        positions = 0
        for part in torch.split(images, 64):
            coarse, details = haar(part)
            rows = torch.cat((details, _neighbors(coarse / 2)), 1).transpose(0, 1).flatten(1).double()
            moments += (rows @ rows.T).cpu()
            positions += rows.shape[1]
        moments /= positions
        both, inputs = moments[:bands, bands:], moments[bands:, bands:]
        ridge = 1e-9 * inputs.diagonal().mean() * torch.eye(len(inputs), dtype=torch.float64)
        prediction = torch.linalg.solve(inputs + ridge, both.T).T
        residual = moments[:bands, :bands] - prediction @ both.T
        variances, axes = torch.linalg.eigh((residual + residual.T) / 2)
        self.prediction.copy_(prediction)
        self.axes.copy_(axes.T)
        self.variances.copy_(variances.clamp_min(1e-9))

    def gaussian(self, coarse: Tensor) -> DetailsGaussian:
        return DetailsGaussian(self._predicted(coarse), self.axes, self.variances)

    def local_energy(self, details: Tensor, t: Tensor, coarse: Tensor, level: Tensor) -> Tensor:
        parts = self._parts(details, t, coarse, level)
        gaussian = _gaussian_energy(parts.z, parts.total).sum(1)
        pairing = 0.5 * (parts.whitened * parts.output[:, :-1]).sum(1)
        correction: Tensor = pairing + parts.output[:, -1] + self.offset(parts.noise).unsqueeze(2)
        return gaussian + self._weight(t).view(-1, 1, 1) * correction

    def direct_score(self, details: Tensor, t: Tensor, coarse: Tensor, level: Tensor) -> Tensor:
        """A score read from the output of the network, not from the gradient of an energy; of the shape of `details`.

        If ``f`` were linear in ``v^`` and symmetric, and the local amplitude constant, the gradient of ``1/2 <v^, f>``
        in ``v^`` would be ``f``, and

            - A^T [ z / (lambda + t) + w(t) f / (a sqrt(lambda + t)) ]

        would be the score of `local_energy` but for the part of ``g``. They are not, but the weights that make this a
        good score, at a third of the cost of a step, are a good beginning for the energy
        (`explorer.training.conditional`).

        Args:
            details, t, coarse, level: as for `local_energy`.
        """
        parts = self._parts(details, t, coarse, level)
        network = self._weight(t).view(-1, 1, 1, 1) * parts.output[:, :-1] * parts.scale
        return -torch.einsum("kn,bkhw->bnhw", self.axes, parts.z / parts.total + network)

    def _weight(self, t: Tensor) -> Tensor:
        mean_variance = self.variances.mean()
        return mean_variance / (mean_variance + t)

    def _parts(self, details: Tensor, t: Tensor, coarse: Tensor, level: Tensor) -> _Parts:
        bands = self.variances.view(1, -1, 1, 1)
        mean_variance = self.variances.mean()
        variance = t.view(-1, 1, 1, 1)
        total = bands + variance
        z = torch.einsum("kn,bnhw->bkhw", self.axes, details - self._predicted(coarse))

        v = z / total.sqrt()
        floor = _NOISE_FLOOR * variance / total
        band_power = _local_mean(v.square()) + floor + _TINY
        power = band_power.mean(1, keepdim=True)
        whitened = v * power.rsqrt()
        slopes = F.conv2d(
            F.pad(coarse, (1, 1, 1, 1), "replicate"),
            self.derivative_filters.repeat(self.config.channels, 1, 1, 1),
            groups=self.config.channels,
        )
        coarse_noise = self.config.noise.t0 / 4 ** (level + 1)
        slope_power = _local_mean(slopes.square()).mean(1, keepdim=True) + coarse_noise.view(-1, 1, 1, 1)
        inputs = torch.cat(
            (
                whitened,
                0.5 * band_power.log(),
                slopes * slope_power.rsqrt(),
                torch.asinh(slopes * ((mean_variance + variance) * power).rsqrt()),
                0.5 * power.log(),
                0.5 * (slope_power / mean_variance).log(),
                4 * coarse - 2,
            ),
            1,
        )
        noise = torch.cat((self.noise_features(t), level[:, None] / 4, (t / coarse_noise).log()[:, None] / 10), 1)
        output = self._network(inputs, self.embedding(noise))
        return _Parts(z, total, whitened, (power * total).rsqrt(), output, noise)

    def _predicted(self, coarse: Tensor) -> Tensor:
        return torch.einsum("kn,bnhw->bkhw", self.prediction, _neighbors(coarse))

    def _network(self, inputs: Tensor, embedding: Tensor) -> Tensor:
        if self.convolution_dtype == torch.float32:
            return self._layers(inputs, embedding)
        with torch.autocast(inputs.device.type, self.convolution_dtype):
            return self._layers(inputs, embedding).float()

    def _layers(self, inputs: Tensor, embedding: Tensor) -> Tensor:
        h: Tensor = self.first(inputs)
        for block in self.blocks:
            h = block(h, embedding)
        output: Tensor = self.output(torch.cat((h, inputs), 1))
        return output


class DetailsGaussian(GaussianEnergy):
    """The anchor of one coarse image: ``d = P c + A^T z``, ``z`` independent with the variances ``lambda``.

    Args:
        mean: ``P c``, shape ``(1, 3C, h, w)``.
        axes: ``A``, shape ``(3C, 3C)``.
        variances: ``lambda``, shape ``(3C,)``.
    """

    mean: Tensor
    axes: Tensor
    variances: Tensor

    def __init__(self, mean: Tensor, axes: Tensor, variances: Tensor) -> None:
        super().__init__()
        _, bands, height, width = mean.shape
        self.image_shape = (bands, height, width)
        self.register_buffer("mean", mean)
        self.register_buffer("axes", axes)
        self.register_buffer("variances", variances)

    def draw(self, t: float, normal: Tensor) -> Tensor:
        z = (self.variances + t).sqrt().view(1, -1, 1, 1) * normal.to(self.mean)
        return self.mean + torch.einsum("kn,bkhw->bnhw", self.axes, z)

    def energy(self, y: Tensor, t: Tensor) -> Tensor:
        z = torch.einsum("kn,bnhw->bkhw", self.axes, y - self.mean)
        return sum_pixels(_gaussian_energy(z, self.variances.view(1, -1, 1, 1) + t.view(-1, 1, 1, 1)))


def _gaussian_energy(z: Tensor, total: Tensor) -> Tensor:
    energy: Tensor = 0.5 * (torch.log(2 * math.pi * total) + z.square() / total)
    return energy


def _neighbors(coarse: Tensor) -> Tensor:
    """The 3 x 3 neighbors of each coarse pixel, shape ``(B, 9 C, h, w)``; at a border its pixels are repeated."""
    height, width = coarse.shape[2:]
    padded = F.pad(coarse, (1, 1, 1, 1), "replicate")
    shifted = [padded[:, :, i : i + height, j : j + width] for i in range(3) for j in range(3)]
    return torch.cat(shifted, 1)


def _local_mean(x: Tensor) -> Tensor:
    """Mean over the window around each position, as far as it lies in the image."""
    return F.avg_pool2d(x, _WINDOW, 1, _WINDOW // 2, count_include_pad=False)
