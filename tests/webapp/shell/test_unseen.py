"""Which of the built-in photographs the pages show: all to a model that was trained on none of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explorer.jobs.kinds import EvaluateTask
from explorer.jobs.manage import create_job, list_jobs
from explorer.jobs.tasks import do_task
from explorer.models.checkpoints import Checkpoint, load_checkpoint
from tests.conftest import write_tiny_checkpoint

ROOT = Path(__file__).parents[3]
SHAPE = (1, 16, 16)
CROPS = 3  # of a photograph
ALL, VALIDATION = 14 * CROPS, 4 * CROPS


@pytest.fixture
def models(home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Checkpoint]:
    """One that was trained on the photographs, and one that was not; no others."""
    monkeypatch.setattr("explorer.models.checkpoints.SHIPPED_CHECKPOINTS", home / "none")
    monkeypatch.setattr("explorer.data.builtin._MOST_CROPS", CROPS)
    for name, dataset in (("stranger", "pictures"), ("pupil", "photos")):
        write_tiny_checkpoint(home / "checkpoints" / name, SHAPE, dataset=dataset)
    return {name: load_checkpoint(name, "cpu") for name in ("stranger", "pupil")}


def page(name: str, **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=120)
    app.query_params.update(data="photos", **query)
    app.run()
    assert not app.exception
    assert not app.error
    return app


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("stranger", f"{ALL} crops of 14 photographs, sorted"),
        ("pupil", f"{VALIDATION} of {ALL} crops of photographs: the validation part, sorted"),
    ],
)
@pytest.mark.usefixtures("models")
def test_atlas_and_map_and_probe(monkeypatch: pytest.MonkeyPatch, model: str, sentence: str) -> None:
    monkeypatch.setattr("explorer.webapp.map.page.ready_map", lambda *_: None)  # UMAP takes long
    count = ALL if model == "stranger" else VALIDATION
    assert page("atlas", model=model).main.markdown[0].value.startswith(sentence)
    assert page("map", model=model).main.markdown[0].value.startswith(sentence.replace(", sorted", ". Each is a point"))
    assert page("probe", model=model, source="dataset").number_input(key="item").max == count - 1


@pytest.mark.parametrize("pair", [("stranger", "pupil"), ("pupil", "stranger")])
@pytest.mark.usefixtures("models")
def test_a_comparison_is_on_what_is_new_to_both(pair: tuple[str, str]) -> None:
    compared = page("atlas", model=pair[0], compare=pair[1])
    assert compared.main.markdown[0].value.startswith(f"{VALIDATION} of {ALL} crops of photographs: the validation")
    share = next(metric for metric in compared.metric if metric.label.startswith("More probable"))
    assert share.delta == f"of {VALIDATION} images"


@pytest.mark.usefixtures("models")
def test_an_image_of_a_comparison_is_the_same_one_in_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[dict[str, str]] = []
    monkeypatch.setattr("explorer.webapp.atlas.disputed.image_grid", lambda *_, **__: 0)
    monkeypatch.setattr("streamlit.switch_page", lambda _page, query_params: opened.append(query_params))
    compared = page("atlas", model="stranger", compare="pupil")
    assert opened[0]["model"] == "stranger"
    assert opened[0]["source"] == "dataset"
    assert opened[0]["part"] == "validation"
    assert compared.main.markdown[0].value.startswith(f"{VALIDATION} of {ALL} crops")
    probe = page("probe", **opened[0])
    assert probe.number_input(key="item").max == VALIDATION - 1
    assert probe.number_input(key="item").value == int(opened[0]["item"])


@pytest.mark.usefixtures("models", "jobs")
def test_a_job_scores_the_part_that_the_page_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.webapp.shell.ready_catalog._AT_ONCE", 10)
    atlas = page("atlas", model="stranger")
    atlas.button[0].click().run()
    (job,) = list_jobs()
    assert job.task.split == "all"
    assert page("jobs", model="stranger").selectbox(key="job-split-all").value == "all"
    assert page("jobs", model="pupil").selectbox(key="job-split-validation").value == "validation"


@pytest.mark.parametrize(("model", "count"), [("stranger", ALL), ("pupil", VALIDATION)])
@pytest.mark.usefixtures("models")
def test_checks_in_a_job_are_on_that_part(monkeypatch: pytest.MonkeyPatch, model: str, count: int) -> None:
    looked_at: list[int] = []
    monkeypatch.setattr(
        "explorer.measures.consistency.storage.check_and_keep", lambda _, images, *__: looked_at.append(len(images))
    )
    assert do_task(create_job(EvaluateTask(checkpoint=model, dataset="photos"), "checks"), lambda: False)
    assert looked_at == [count]
