"""Adam, and Muon for the convolutions within a network.

Adam scales each weight's step by itself. Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon) takes the
momentum of a layer as one matrix, from inputs to outputs, and steps along the nearest matrix whose singular values are
all equal: directions that seldom have a gradient are learned as fast as the others. It is for layers within a network:
first and last layers, biases and conditioning stay with Adam.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

__all__ = ["AdamAndMuon"]

_BETAS = (0.9, 0.99)


class AdamAndMuon:
    """One optimizer for all parameters of a network.

    Args:
        parameters: by name.
        learning_rate: of Adam.
        muon: learning rate of Muon, for 2D convolutions that have as many outputs as inputs; 0 leaves these to Adam.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], learning_rate: float, muon: float = 0.0) -> None:
        self.parameters = dict(parameters)
        self._matrices = {name: _matrix(p) for name, p in self.parameters.items() if muon and _is_inner(p)}
        others = [p for name, p in self.parameters.items() if name not in self._matrices]
        # As groups, which may be empty where lists may not.
        self._adam = torch.optim.Adam([{"params": others}], lr=learning_rate, betas=_BETAS)
        self._muon = torch.optim.Muon([{"params": list(self._matrices.values())}], lr=muon, weight_decay=0.0)
        self._learning_rates = ((self._adam, learning_rate), (self._muon, muon))

    def step(self, gradients: Mapping[str, Tensor], clip: float, share: float) -> None:
        """Move all parameters.

        Args:
            gradients: of every parameter, by name; they are clipped in place.
            clip: largest norm of all of them together.
            share: of the learning rates.
        """
        for name, parameter in self.parameters.items():
            parameter.grad = gradients[name]
        nn.utils.clip_grad_norm_(self.parameters.values(), clip)
        for name, matrix in self._matrices.items():
            matrix.grad = _matrix(gradients[name])
        for optimizer, learning_rate in self._learning_rates:
            for group in optimizer.param_groups:
                group["lr"] = share * learning_rate
            optimizer.step()

    def state(self) -> dict[str, Tensor]:
        """Moments and momenta by ``adam.KEY.NAME`` and ``muon.KEY.NAME``, NAME that of the parameter; empty before the
        first step."""
        found: dict[str, Tensor] = {}
        for name in self.parameters:
            kind, state = self._state_of(name)
            found |= {f"{kind}.{key}.{name}": value for key, value in state.items()}
        return found

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over what `state` returned.

        Args:
            tensors: by the same names; others are left alone.

        Raises:
            KeyError: a parameter's state is missing.
            ValueError: it is of another shape.
        """
        for name, parameter in self.parameters.items():
            if name in self._matrices:
                buffer = tensors[f"muon.momentum_buffer.{name}"]
                _check_like(self._matrices[name], buffer)
                self._muon.state[self._matrices[name]] = {"momentum_buffer": buffer.to(parameter.device)}
                continue
            state = {key: tensors[f"adam.{key}.{name}"] for key in ("step", "exp_avg", "exp_avg_sq")}
            _check_like(parameter, state["exp_avg"], state["exp_avg_sq"])
            _check_like(torch.zeros(()), state["step"])
            self._adam.state[parameter] = {
                key: value if key == "step" else torch.empty_like(parameter).copy_(value)
                for key, value in state.items()
            }

    def _state_of(self, name: str) -> tuple[str, Mapping[str, Tensor]]:
        if name in self._matrices:
            return "muon", self._muon.state.get(self._matrices[name], {})
        return "adam", self._adam.state.get(self.parameters[name], {})


def _is_inner(parameter: Tensor) -> bool:
    return parameter.ndim == 4 and parameter.shape[0] == parameter.shape[1] > 1


def _matrix(kernel: Tensor) -> Tensor:
    """A view of a kernel, an output a row, whichever layout it has in memory: to change one is to change the other."""
    rows = kernel.detach()
    if not rows.is_contiguous():
        rows = rows.permute(0, 2, 3, 1)  # channels last
    return rows.view(len(rows), -1)


def _check_like(one: Tensor, *others: Tensor) -> None:
    if any(other.shape != one.shape or other.dtype != one.dtype for other in others):
        raise ValueError("The optimizer's state is not that of the parameters.")
