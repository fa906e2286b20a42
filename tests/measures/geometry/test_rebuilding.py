"""Images rebuilt from coefficients: against closed forms, and the rebuilt image itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from explorer.measures.geometry.bases import Basis, denoiser_basis
from explorer.measures.geometry.rebuilding import WAYS, contour_share, contours, rebuild, rebuilt_image
from explorer.models.analytic import SubspaceMixture


def known_basis(x: np.ndarray) -> Basis:
    """Of images in a plane that `x` spans with a random image: two eigenvectors have all of it."""
    other = torch.rand(1, *x.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    plane = torch.linalg.qr(torch.stack([torch.from_numpy(x).double().flatten(), other.flatten()], 1)).Q
    model = SubspaceMixture(x.shape, [plane], 0.1, t0=1e-6)
    return denoiser_basis(model, other, 0.01)


def picture(channels: int = 1) -> np.ndarray:
    """A bright square on a dark ground."""
    x = np.full((channels, 16, 16), 0.2, np.float32)
    x[:, 4:11, 5:12] = 0.9
    return x


@pytest.mark.parametrize("channels", [1, 3])
def test_the_numbers_are_those_of_the_images(channels: int) -> None:
    x = picture(channels)
    basis = known_basis(x)
    counts = (1, 2, 5, 50, x.size)
    found = rebuild(basis, x, counts)
    for kind, psnrs in zip(WAYS, found.psnr, strict=True):
        assert (np.diff(psnrs) >= -1e-9).all()
        assert psnrs[-1] == pytest.approx(100)
        for count, psnr in zip(counts[:-1], psnrs, strict=False):
            error = np.square(rebuilt_image(kind, basis, x, count) - x).mean()
            assert psnr == pytest.approx(-10 * np.log10(max(error, 1e-10)), abs=0.5 if psnr > 80 else 0.01), kind
    assert found.psnr[0, 1] > 80  # the plane holds it
    assert found.gain[1] > 50
    assert found.own_gain[1] <= found.gain[1]


def test_the_largest_coefficients_of_a_constant_are_those_of_its_mean() -> None:
    x = np.full((1, 16, 16), 0.3, np.float32)
    found = rebuild(known_basis(x), x, (1, 2))
    assert found.psnr[1, 0] == pytest.approx(100)  # one DCT coefficient


def test_more_eigenvectors_than_there_are_is_an_error() -> None:
    x = picture()
    with pytest.raises(ValueError, match="not 257"):
        rebuild(known_basis(x), x, (257,))


def test_contours_are_where_the_image_changes() -> None:
    x = picture()
    marked = contours(x)
    assert marked[4, 8]
    assert marked[3, 8]
    assert not marked[0].any()
    assert not marked[7, 8]
    assert not contours(np.full((1, 16, 16), 0.3, np.float32)).any()
    basis = known_basis(x)
    share = contour_share(basis, marked)
    assert share.shape == (256,)
    assert share.sum() == pytest.approx(marked.sum(), rel=1e-4)  # vectors of a whole basis: each pixel once


def test_the_denoisers_own_choice_does_not_know_the_clean_image() -> None:
    """Of two eigenvectors with a part in the image, it takes the one that counts more in the noisy image first."""
    x = picture()
    basis = known_basis(x)
    vectors = basis.eigenvectors.reshape(256, -1).astype(float)
    terms = np.abs(basis.eigenvalues * (vectors @ basis.noisy.reshape(-1)))
    (first,) = np.argsort(-terms)[:1]
    expected = np.square(x - (vectors[first] @ x.reshape(-1) * vectors[first]).reshape(x.shape)).mean()
    assert rebuild(basis, x, (1, 2)).psnr[3, 0] == pytest.approx(-10 * np.log10(expected), abs=1e-4)
