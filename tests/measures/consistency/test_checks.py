"""The list of checks, and what it takes to add one."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from explorer.measures.consistency.checks import CHECKS, FULL, QUICK

ROOT = Path(__file__).parents[3]

CHECK = '''
"""Does a mirror image have the same probability?"""

from dataclasses import dataclass

from explorer.measures.consistency.chart import Axis, Chart, Curve
from explorer.measures.consistency.check import Check, Measured
from explorer.measures.consistency.verdict import decide, signed


class Mirror(Measured):
    difference: float


@dataclass(frozen=True)
class MirrorCheck(Check[Mirror]):
    name = "mirror"
    title = "Mirror images"
    measured = Mirror
    threshold = 0.01
    unit = "bits/dimension"

    def cost(self, conditions):
        return self.images * 2 / 3

    def run(self, subject, progress):
        x = subject.x[: self.images]
        both = [float(subject.model.log_prob(each, subject.t_low).mean()) for each in (x, x.flip(3))]
        progress(1, 1)
        return Mirror(images=len(x), difference=both[0] - both[1])

    def judge(self, measured, conditions):
        value = conditions.bits_per_dimension(measured.difference)
        outcome = decide(value, self.threshold)
        return self.verdict(outcome, value, signed(value, 3), f"Mirror images differ by {signed(value, 3)}.")

    def chart(self, measured, conditions):
        return Chart(self.title, "One point.", Axis("x"), Axis("y"), (Curve("difference", [0], [measured.difference]),))
'''
PROGRAM = """
import numpy as np
from explorer.figures.checks import check_figures
from explorer.measures.consistency.storage import check_and_keep, find_reports
from explorer.data.sources import open_dataset
from explorer.measures.consistency.checks import QUICK
from explorer.models.checkpoints import load_checkpoint
from explorer.training.card import checkpoint_card
from dataclasses import replace
from streamlit.testing.v1 import AppTest

checkpoint = load_checkpoint("digits", "cpu")
effort = replace(QUICK, checks=tuple(check for check in QUICK.checks if check.name == "mirror"))
report = check_and_keep(checkpoint, open_dataset("digits", (1, 8, 8), limit=8), effort)
assert report in find_reports(checkpoint)  # beside the full one that ships
assert list(check_figures(report)) == ["Mirror images"]
assert "Mirror images differ by" in str(report)
assert "| Mirror images | " in checkpoint_card("digits", checkpoint.config, report)
app = AppTest.from_file("pages/trust.py", default_timeout=120)
app.query_params.update(model="digits", data="digits")
app.run()
assert not app.exception and not app.error
assert "**Mirror images**" in list(app.main.table[0].value["Check"])
assert any(each.value.startswith("**Mirror images.**") for each in app.main.markdown)
print("shown")
"""


def test_every_check_has_a_name_of_its_own_and_says_what_it_is() -> None:
    assert len({check.name for check in CHECKS}) == len({check.title for check in CHECKS}) == len(CHECKS)
    for quick, full in zip(QUICK.checks, FULL.checks, strict=True):
        assert type(quick) is type(full)
        assert quick.images <= full.images
        assert quick.threshold > 0
        assert quick.unit
        assert type(quick).__doc__


def test_a_check_is_one_new_file_and_one_line_in_one_list(home: Path, tmp_path: Path) -> None:
    """In a copy of the project; the report, the figures, the card and the page follow."""
    copy = tmp_path / "copy"
    for name in ("explorer", "pages", ".streamlit"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "checkpoints" / "digits", copy / "checkpoints" / "digits")
    package = copy / "explorer" / "measures" / "consistency"
    (package / "mirror.py").write_text(CHECK, encoding="utf-8")
    listed = (package / "checks.py").read_text(encoding="utf-8")
    listed = re.sub(r"(?m)^(    \(AnnealingCheck.*)$", r"\1\n    (MirrorCheck(8), MirrorCheck(64)),", listed)
    listed = listed.replace("\n__all__", "from explorer.measures.consistency.mirror import MirrorCheck\n\n__all__", 1)
    (package / "checks.py").write_text(listed, encoding="utf-8")
    (copy / "program.py").write_text(PROGRAM, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "program.py"], cwd=copy, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.stdout.endswith("shown\n"), done.stderr
