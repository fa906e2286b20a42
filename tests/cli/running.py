"""Run the command line as people run it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def explorer(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run ``python -m explorer`` and check its exit code."""
    environment = {"COLUMNS": "200"} | os.environ | {"OMP_NUM_THREADS": "1", "TERM": "dumb"}
    command = [sys.executable, "-m", "explorer", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done
