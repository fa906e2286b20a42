"""A U-Net, conditioned on a vector in every layer.

The architecture is that of Guth, Kadkhodaie and Simoncelli (2025, arXiv 2506.05310, appendix): `num_scales` encoder
blocks whose output is kept as a skip, a middle block, and decoder blocks that read the skips; convolution without bias
-> conditioning -> GELU throughout. There are two kinds of conditioning:

- `ConditionalNorm`, the paper's, equalizes the power of the channels and keeps the total. The output grows in
  proportion to the input as far as the smooth nonlinearity allows: such a network does not see how large its input is.
- `ConditionalScale` only multiplies and adds. The network sees the amplitude of its input, everywhere; its curvature
  is bounded where a normalization would divide by a power that is nearly zero.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

__all__ = ["Layer", "UNet", "UNetConfig", "check_image_shape_fits"]


class UNetConfig(BaseModel):
    """Shape of the network.

    Attributes:
        base_width: channels at the finest scale; scale ``k`` has ``base_width * 2**k``.
        num_scales: number of encoder (and decoder) blocks; the middle block works ``2**num_scales`` times coarser.
        encoder_layers, middle_layers, decoder_layers: convolutions per block.
        patch: the input is folded into ``patch x patch`` blocks first (pixel unshuffle), so that the finest scale works
            on fewer positions with more channels.
        group_size: channels that share one normalization power.
        embedding_dim: length of the conditioning vector.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_width: int = Field(64, ge=1, le=512)
    num_scales: int = Field(2, ge=1, le=6)
    encoder_layers: int = Field(2, ge=1, le=8)
    middle_layers: int = Field(3, ge=2, le=8)
    decoder_layers: int = Field(2, ge=2, le=8)
    patch: int = Field(1, ge=1, le=8)
    group_size: int = Field(1, ge=1)
    embedding_dim: int = Field(128, ge=1, le=1024)

    @model_validator(mode="after")
    def _whole_groups(self) -> UNetConfig:
        if self.base_width % self.group_size:
            raise ValueError(f"{self.base_width} channels do not divide into groups of {self.group_size}.")
        return self

    @property
    def size_multiple(self) -> int:
        """Height and width of an image must be multiples of this."""
        return self.patch * (1 << self.num_scales)


def check_image_shape_fits(image_shape: tuple[int, int, int], config: UNetConfig) -> None:
    """Return if the network can work on images of this shape.

    Raises:
        ValueError: the number of channels is not 1 or 3, or height or width is out of range or not divisible.
    """
    channels, height, width = image_shape
    if channels not in (1, 3) or min(height, width) < 1 or max(height, width) > 1024:
        raise ValueError(f"Images have 1 or 3 channels and 1 to 1024 pixels a side, not {image_shape}.")
    multiple = config.size_multiple
    if height % multiple or width % multiple:
        raise ValueError(
            f"A network with patch {config.patch} and {config.num_scales} scales needs a height and width "
            f"that are multiples of {multiple}, not {height} x {width}."
        )


class ConditionalNorm(nn.Module):
    """Equalize the power of channels, keep the total, and scale by a function of the conditioning vector.

    With ``v_c`` the variance of channel ``c`` over space (of its group, for ``group_size > 1``): subtract the spatial
    mean, multiply by ``sqrt(mean_c(v) / (v_c + 1e-5) + 1e-5)``, by a learned weight, and by ``1 + A e``.
    """

    def __init__(self, channels: int, group_size: int, embedding_dim: int) -> None:
        super().__init__()
        if channels % group_size:
            raise ValueError(f"{channels} channels do not divide into groups of {group_size}.")
        self.group_size = group_size
        self.weight = nn.Parameter(torch.ones(channels))
        self.condition = nn.Linear(embedding_dim, channels)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        batch, channels = x.shape[:2]
        x = x - x.mean((2, 3), keepdim=True)
        power = x.square().mean((2, 3))
        if self.group_size > 1:
            groups = power.view(batch, -1, self.group_size).mean(2, keepdim=True)
            power = groups.expand(-1, -1, self.group_size).reshape(batch, channels)
        gain = torch.sqrt(power.mean(1, keepdim=True) / (power + 1e-5) + 1e-5)
        gain = gain * self.weight * (1 + self.condition(embedding))
        normalized: Tensor = x * gain[:, :, None, None]
        return normalized


class ConditionalScale(nn.Module):
    """``(1 + A e) x + B e`` by channel, with ``e`` the conditioning vector; begins as the identity."""

    def __init__(self, channels: int, embedding_dim: int) -> None:
        super().__init__()
        self.condition = nn.Linear(embedding_dim, 2 * channels)
        nn.init.zeros_(self.condition.weight)
        nn.init.zeros_(self.condition.bias)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        scale, shift = self.condition(embedding)[:, :, None, None].chunk(2, 1)
        scaled: Tensor = x * (1 + scale) + shift
        return scaled


class Layer(nn.Module):
    """Convolution -> conditioning -> GELU."""

    def __init__(
        self, conv: nn.Conv2d | nn.ConvTranspose2d, channels: int, config: UNetConfig, normalize: bool
    ) -> None:
        super().__init__()
        self.conv = conv
        self.norm: nn.Module
        if normalize:
            self.norm = ConditionalNorm(channels, config.group_size, config.embedding_dim)
        else:
            self.norm = ConditionalScale(channels, config.embedding_dim)
            # Nothing else keeps the power from layer to layer; 2 makes up for what a GELU takes of it.
            fan_in = conv.weight.numel() // conv.out_channels
            if isinstance(conv, nn.ConvTranspose2d):
                fan_in = conv.in_channels
            nn.init.normal_(conv.weight, std=math.sqrt(2 / fan_in))

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        return F.gelu(self.norm(self.conv(x), embedding))


class Block(nn.ModuleList):
    """Layers one after the other, all with the same conditioning vector."""

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        for layer in self:
            x = layer(x, embedding)
        return x


def _same(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)


def _down(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 2, stride=2, bias=False)


def _up(inputs: int, outputs: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(inputs, outputs, 2, stride=2, bias=False)


class UNet(nn.Module):
    """``(B, in_channels, H, W), (B, embedding_dim) -> (B, out_channels, H, W)``.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        config: shape of the network. Height and width must be multiples of ``config.size_multiple``.
        normalize: condition by `ConditionalNorm`, otherwise by `ConditionalScale`.

    Attributes:
        convolution_dtype: what the layers compute in; `torch.bfloat16` is faster where the hardware has it, and good
            to about three digits. Inputs and outputs are float32 either way.
    """

    def __init__(self, in_channels: int, out_channels: int, config: UNetConfig, normalize: bool = True) -> None:
        super().__init__()
        self.config = config
        self.convolution_dtype = torch.float32
        fold = config.patch**2
        widths = [config.base_width * 2**k for k in range(config.num_scales + 1)]

        self.encoder = nn.ModuleList()
        for k in range(config.num_scales):
            width = widths[k]
            first = _same(in_channels * fold, width) if k == 0 else _down(widths[k - 1], width)
            convs = [first, *(_same(width, width) for _ in range(config.encoder_layers - 1))]
            self.encoder.append(Block(Layer(conv, width, config, normalize) for conv in convs))

        width, above = widths[-1], widths[-2]
        convs = [_down(above, width), *(_same(width, width) for _ in range(config.middle_layers - 2))]
        self.middle = Block(Layer(conv, width, config, normalize) for conv in convs)
        self.middle.append(Layer(_up(width, above), above, config, normalize))

        self.decoder = nn.ModuleList()
        for k in reversed(range(config.num_scales)):
            width = widths[k]
            convs = [_same(2 * width, width), *(_same(width, width) for _ in range(config.decoder_layers - 2))]
            block = Block(Layer(conv, width, config, normalize) for conv in convs)
            if k > 0:
                block.append(Layer(_up(width, widths[k - 1]), widths[k - 1], config, normalize))
            self.decoder.append(block)
        self.output = _same(widths[0], out_channels * fold)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        if self.convolution_dtype == torch.float32:
            return self._layers(x, embedding)
        with torch.autocast(x.device.type, self.convolution_dtype):
            return self._layers(x, embedding).float()

    def _layers(self, x: Tensor, embedding: Tensor) -> Tensor:
        patch = self.config.patch
        if patch > 1:
            x = F.pixel_unshuffle(x, patch)
        skips = []
        for block in self.encoder:
            x = block(x, embedding)
            skips.append(x)
        x = self.middle(x, embedding)
        for block in self.decoder:
            x = block(torch.cat((x, skips.pop()), 1), embedding)
        x = self.output(x)
        return F.pixel_shuffle(x, patch) if patch > 1 else x
