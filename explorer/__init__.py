"""Image Density Explorer: what is the probability of an image?

    import explorer
    model = explorer.load("natural64")      # an EnergyModel
    model.log_prob(x)                        # nats, x of shape (B, 1, 64, 64) in [0, 1]

Any energy can be checked, given 8-bit images ``(N, C, H, W)``:

    class Noise(explorer.EnergyModel):       # independent pixels of variance 0.05
        image_shape = (1, 8, 8)

        def energy(self, y, t):              # nats, y of shape (B, 1, 8, 8), t of shape (B,)
            v = 0.05 + t[:, None]
            return 0.5 * ((y - 0.5).flatten(1) ** 2 / v + torch.log(2 * torch.pi * v)).sum(1)

    report = explorer.run_checks(Noise(), explorer.Values(), pixels, explorer.QUICK)
    print(report)
    explorer.check_figures(report)           # Plotly figures by title

The packages are described in CONTRIBUTING.md.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explorer.errors import ExplorerError
    from explorer.figures.checks import check_figures
    from explorer.images import Values, read_image, to_square
    from explorer.measures.consistency.checks import FULL, QUICK
    from explorer.measures.consistency.report import Report
    from explorer.measures.consistency.running import run_checks
    from explorer.measures.geometry.bases import Basis, denoiser_basis
    from explorer.measures.sampling.sample import sample
    from explorer.models.base import Derivatives, EnergyModel
    from explorer.models.checkpoints import Checkpoint, list_checkpoints, load, load_checkpoint

__all__ = [
    "FULL",
    "QUICK",
    "Basis",
    "Checkpoint",
    "Derivatives",
    "EnergyModel",
    "ExplorerError",
    "Report",
    "Values",
    "check_figures",
    "denoiser_basis",
    "list_checkpoints",
    "load",
    "load_checkpoint",
    "read_image",
    "run_checks",
    "sample",
    "to_square",
]

# Imported on first use: torch takes seconds and hundreds of megabytes, and the small processes beside a job need none.
_HOMES = {
    "explorer.errors": ("ExplorerError",),
    "explorer.figures.checks": ("check_figures",),
    "explorer.images": ("Values", "read_image", "to_square"),
    "explorer.measures.consistency.checks": ("FULL", "QUICK"),
    "explorer.measures.consistency.report": ("Report",),
    "explorer.measures.consistency.running": ("run_checks",),
    "explorer.measures.geometry.bases": ("Basis", "denoiser_basis"),
    "explorer.measures.sampling.sample": ("sample",),
    "explorer.models.base": ("Derivatives", "EnergyModel"),
    "explorer.models.checkpoints": ("Checkpoint", "list_checkpoints", "load", "load_checkpoint"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module 'explorer' has no attribute {name!r}")
