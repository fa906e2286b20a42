"""Adam, and Muon for the convolutions within a network."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from explorer.training.optimizer import AdamAndMuon


def network(layout: torch.memory_format = torch.contiguous_format) -> nn.Sequential:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(1, 8, 3), nn.Conv2d(8, 8, 3), nn.Conv2d(8, 1, 1))
    return layers.to(memory_format=layout)  # type: ignore[call-overload]  # torch's types forget it


def gradients(layers: nn.Module, seed: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.empty_like(p).copy_(torch.randn(p.shape, generator=generator))
        for name, p in layers.named_parameters()
    }


def weights(layers: nn.Module) -> list[Tensor]:
    return [p.detach().clone(memory_format=torch.contiguous_format) for p in layers.parameters()]


def test_without_muon_it_is_adam() -> None:
    ours, theirs = network(), network()
    optimizer = AdamAndMuon(dict(ours.named_parameters()), 1e-2)
    adam = torch.optim.Adam(theirs.parameters(), lr=5e-3, betas=(0.9, 0.99))
    for step in range(3):
        optimizer.step(gradients(ours, step), clip=1e9, share=0.5)
        for (_, p), gradient in zip(theirs.named_parameters(), gradients(theirs, step).values(), strict=True):
            p.grad = gradient
        adam.step()
    for one, other in zip(weights(ours), weights(theirs), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_muon_steps_equally_far_in_all_directions_of_an_inner_layer_alone() -> None:
    layers, alone = network(), network()
    before = weights(layers)
    AdamAndMuon(dict(layers.named_parameters()), 1e-2, muon=0.1).step(gradients(layers, 0), clip=1e9, share=1.0)
    AdamAndMuon(dict(alone.named_parameters()), 1e-2).step(gradients(alone, 0), clip=1e9, share=1.0)
    singular = torch.linalg.svdvals((layers[1].weight.detach() - before[2]).flatten(1)) / 0.1
    assert singular.min() > 0.6
    assert singular.max() < 1.3
    for index in (0, 1, 3, 4, 5):
        torch.testing.assert_close(weights(layers)[index], weights(alone)[index], rtol=0, atol=0)


def test_the_layout_of_the_weights_is_nothing_to_it() -> None:
    found = []
    for layout in (torch.contiguous_format, torch.channels_last):
        layers = network(layout)
        optimizer = AdamAndMuon(dict(layers.named_parameters()), 1e-2, muon=0.1)
        for step in range(3):
            optimizer.step(gradients(layers, step), clip=1.0, share=1.0)
        found.append(weights(layers))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-3)  # Muon iterates in bfloat16


def test_gradients_are_clipped_together() -> None:
    layers = network()
    optimizer = AdamAndMuon(dict(layers.named_parameters()), 1e-2, muon=0.1)
    given = gradients(layers, 0)
    optimizer.step(given, clip=0.25, share=1.0)
    assert float(sum(g.square().sum() for g in given.values())) == pytest.approx(0.0625, rel=1e-4)


def test_it_goes_on_from_its_state() -> None:
    whole, parts = network(), network()
    first = AdamAndMuon(dict(whole.named_parameters()), 1e-2, muon=0.1)
    assert first.state() == {}
    for step in range(4):
        if step == 2:
            state = {name: value.clone() for name, value in first.state().items()}
            parts.load_state_dict(whole.state_dict())
        first.step(gradients(whole, step), clip=1.0, share=1.0)
    second = AdamAndMuon(dict(parts.named_parameters()), 1e-2, muon=0.1)
    second.load_state(state)
    for step in (2, 3):
        second.step(gradients(parts, step), clip=1.0, share=1.0)
    for one, other in zip(weights(whole), weights(parts), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_a_state_of_another_network_is_refused() -> None:
    layers = network()
    optimizer = AdamAndMuon(dict(layers.named_parameters()), 1e-2, muon=0.1)
    optimizer.step(gradients(layers, 0), clip=1.0, share=1.0)
    state = optimizer.state()
    assert sorted(state)[-1] == "muon.momentum_buffer.1.weight"
    with pytest.raises(ValueError, match="not that of the parameters"):
        optimizer.load_state(state | {"muon.momentum_buffer.1.weight": torch.zeros(8, 9)})
    with pytest.raises(KeyError):
        optimizer.load_state({name: value for name, value in state.items() if not name.startswith("muon")})
