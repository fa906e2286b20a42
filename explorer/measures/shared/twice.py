"""Convolutions and GELUs that are cheap to differentiate twice.

A product of a Hessian with a vector is a backward pass through a gradient. In PyTorch the second derivative of a
convolution also computes that by the weights, which nobody asks for here, and that of a GELU evaluates its exponentials
anew for each vector. But a convolution is a linear map whose derivative is its adjoint, and the derivative of that is
the map itself:

    y = W x,        dL/dx = W^T dL/dy,        d(W^T g) = W^T dg,

and the two derivatives of a GELU, ``x Phi(x)``, are ``Phi + x phi`` and ``(2 - x^2) phi``, with ``Phi`` the normal
distribution and ``phi`` its density: they are computed once. The numbers are the same but for rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.overrides import TorchFunctionMode

__all__ = ["CheapSecondDerivatives"]


class CheapSecondDerivatives(TorchFunctionMode):
    """A context in which the convolutions and GELUs of any network have cheap second derivatives by their input.

    They have none by the weights of convolutions, and a GELU has no third ones.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        found: Tensor | None = None
        if func is F.gelu and len(args) == 1 and kwargs.get("approximate", "none") == "none":
            found = _apply(_Gelu, *args, _apply(_GeluSlope, *args))
        elif func is F.conv2d:
            found = _convolved(*args, **kwargs)
        elif func is F.conv_transpose2d:
            found = _convolved_transposed(*args, **kwargs)
        return func(*args, **kwargs) if found is None else found


_Sides = int | Sequence[int]  # one number for height and width, or one of each
_Settings = tuple[Sequence[int], Sequence[int], Sequence[int], bool, Sequence[int], int]
"""Stride, padding, dilation, whether it is transposed, output padding, and groups, for `torch.convolution`."""


def _convolved(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: _Sides = 1,
    padding: _Sides | str = 0,
    dilation: _Sides = 1,
    groups: int = 1,
) -> Tensor | None:
    """What ``torch.conv2d`` gives; None where it is left to do it."""
    if isinstance(padding, str):
        return None
    return _by_settings(input, weight, bias, (_two(stride), _two(padding), _two(dilation), False, (0, 0), groups))


def _convolved_transposed(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: _Sides = 1,
    padding: _Sides = 0,
    output_padding: _Sides = 0,
    groups: int = 1,
    dilation: _Sides = 1,
) -> Tensor | None:
    """What ``torch.conv_transpose2d`` gives; None where it is left to do it."""
    settings = (_two(stride), _two(padding), _two(dilation), True, _two(output_padding), groups)
    return _by_settings(input, weight, bias, settings)


def _two(sides: _Sides) -> Sequence[int]:
    return (sides, sides) if isinstance(sides, int) else tuple(sides)


def _by_settings(x: Tensor, weight: Tensor, bias: Tensor | None, settings: _Settings) -> Tensor | None:
    if x.dim() != 4 or weight.grad_fn is not None or _autocast(x.device.type):
        return None
    y: Tensor = _apply(_Convolution, x, weight.detach(), settings)
    return y if bias is None else y + bias.detach().view(-1, 1, 1)


def _autocast(device: str) -> bool:
    return torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)


def _apply(function: type[torch.autograd.Function], *arguments: Any) -> Tensor:
    result: Tensor = function.apply(*arguments)
    return result


class _Convolution(torch.autograd.Function):
    """``W x``."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, settings: _Settings) -> Tensor:
        ctx.weight, ctx.shape, ctx.settings = weight, x.shape, settings
        y: Tensor = torch.ops.aten.convolution(x, weight, None, *settings)
        return y

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return _apply(_Adjoint, gradient, ctx.weight, ctx.shape, ctx.settings), None, None


class _Adjoint(torch.autograd.Function):
    """``W^T y``, of the shape of ``x``."""

    @staticmethod
    def forward(ctx: Any, y: Tensor, weight: Tensor, shape: torch.Size, settings: _Settings) -> Tensor:
        ctx.weight, ctx.settings = weight, settings
        like = y.new_empty(1).expand(shape)
        x: Tensor = torch.ops.aten.convolution_backward(y, like, weight, None, *settings, [True, False, False])[0]
        return x

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        return _apply(_Convolution, gradient, ctx.weight, ctx.settings), None, None, None


class _Gelu(torch.autograd.Function):
    """``x Phi(x)``, given its slope as a function of ``x``."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, slope: Tensor) -> Tensor:
        ctx.save_for_backward(slope)
        return F.gelu(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (slope,) = ctx.saved_tensors
        return gradient * slope, None


class _GeluSlope(torch.autograd.Function):
    """``Phi(x) + x phi(x)``."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        density = torch.exp(-0.5 * x.square()) / math.sqrt(2 * math.pi)
        ctx.save_for_backward((2 - x.square()) * density)
        slope: Tensor = torch.ops.aten.gelu_backward(torch.ones_like(x), x)
        return slope

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (curvature,) = ctx.saved_tensors
        product: Tensor = gradient * curvature
        return product
