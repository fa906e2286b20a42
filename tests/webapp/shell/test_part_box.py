"""The chooser of the part of a data set, on the pages that show one, with a folder of 60 images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from explorer.catalog.build import build_catalog
from explorer.data.sources import open_dataset
from explorer.jobs.kinds import CatalogTask
from explorer.jobs.manage import create_job
from explorer.jobs.tasks import do_task
from explorer.models.checkpoints import load_checkpoint
from tests.conftest import write_tiny_checkpoint

ROOT = Path(__file__).parents[3]
SHAPE = (1, 8, 8)
COUNTS = {"all": "60 images", "train": "54 of 60 images: the training part"}
COUNTS["validation"] = "6 of 60 images: the validation part"


@pytest.fixture(autouse=True)
def folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder `birds`; one model was trained on it, and one was not."""
    monkeypatch.setattr("explorer.models.checkpoints.SHIPPED_CHECKPOINTS", home / "none")
    monkeypatch.setattr("explorer.catalog.scoring.lossless_bits", lambda *_, **__: {"PNG": 1, "WebP": 2, "JPEG XL": 3})
    monkeypatch.setattr("explorer.catalog.profile.PROFILE_IMAGES", 4)
    monkeypatch.setattr("explorer.webapp.map.page.ready_map", lambda *_: None)  # UMAP takes long
    root = home / "datasets" / "birds"
    root.mkdir(parents=True)
    for number, pixels in enumerate(np.random.default_rng(0).integers(0, 256, (60, 8, 8), np.uint8)):
        Image.fromarray(pixels).save(root / f"{number}.png")
    for name, dataset in (("stranger", "digits"), ("pupil", "birds")):
        write_tiny_checkpoint(home / "checkpoints" / name, SHAPE, dataset=dataset)
    return root


def page(name: str, **query: str) -> AppTest:
    script = "app.py" if name == "probe" else f"pages/{name}.py"  # Probe links to another page
    app = AppTest.from_file(str(ROOT / script), default_timeout=120)
    app.query_params.update({"data": "birds", "model": "stranger"} | query)
    return run(app)


def run(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    assert not app.error
    return app


def shown(app: AppTest) -> str:
    return app.main.markdown[0].value


@pytest.mark.parametrize(("model", "part"), [("stranger", "all"), ("pupil", "validation")])
@pytest.mark.parametrize("name", ["atlas", "map"])
def test_by_default_all_that_is_new_to_the_model(name: str, model: str, part: str) -> None:
    app = page(name, model=model)
    assert app.segmented_control(key="part").value == part
    assert shown(app).startswith(COUNTS[part])
    assert app.main.markdown[0].help.startswith("54 images for training, 6 for validation: a random tenth")


def test_the_part_is_chosen_and_comes_from_the_url() -> None:
    app = page("atlas", part="train")
    assert shown(app).startswith(COUNTS["train"])
    assert app.main.caption[-1].value == "The 48 images with the largest log p, in order."
    app.segmented_control(key="part").set_value("validation")
    assert shown(run(app)).startswith(COUNTS["validation"])
    assert app.main.caption[-1].value == "The 6 images with the largest log p, in order."


def test_it_follows_the_model_until_somebody_chooses() -> None:
    app = page("atlas")
    app.selectbox(key="model").set_value("pupil")  # which chooses its data set, too
    assert shown(run(app)).startswith(COUNTS["validation"])
    app = page("atlas")
    app.segmented_control(key="part").set_value("train")
    app.selectbox(key="model").set_value("pupil")
    assert shown(run(app)).startswith(COUNTS["train"])


def test_probe_counts_the_images_of_the_part() -> None:
    assert page("probe", source="dataset").number_input(key="item").max == 59
    app = page("probe", source="dataset", part="validation")
    assert app.number_input(key="item").max == 5
    app.segmented_control(key="part").set_value("train")
    assert run(app).number_input(key="item").max == 53


def test_the_percentile_is_among_the_part(folder: Path) -> None:
    model = load_checkpoint("stranger", "cpu")
    app = page("probe", source="dataset", part="train")
    assert app.metric[1].value == "–"
    assert "the training part of birds" in app.metric[1].help
    build_catalog(model, open_dataset(str(folder), SHAPE, "train"))
    assert run(app).metric[1].value.endswith(" %")


@pytest.mark.parametrize("part", ["train", "all"])
def test_what_a_job_scored_is_opened(folder: Path, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    task = CatalogTask(checkpoint="pupil", dataset=str(folder), split=part)
    assert do_task(create_job(task, "job"), lambda: False)
    monkeypatch.setattr("explorer.webapp.shell.ready_catalog.build_catalog", pytest.fail)
    app = page("atlas", model="pupil", part=part)
    assert shown(app).startswith(COUNTS[part])
    assert app.main.caption[-1].value == "The 48 images with the largest log p, in order."
