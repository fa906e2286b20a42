"""Which values are black and white in a data set, where a person has said it: kept in `scales.json` of the data folder.

The file is an object: the data set as `explorer.data.sources.absolute_spec` writes it -> ``[black, white]``.
"""

from __future__ import annotations

import json

from explorer.errors import ExplorerError
from explorer.home import data_home, write_atomically
from explorer.scales import Scale

__all__ = ["choose_scale", "chosen_scale"]

_FILE = "scales.json"


def chosen_scale(spec: str) -> Scale | None:
    """The scale that was chosen for a data set; None where none was, or the file is damaged."""
    try:
        black, white = _read()[spec]
        return Scale(float(black), float(white))
    except (KeyError, TypeError, ValueError, ExplorerError):
        return None


def choose_scale(spec: str, scale: Scale) -> None:
    """Choose the scale of a data set, for all commands and pages.

    Raises:
        ExplorerError: the data folder cannot be written.
    """
    chosen = _read() | {spec: [scale.black, scale.white]}
    with write_atomically(data_home() / _FILE) as path:
        path.write_text(json.dumps(chosen, indent=1) + "\n", encoding="utf-8")


def _read() -> dict[str, list[float]]:
    try:
        found = json.loads((data_home() / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
