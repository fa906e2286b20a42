"""What an entry point sets for its whole process: the command line, the app, a worker. Library code never does."""

from __future__ import annotations

import os

__all__ = ["prepare_process"]


def prepare_process() -> None:
    """Set the process up, before torch is imported.

    OpenMP's threads wait without spinning: on busy cores, spinning ones slow each other down many times.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
