"""The wavelet transform against its definition and against PyWavelets."""

from __future__ import annotations

import pytest
import pywt
import torch

from explorer.wavelets import detail_mask, inverse_wavelet_transform, levels, wavelet_transform

SIZES = [(8, 8), (28, 28), (32, 32), (64, 64), (16, 48), (9, 9)]


def images(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize(
    ("size", "count"), [((8, 8), 1), ((28, 28), 2), ((32, 32), 3), ((64, 64), 4), ((9, 9), 0), ((1, 1), 0)]
)
def test_levels(size: tuple[int, int], count: int) -> None:
    assert levels(*size) == count


@pytest.mark.parametrize("size", SIZES)
def test_orthogonal_and_inverted(size: tuple[int, int]) -> None:
    x = images(3, 2, *size)
    coefficients = wavelet_transform(x)
    torch.testing.assert_close(coefficients.square().sum((-2, -1)), x.square().sum((-2, -1)))
    torch.testing.assert_close(inverse_wavelet_transform(coefficients), x)


@pytest.mark.parametrize("size", [(8, 8), (32, 32), (16, 48)])
@pytest.mark.filterwarnings("ignore:Level value")
def test_same_as_pywavelets(size: tuple[int, int]) -> None:
    x = images(*size)
    theirs = pywt.wavedec2(x.numpy(), "db3", mode="periodization", level=levels(*size))
    for level in range(1, levels(*size) + 1):  # from the coarsest band to the finest
        below_left, above_right, _ = theirs[level]
        h, w = below_left.shape
        ours = wavelet_transform(x)[: 2 * h, : 2 * w]
        torch.testing.assert_close(ours[h:, :w], torch.from_numpy(below_left))
        torch.testing.assert_close(ours[:h, w:], torch.from_numpy(above_right))
    h, w = theirs[0].shape
    torch.testing.assert_close(wavelet_transform(x)[:h, :w], torch.from_numpy(theirs[0]))


def test_polynomials_have_no_details_inside() -> None:
    """Three vanishing moments: a parabola has details only where the border wraps."""
    line = torch.linspace(0, 1, 32, dtype=torch.float64) ** 2
    coefficients = wavelet_transform(line.expand(32, 32).clone())
    assert coefficients[:16, 17:31].abs().max() < 1e-12
    assert coefficients[:16, 16].abs().min() > 1e-2


def test_constant_image_is_all_approximation() -> None:
    coefficients = wavelet_transform(torch.full((1, 32, 32), 0.7))
    assert coefficients[:, detail_mask(32, 32)].abs().max() < 1e-5
    torch.testing.assert_close(coefficients[0, :4, :4], torch.full((4, 4), 0.7 * 8))


def test_mask_counts_details() -> None:
    assert int(detail_mask(32, 32).sum()) == 32 * 32 - 16
    assert not detail_mask(9, 9).any()


def test_gradients_pass() -> None:
    x = images(1, 1, 8, 8).requires_grad_()
    assert torch.autograd.gradcheck(lambda y: inverse_wavelet_transform(wavelet_transform(y) ** 2), x)
