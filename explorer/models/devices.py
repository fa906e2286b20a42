"""Where a model runs, and how many images fit there at once."""

from __future__ import annotations

import torch

from explorer.errors import ExplorerError

__all__ = ["fitting_batch_size", "inference_batch_size", "pick_device"]

# Bytes of float32 activations that a forward and backward pass keeps for one pixel value of a U-Net of base width 32,
# with a margin: measured peaks stay below it. Wider networks scale in proportion.
_BYTES_PER_VALUE = 6_000
_MEMORY_BUDGET = 2 * 2**30
_CPU_VALUES = 64 * 1024


def pick_device(name: str = "auto") -> torch.device:
    """The device called `name`; ``"auto"`` takes CUDA, then MPS, then the CPU.

    From then on convolutions in float32 are computed in float32. PyTorch would round their inputs to 11 bits on a GPU
    (TF32), and the energy, a sum over many pixels of which one nat matters, would not be that of the CPU.

    Raises:
        ExplorerError: the device is not there.
    """
    torch.backends.cudnn.allow_tf32 = False
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        if torch.backends.mps.is_available():
            return torch.device("mps")
        return torch.device("cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ExplorerError(f"There is no device {name!r} on this machine. Choose auto, cpu, cuda or mps.") from error
    return device


def fitting_batch_size(dimensions: int, device: torch.device) -> int:
    """How many images of `dimensions` pixel values go through a model at once without running out of memory.

    A quarter of the free memory of a GPU, or 2 GiB on other devices, divided by what one image may need; at least 1.
    """
    budget = _MEMORY_BUDGET
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        budget = free // 4
    return max(1, budget // (_BYTES_PER_VALUE * dimensions))


def inference_batch_size(dimensions: int, device: torch.device) -> int:
    """As `fitting_batch_size`, but no more than is fast: on a CPU, large batches fall out of the caches (at 32 x 32,
    349 images at once take 1.8 times as long per image as 64 do)."""
    fastest = max(1, _CPU_VALUES // dimensions) if device.type == "cpu" else 1024
    return min(fastest, fitting_batch_size(dimensions, device))
