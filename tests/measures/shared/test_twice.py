"""Second derivatives of convolutions and GELUs, against those of PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from explorer.measures.shared.twice import CheapSecondDerivatives


def network() -> nn.Sequential:
    torch.manual_seed(0)
    layers = (
        nn.Conv2d(2, 6, 3, padding=1),
        nn.GELU(),
        nn.Conv2d(6, 4, 2, stride=2, bias=False),
        nn.GELU(approximate="tanh"),
        nn.Conv2d(4, 4, 3, padding="same", padding_mode="circular", groups=2),
        nn.SiLU(),
        nn.Conv2d(4, 8, 3, padding=(2, 1), dilation=(2, 1)),
        nn.GELU(),
        nn.ConvTranspose2d(8, 3, 3, stride=2, padding=1, output_padding=1, groups=1),
        nn.GELU(),
        nn.Conv2d(3, 1, 3, padding="same"),
    )
    return nn.Sequential(*layers).double()


def derivatives(function: Callable[[Tensor], Tensor], x: Tensor, v: Tensor, cheap: bool) -> tuple[Tensor, ...]:
    """Value, gradient and product of the Hessian, twice: the second time from the same graph."""
    x = x.detach().requires_grad_()
    with CheapSecondDerivatives() if cheap else nullcontext():
        value = function(x)
        (gradient,) = torch.autograd.grad(value, x, create_graph=True)
    products = [torch.autograd.grad(gradient, x, each, retain_graph=True)[0] for each in (v, 2 * v)]
    return value.detach(), gradient.detach(), *products


def both(function: Callable[[Tensor], Tensor]) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    x, v = torch.randn(2, 3, 2, 8, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return derivatives(function, x, v, cheap=True), derivatives(function, x, v, cheap=False)


@pytest.mark.parametrize("trained", [True, False])
def test_they_are_those_of_pytorch(trained: bool) -> None:
    net = network().requires_grad_(trained)
    for found, expected in zip(*both(lambda x: (net(x).square() + net(x)).sum()), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


def test_weights_that_depend_on_the_input_are_left_to_pytorch() -> None:
    def function(x: Tensor) -> Tensor:
        return F.conv2d(x, weight=x[:, :, :3, :3], padding=1).square().sum()

    for found, expected in zip(*both(function), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


def test_a_product_takes_two_convolutions_for_each_of_the_network() -> None:
    class Counted(TorchDispatchMode):
        convolutions = exponentials = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
            self.convolutions += "convolution" in str(func)
            self.exponentials += any(name in str(func) for name in ("exp.", "erf", "gelu"))
            return func(*args, **(kwargs or {}))

    net = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.GELU(), nn.ConvTranspose2d(4, 1, 2, stride=2))
    counts = []
    for context in (CheapSecondDerivatives(), nullcontext()):
        x = torch.randn(2, 1, 8, 8).requires_grad_()
        with context:
            (gradient,) = torch.autograd.grad(net(x).square().sum(), x, create_graph=True)
        with Counted() as counted:
            torch.autograd.grad(gradient, x, torch.ones_like(x), retain_graph=True)
        counts.append((counted.convolutions, counted.exponentials > 0))
    assert counts[0] == (4, False)
    assert counts[1][0] > 4


def test_low_precision_and_single_images_are_left_to_pytorch() -> None:
    conv, x = nn.Conv2d(1, 2, 3), torch.randn(1, 1, 8, 8)
    with CheapSecondDerivatives():
        torch.testing.assert_close(conv(x[0]), conv(x)[0])
        with torch.autocast("cpu", torch.bfloat16):
            assert conv(x).dtype == torch.bfloat16
