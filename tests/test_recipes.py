"""The recipes of docs/extending.md, applied to a copy of the project: a stranger's measure, page, check and job."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(python|diff)\n(.*?)^```", re.DOTALL | re.MULTILINE)
PROGRAMS = {
    "A page": """
from streamlit.testing.v1 import AppTest

app = AppTest.from_file("pages/mirror.py", default_timeout=120)
app.query_params.update(model="digits", data="digits")
app.run()
assert not app.exception, app.exception
assert app.metric[0].label.startswith("Mean change")
from explorer.webapp.shell.navigation import SECTIONS
assert "mirror" in [page.name for pages in SECTIONS.values() for page in pages]
""",
    "A check": """
from explorer.data.sources import open_dataset
from explorer.measures.consistency.checks import CHECKS, QUICK
from explorer.measures.consistency.check import Conditions, Subject
from explorer.models.checkpoints import load_checkpoint

assert "mirror" in [check.name for check in CHECKS]
checkpoint = load_checkpoint("digits", "cpu")
pixels = open_dataset("digits", checkpoint.model.image_shape, "validation").pixels
conditions = Conditions(image_shape=checkpoint.model.image_shape, levels=17, psnr=42.0, lowest_psnr=-20.0)
subject = Subject(checkpoint.model, checkpoint.values, conditions, pixels, None, 1e-4, 1e2)
check = next(check for check in QUICK.checks if check.name == "mirror")
verdict = check.outcome(check.run(subject, lambda done, total: None), conditions)
assert verdict.outcome == "does not pass", verdict  # a mirrored 3 is no digit
""",
    "A kind of job": """
import os
from pathlib import Path
import numpy as np
from typer.testing import CliRunner
from explorer.cli import app
from explorer.jobs.kinds import MODEL_KINDS
from explorer.jobs.progress import Work

assert "Mirror images" in MODEL_KINDS["mirror"].plural
assert "--split" in CliRunner().invoke(app, ["jobs", "mirror", "--help"]).output
folder = Path(os.environ["EXPLORER_HOME"]) / "job"
folder.mkdir(parents=True)
task = MODEL_KINDS["mirror"](checkpoint="digits", dataset="digits", split="validation")
task.run(Work(folder, 0, lambda: False))
assert len(np.load(folder / "mirror.npy")) == 179
""",
}


def recipe(title: str) -> list[tuple[str, str]]:
    """The blocks below a heading, with their language."""
    text = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    section = re.search(rf"^## {title}\n(.*?)(?=^## )", text, re.DOTALL | re.MULTILINE)
    assert section is not None, title
    return BLOCK.findall(section[1])


def apply(title: str, root: Path) -> None:
    """Write the files of a recipe, and the lines that it adds to a list."""
    for language, block in recipe(title):
        first, _, rest = block.partition("\n")
        path = root / first[1:].strip()
        if language == "python":
            path.parent.mkdir(parents=True, exist_ok=True)
            assert not path.exists(), f"{path} is there already"
            path.write_text(rest, encoding="utf-8")
        else:
            path.write_text(changed(path.read_text(encoding="utf-8"), rest.splitlines()), encoding="utf-8")


def changed(text: str, lines: list[str]) -> str:
    """A text with the changes of a diff, each of which begins with lines that stay or go and ends with new ones."""
    before: list[str] = []
    after: list[str] = []
    for k, line in enumerate(lines):
        mark, content = line[:1], line[1:]
        before += [content] if mark in " -" else []
        after += [content] if mark in " +" else []
        if mark == "+" and (k + 1 == len(lines) or lines[k + 1][:1] != "+"):
            old, new = ("".join(f"{part}\n" for part in parts) for parts in (before, after))
            assert text.count(old) == 1, f"the lines to change are not there once: {old}"
            text, before, after = text.replace(old, new), [], []
    return text


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project with the measure."""
    root = tmp_path / "project"
    for name in ("explorer", "pages", "tests"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("checkpoints", "app.py", "pyproject.toml"):
        (root / name).symlink_to(ROOT / name)
    apply("A measure", root)
    return root


def run(project: Path, *arguments: str) -> None:
    environment = os.environ | {"EXPLORER_HOME": str(project / "home"), "PYTHONPATH": str(project)}
    command = [sys.executable, *arguments]
    ran = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_measure_passes_its_test(project: Path) -> None:
    run(project, "-m", "pytest", "-q", "tests/measures/image/test_mirror.py")


@pytest.mark.parametrize("title", PROGRAMS)
def test_a_recipe_works(title: str, project: Path) -> None:
    apply(title, project)
    run(project, "-c", PROGRAMS[title])
    run(project, "-m", "pytest", "-q", "tests/test_architecture.py")


def test_recipes_are_short() -> None:
    for title in ("A measure", *PROGRAMS):
        changes = [line for language, block in recipe(title) if language == "diff" for line in block.splitlines()]
        assert sum(line.startswith("+") for line in changes) <= 4, title
