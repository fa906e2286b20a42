"""The Haar transform: orthogonal, exact, in the order that it says."""

import pytest
import torch

from explorer.models.haar import haar, halve, inverse_haar


@pytest.mark.parametrize("channels", [1, 3])
def test_the_transform_is_orthogonal_and_inverts(channels: int) -> None:
    x = torch.randn(2, channels, 6, 10, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    coarse, details = haar(x)
    assert coarse.shape == (2, channels, 3, 5)
    assert details.shape == (2, 3 * channels, 3, 5)
    torch.testing.assert_close(coarse.square().sum() + details.square().sum(), x.square().sum())
    torch.testing.assert_close(inverse_haar(coarse, details), x)
    torch.testing.assert_close(coarse / 2, halve(x))


def test_determinant_is_one() -> None:
    columns = []
    for unit in torch.eye(16, dtype=torch.float64).view(16, 1, 4, 4):
        coarse, details = haar(unit[None])
        columns.append(torch.cat((coarse.flatten(), details.flatten())))
    assert torch.linalg.det(torch.stack(columns)).abs() == pytest.approx(1.0)


def test_bands_are_horizontal_vertical_diagonal() -> None:
    left = torch.tensor([[1.0, 0.0], [1.0, 0.0]])[None, None]
    _, details = haar(torch.cat((left, left.transpose(2, 3), torch.eye(2)[None, None])))
    assert details.flatten(1).tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_odd_sides_are_refused() -> None:
    with pytest.raises(ValueError, match="even sides, not 3 x 4"):
        haar(torch.zeros(1, 1, 3, 4))
    assert halve(torch.ones(1, 1, 3, 3), 0).shape == (1, 1, 3, 3)
