"""Several processes that take each training step together: each has a share of the batch, and gradients are summed.

The batch of a step depends on the configuration and the step alone, so that processes need not exchange it, and the sum
of their gradients is that of one process, up to rounding. Processes find each other through ``MASTER_ADDR``,
``MASTER_PORT``, ``RANK`` and ``WORLD_SIZE``, as usual with `torch.distributed`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

import torch
from torch import Tensor, distributed

from explorer.errors import ExplorerError
from explorer.models.devices import pick_device

__all__ = ["ALONE", "Processes", "joined_processes"]

_PATIENCE = timedelta(hours=1)  # the others wait while the first one validates
_MEETING = timedelta(minutes=5)  # for all to start: one that was killed before never does


class Processes(NamedTuple):
    """This process among its peers.

    Attributes:
        rank: its number, from 0; the first one writes files.
        size: number of processes.
    """

    rank: int
    size: int

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files."""
        return self.rank == 0

    def share(self, count: int) -> range:
        """Which of `count` samples this process takes."""
        return range(count * self.rank // self.size, count * (self.rank + 1) // self.size)

    def add(self, tensors: list[Tensor]) -> None:
        """Replace each tensor by its sum over all processes."""
        if self.size > 1:
            flat = torch.cat([tensor.flatten() for tensor in tensors])
            distributed.all_reduce(flat)
            for tensor, part in zip(tensors, torch.split(flat, [tensor.numel() for tensor in tensors]), strict=True):
                tensor.copy_(part.view_as(tensor))

    def any(self, here: bool, device: torch.device) -> bool:
        """Whether `here` is true in at least one process."""
        if self.size == 1:
            return here  # without waiting for the device
        flag = torch.tensor(float(here), device=device)
        self.add([flag])
        return bool(flag)


ALONE = Processes(0, 1)


@contextlib.contextmanager
def joined_processes(device: str) -> Iterator[Processes]:
    """The processes that the environment names; `ALONE` where it names none.

    Args:
        device: what they train on, see `pick_device`. On GPUs, one per process, they talk over NCCL, else over gloo.

    Raises:
        ExplorerError: they do not find each other, or there is no such device.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ALONE
        return
    if device not in ("cpu", "mps") and torch.cuda.is_available():  # before any of them touches a GPU
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    backend = "nccl" if pick_device(device).type == "cuda" else "gloo"
    try:
        rank, host, port = int(os.environ["RANK"]), os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
        store = distributed.TCPStore(  # type: ignore[attr-defined]  # torch's types forget it
            host, port, size, is_master=rank == 0, timeout=_MEETING
        )
        distributed.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=_PATIENCE)
    except (RuntimeError, ValueError, KeyError) as error:
        raise ExplorerError(
            f"The processes of this training did not find each other ({error}). Resume lets them try again."
        ) from error
    try:
        yield Processes(distributed.get_rank(), size)
        distributed.barrier()  # none leaves while a peer still talks to it
    finally:
        distributed.destroy_process_group()
