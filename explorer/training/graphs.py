"""CUDA graphs: a function of tensors, recorded once and replayed.

One gradient of an energy network is some two thousand small kernels. Starting them one by one from Python takes longer
than running them; a graph starts all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

__all__ = ["Graphed"]

_WARM_UP = 3  # calls before the recording, while libraries choose their kernels


class _Recording(NamedTuple):
    graph: torch.cuda.CUDAGraph
    inputs: tuple[Tensor, ...]
    outputs: Any


class Graphed:
    """``function(parameters, inputs)`` as a CUDA graph, one for each set of shapes of the inputs.

    The parameters must be the same memory at each call; their values may change. What is returned is overwritten by the
    next call.

    Args:
        function: of parameters by name and of inputs, all on one CUDA device; it must not wait for the device.
    """

    def __init__(self, function: Callable[[dict[str, Tensor], tuple[Tensor, ...]], Any]) -> None:
        self._function = function
        self._recordings: dict[tuple[torch.Size, ...], _Recording] = {}

    def __call__(self, parameters: dict[str, Tensor], inputs: tuple[Tensor, ...]) -> Any:
        shapes = tuple(x.shape for x in inputs)
        if shapes not in self._recordings:
            self._recordings[shapes] = self._record(parameters, inputs)
        recording = self._recordings[shapes]
        for own, given in zip(recording.inputs, inputs, strict=True):
            own.copy_(given)
        recording.graph.replay()
        return recording.outputs

    def _record(self, parameters: dict[str, Tensor], inputs: tuple[Tensor, ...]) -> _Recording:
        own = tuple(x.clone() for x in inputs)
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UP):
                self._function(parameters, own)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):  # other threads may use the device
            outputs = self._function(parameters, own)
        return _Recording(graph, own, outputs)
