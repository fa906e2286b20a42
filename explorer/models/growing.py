"""A conditional energy that begins as a smaller one: more channels, more layers, the same function.

What is new has no effect at first. New channels are read with weights of zero, and new layers change nothing; both
learn from there. Training then starts where the smaller network ended.

Reference: Chen, Goodfellow and Shlens 2016 (arXiv 1511.05641, function-preserving transformations).
"""

from __future__ import annotations

import torch

from explorer.errors import ExplorerError
from explorer.models.conditional import ConditionalEnergy, ConditionalEnergyConfig

__all__ = ["begin_as"]


@torch.no_grad()
def begin_as(model: ConditionalEnergy, start: ConditionalEnergy) -> None:
    """Make `model` the function that `start` is.

    Args:
        model: has at least the width of `start`, and its dilations first; all else of the architecture is the same.
            Its random weights stay where they make the new channels differ from each other.
        start: a trained network.

    Raises:
        ExplorerError: `model` cannot be this function.
    """
    _check_fits(model.config, start.config)
    for name, buffer in start.named_buffers():
        model.get_buffer(name).copy_(buffer)
    model.embedding.load_state_dict(start.embedding.state_dict())
    model.offset.load_state_dict(start.offset.state_dict())
    old, width = start.config.width, model.config.width
    model.first.weight[:old] = start.first.weight
    model.get_parameter("first.bias")[:old] = start.get_parameter("first.bias")
    model.output.weight.zero_()
    model.output.weight[:, :old] = start.output.weight[:, :old]
    model.output.weight[:, width:] = start.output.weight[:, old:]
    model.get_parameter("output.bias").copy_(start.get_parameter("output.bias"))
    depth = len(start.blocks)
    for number in range(depth):
        block = f"blocks.{number}"
        for name in (f"{block}.condition.weight", f"{block}.condition.bias"):
            grown, given = model.get_parameter(name), start.get_parameter(name)
            grown.zero_()
            for half in range(2):  # scales, then shifts
                grown[half * width :][:old] = given[half * old :][:old]
        weight, given = (network.get_parameter(f"{block}.conv.weight") for network in (model, start))
        weight[:old] = 0
        weight[:old, :old] = given
        model.get_parameter(f"{block}.conv.bias")[:old] = start.get_parameter(f"{block}.conv.bias")
    for number in range(depth, len(model.blocks)):
        for name in ("weight", "bias"):
            model.get_parameter(f"blocks.{number}.conv.{name}").zero_()


def _check_fits(config: ConditionalEnergyConfig, start: ConditionalEnergyConfig) -> None:
    grows = {"width": config.width, "dilations": config.dilations}
    depth = len(start.dilations)
    if (
        start.model_copy(update=grows) != config
        or config.width < start.width
        or config.dilations[:depth] != start.dilations
    ):
        raise ExplorerError(
            "A network can start from another one only if it is at least as wide, has its layers first, and has the "
            "same channels, noise and embedding."
        )
