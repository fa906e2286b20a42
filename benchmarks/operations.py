"""Floating-point operations of what runs inside a ``with`` statement.

    with Operations() as counted:
        trainer.take_step()
    counted.total

Convolutions and matrix products are counted, forward and backward, a multiplication and an addition as two operations.
(`torch.utils.flop_counter.FlopCounterMode` also follows modules, which a gradient inside a module is too much for.)
"""

from __future__ import annotations

from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

__all__ = ["Operations"]


class Operations(TorchDispatchMode):
    """Counts operations.

    Attributes:
        total: operations so far.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.total = 0

    def __torch_dispatch__(
        self, func: Any, types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        count = flop_registry.get(func._overloadpacket)
        if count is not None:
            self.total += count(*args, **(kwargs or {}), out_val=result)
        return result
