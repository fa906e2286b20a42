"""A wider and deeper network begins as the one that it starts from, and can learn everywhere."""

import pytest
import torch

from explorer.errors import ExplorerError
from explorer.models.conditional import ConditionalEnergy, ConditionalEnergyConfig
from explorer.models.dual import NoiseRange
from explorer.models.growing import begin_as

NOISE = NoiseRange(t_min=1e-5, t0=1e-4, t_max=1.0)


def network(seed: int, width: int, dilations: tuple[int, ...], embedding_dim: int = 8) -> ConditionalEnergy:
    torch.manual_seed(seed)
    model = ConditionalEnergy(
        ConditionalEnergyConfig(noise=NOISE, width=width, dilations=dilations, embedding_dim=embedding_dim)
    )
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    model.fit_statistics(torch.rand(4, 1, 16, 16))
    return model


def energy(model: ConditionalEnergy) -> torch.Tensor:
    draws = torch.Generator().manual_seed(0)
    details, coarse = torch.rand(2, 3, 8, 8, generator=draws), torch.rand(2, 1, 8, 8, generator=draws)
    return model.energy(details, torch.tensor([1e-3, 0.1]), coarse, torch.tensor([0.0, 2.0]))


@pytest.mark.parametrize(("width", "dilations"), [(4, (1, 0)), (7, (1, 0)), (4, (1, 0, 2)), (9, (1, 0, 1, 2))])
def test_it_is_the_same_function(width: int, dilations: tuple[int, ...]) -> None:
    start, model = network(0, 4, (1, 0)), network(1, width, dilations)
    assert (energy(model) - energy(start)).abs().max() > 1
    begin_as(model, start)
    torch.testing.assert_close(energy(model), energy(start))


def test_what_is_new_learns() -> None:
    start, model = network(0, 4, (1,)), network(1, 6, (1, 1))
    begin_as(model, start)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    before = {name: value.clone() for name, value in model.named_parameters()}
    for _ in range(2):  # weights of zero are in the way of those below them in the first step
        optimizer.zero_grad()
        energy(model).sum().backward()
        optimizer.step()
    moved = {name: value.detach() - before[name] for name, value in model.named_parameters()}
    assert moved["first.weight"][4:].abs().amax(1).gt(0).all()
    assert moved["blocks.0.conv.weight"][4:].abs().amax((1, 2, 3)).gt(0).all()
    assert moved["blocks.1.conv.weight"].abs().amax((1, 2, 3)).gt(0).all()


@pytest.mark.parametrize(("width", "dilations", "embedding_dim"), [(3, (1, 0), 8), (4, (0, 1), 8), (4, (1, 0), 9)])
def test_another_architecture_is_refused(width: int, dilations: tuple[int, ...], embedding_dim: int) -> None:
    with pytest.raises(ExplorerError, match="at least as wide"):
        begin_as(network(1, width, dilations, embedding_dim), network(0, 4, (1, 0)))
