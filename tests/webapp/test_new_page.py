"""A stranger adds a page with its own measure and figure: four new files and one line in the list of pages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COPIED = ("app.py", "explorer", "pages", "pyproject.toml", "tests/conftest.py", "tests/test_architecture.py")

NEW_FILES = {
    "pages/hello.py": '''
"""Hello: what a model says of a few images."""

from explorer.webapp.hello.page import page

page()
''',
    "explorer/webapp/hello/__init__.py": "",
    "explorer/webapp/hello/page.py": '''
"""Hello: what a model says of a few images."""

from __future__ import annotations

import streamlit as st

from explorer.figures.hello import score_figure
from explorer.measures.image.hello import score_norms
from explorer.webapp.shell.loaders import infer, shown_errors, store
from explorer.webapp.shell.sidebar import sidebar


def page() -> None:
    selection = sidebar()
    st.title("Hello")
    with shown_errors():
        checkpoint = selection.checkpoint
        images = store(selection.dataset, checkpoint.model.image_shape, selection.split)
        norms = infer(score_norms, checkpoint.model, checkpoint.values, images.pixels[:8])
        st.metric("Largest score", f"{norms.max():.3g}")
        st.plotly_chart(score_figure(norms))
''',
    "explorer/measures/image/hello.py": '''
"""How steep log p is at an image."""

from __future__ import annotations

import numpy as np
import torch

from explorer.images import Values
from explorer.measures.shared.scoring import model_input
from explorer.models.base import EnergyModel

__all__ = ["score_norms"]


def score_norms(model: EnergyModel, values: Values, pixels: np.ndarray) -> np.ndarray:
    """Norm of the score at uint8 images ``(B, C, H, W)``, shape ``(B,)``."""
    x = model_input(values, torch.from_numpy(np.array(pixels)))
    return model.derivatives(x).score.flatten(1).norm(dim=1).numpy()
''',
    "explorer/figures/hello.py": '''
"""Figure of how steep log p is."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from explorer.figures.style import BLUE, style_figure

__all__ = ["score_figure"]


def score_figure(norms: np.ndarray) -> go.Figure:
    """A bar per image."""
    return style_figure(go.Figure(go.Bar(y=norms, marker_color=BLUE)), x_title="image", y_title="norm of the score")
''',
}
LIST = "explorer/webapp/shell/navigation.py"
LAST_LINE = '        Page("map", "Map", "scatter_plot"),\n'
NEW_LINE = '        Page("hello", "Hello", "waving_hand"),\n'

VISIT = """
from pathlib import Path

from streamlit.testing.v1 import AppTest

import explorer

assert Path(explorer.__file__).is_relative_to(Path.cwd()), explorer.__file__
app = AppTest.from_file("app.py", default_timeout=300).run()  # it lists all pages, and runs the first one
assert not app.exception, app.exception
page = AppTest.from_file("pages/hello.py", default_timeout=300).run()
assert not page.exception, page.exception
assert not page.error, page.error
assert page.title[0].value == "Hello"
assert float(page.main.metric[0].value) > 0
assert len(page.get("plotly_chart")) == 1
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project with the new page."""
    copy = tmp_path / "copy"
    (copy / "tests").mkdir(parents=True)
    for name in COPIED:
        source, target = ROOT / name, copy / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    for name, text in NEW_FILES.items():
        assert not (copy / name).exists()
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).write_text(text.lstrip(), encoding="utf-8")
    pages = (copy / LIST).read_text(encoding="utf-8")
    assert pages.count(LAST_LINE) == 1
    (copy / LIST).write_text(pages.replace(LAST_LINE, LAST_LINE + NEW_LINE), encoding="utf-8")
    return copy


def run(project: Path, *arguments: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(project), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.usefixtures("home", "tiny_checkpoint")
def test_a_new_page_runs_in_an_architecture_that_holds(project: Path) -> None:
    run(project, "-c", VISIT)
    run(project, "-m", "pytest", "-p", "no:cacheprovider", "tests/test_architecture.py")
