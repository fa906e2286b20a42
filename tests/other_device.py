"""A device that is not the CPU, on every machine: PyTorch's `meta`, whose tensors have shapes and no values.

Inside ``with OtherDevice():`` an operation on tensors of both devices raises, as it does between a CPU and a GPU, and
what comes back to the CPU is 0.5 everywhere (whole numbers count up, as indices do), so that a measurement goes on to
its end. As with a GPU, a tensor of no
dimensions may stay on the CPU, and so may the indices into a tensor.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

__all__ = ["OTHER", "OtherDevice"]

OTHER = "meta"
_VALUE = 0.5
_aten = torch.ops.aten
_INDEXING = (_aten.index.Tensor, _aten.index_put.default, _aten.index_put_.default, _aten._index_put_impl_.default)


class OtherDevice(TorchDispatchMode):
    """See the module's docstring."""

    def __torch_dispatch__(
        self, func: Any, types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        first = args[0] if args else None
        if func is _aten._local_scalar_dense.default and _is_other(first):
            return True if first.dtype == torch.bool else _VALUE if first.is_floating_point() else 0
        if func is _aten._to_copy.default and _is_other(first) and str(kwargs.get("device")) == "cpu":
            return _known(first.shape, kwargs.get("dtype") or first.dtype)
        if func is _aten.copy_.default:
            return func(*args, **kwargs) if _is_other(first) or not _is_other(args[1]) else first.fill_(_VALUE)
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        if any(map(_is_other, tensors)) and any(not _is_other(tensor) and tensor.dim() for tensor in tensors):
            allowed = func in _INDEXING and _is_other(first)
            if not allowed:
                raise RuntimeError(f"{func} is given tensors on two devices.")
        if func is _aten.allclose.default and _is_other(first):
            return True
        return func(*args, **kwargs)


def _known(shape: torch.Size, dtype: torch.dtype) -> Tensor:
    if dtype.is_floating_point or dtype == torch.bool:
        return torch.full(shape, _VALUE, dtype=dtype)
    return torch.arange(shape.numel(), dtype=dtype).view(shape)


def _is_other(tensor: object) -> bool:
    return isinstance(tensor, Tensor) and tensor.device.type == OTHER
