"""Image Density Explorer: what is the probability of an image?

    import explorer
    model = explorer.load("natural64")      # an EnergyModel
    model.log_prob(x)                        # nats, x of shape (B, 1, 64, 64) in [0, 1]

The packages are described in CONTRIBUTING.md.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explorer.errors import ExplorerError
    from explorer.images import read_image, to_square
    from explorer.models.base import Derivatives, EnergyModel
    from explorer.models.checkpoints import Checkpoint, list_checkpoints, load, load_checkpoint

__all__ = [
    "Checkpoint",
    "Derivatives",
    "EnergyModel",
    "ExplorerError",
    "list_checkpoints",
    "load",
    "load_checkpoint",
    "read_image",
    "to_square",
]

# Imported on first use: torch takes seconds and hundreds of megabytes, and the small processes beside a job need none.
_HOMES = {
    "explorer.errors": ("ExplorerError",),
    "explorer.images": ("read_image", "to_square"),
    "explorer.models.base": ("Derivatives", "EnergyModel"),
    "explorer.models.checkpoints": ("Checkpoint", "list_checkpoints", "load", "load_checkpoint"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module 'explorer' has no attribute {name!r}")
