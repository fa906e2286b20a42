"""The commands `checkpoints` and `import`, run as people run them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from explorer.models.checkpoints import Checkpoint
from tests.cli.running import explorer
from tests.models import released


def test_checkpoints_lists_what_ships_and_what_is_here(tiny_checkpoint: Checkpoint) -> None:
    listed = explorer("checkpoints").stdout
    for name in ("tiny", "natural32", "digits"):
        assert name in listed


def test_a_released_checkpoint_is_imported_and_used(home: Path, tmp_path: Path, pictures: Path) -> None:
    released.write(tmp_path / "released", channels=3)
    explorer("import", str(tmp_path / "released"), "--name", "paper", "--size", "16")
    assert "16x16 color" in explorer("checkpoints").stdout
    rows = list(csv.DictReader(io.StringIO(explorer("score", str(pictures), "-m", "paper").stdout)))
    assert len(rows) == 3
    assert "exists already" in explorer("import", str(tmp_path / "released"), "--name", "paper", code=1).stderr
    assert "needs args.json" in explorer("import", str(pictures), "--name", "other", code=1).stderr
