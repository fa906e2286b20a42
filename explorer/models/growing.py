"""A conditional energy that begins as a smaller one: more channels, more layers, the same function.

What is new has no effect at first. New channels are read with weights of zero, and new layers change nothing; both learn
from there. Training then starts where the smaller network ended.

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
    model.first.bias[:old] = start.first.bias
    model.output.weight.zero_()
    model.output.weight[:, :old] = start.output.weight[:, :old]
    model.output.weight[:, width:] = start.output.weight[:, old:]
    model.output.bias.copy_(start.output.bias)
    for block, of_start in zip(model.blocks, start.blocks, strict=False):
        for grown, given in zip(block.condition.parameters(), of_start.condition.parameters(), strict=True):
            grown.zero_()
            for half in range(2):  # scales, then shifts
                grown[half * width :][:old] = given[half * old :][:old]
        block.conv.weight[:old] = 0
        block.conv.weight[:old, :old] = of_start.conv.weight
        block.conv.bias[:old] = of_start.conv.bias
    for block in model.blocks[len(start.blocks) :]:
        block.conv.weight.zero_()


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
