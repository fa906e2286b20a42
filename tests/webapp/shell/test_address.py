"""What a page shows is in its URL, comes back from it, and a wrong setting in it is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.runtime.state.query_params import QueryParams
from streamlit.testing.v1 import AppTest

from explorer.escaping import in_markdown
from explorer.jobs.kinds import CatalogTask
from explorer.jobs.manage import create_job
from explorer.models.checkpoints import Checkpoint
from explorer.webapp.shell.navigation import page_file
from tests.conftest import write_tiny_checkpoint

SOURCES = Path(__file__).parents[3] / "explorer" / "webapp"


@pytest.fixture
def two_models(app: AppTest, home: Path, tiny_checkpoint: Checkpoint) -> AppTest:
    """The app with a second model, before its first run."""
    assert tiny_checkpoint.path.is_dir()
    write_tiny_checkpoint(home / "checkpoints" / "wider", (1, 16, 16))
    return app


def go(app: AppTest, monkeypatch: pytest.MonkeyPatch, page: str, query: dict[str, str]) -> None:
    """Back or Forward, to a page and a query."""
    app.query_params = dict(query)
    with monkeypatch.context() as patch:
        patch.setattr("explorer.webapp.shell.address._is_back_or_forward", lambda: True)
        app.switch_page(page_file(page)).run()
    assert not app.exception


def said(app: AppTest) -> list[str]:
    return [warning.value.replace("\\", "") for warning in app.main.warning]


@pytest.mark.usefixtures("tiny_checkpoint")
@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("model=doesnotexist", "which is not among the choices; tiny is shown instead."),
        ("data=nowhere", "which is not among the choices; digits is shown instead."),
        ("unit=furlongs", "which is not among the choices; dB/dim is shown instead."),
        ("source=nowhere", "which is not among the choices; photograph is shown instead."),
        ("photo=../../etc/passwd", "which is not among the choices; china is shown instead."),
        ("contrast=abc", "which is not a number; 1 is shown instead."),
        ("contrast=nan", "which is not a number; 1 is shown instead."),
        ("contrast=7", "which is not between 0 and 2; 2 is shown instead."),
        ("psnr=-500", "which is not between"),
        ("seed=1.5", "which is not a whole number; 0 is shown instead."),
        ("clip=perhaps", "which is neither true nor false; false is shown instead."),
        ("crop=9-x", "which is no square of the image; 500-500-1000 is shown instead."),
        ("jpeg=0", "which is not between 1 and 100; 1 is shown instead."),
        ("jpeg=much", "which is not a whole number; it was left out."),
        ("denoise=nan", "which is not a number; it was left out."),
        ("pin=photo.../../etc/passwd", "which is no image that can be pinned; it was left out."),
        ("sort=foo", "which means nothing on this page; it was left out."),
        ("order=Lowest", "which means nothing on this page; it was left out."),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_shown_in_its_place(app: AppTest, query: str, sentence: str) -> None:
    name, value = query.split("=")
    app.query_params[name] = value
    app.run()
    assert not app.exception
    assert not app.error
    assert app.metric
    (warning,) = said(app)
    assert warning.startswith(f"The URL says {query}, ")
    assert sentence in warning
    assert app.query_params.get(name) != value
    app.run()
    assert said(app) == [warning]  # until somebody goes on from there
    app.slider(key="blur").set_value(1.0).run()
    assert not said(app)


@pytest.mark.usefixtures("tiny_checkpoint")
def test_a_wrong_image_of_the_data_set_is_named(app: AppTest) -> None:
    app.query_params.update(source="dataset", item="99999")
    app.run()
    assert said(app) == ["The URL says item=99999, which is not between 0 and 178; 178 is shown instead."]
    assert app.number_input(key="item").value == 178
    assert app.query_params == {"source": "dataset", "item": "178"}


@pytest.mark.usefixtures("tiny_checkpoint", "quick_catalog")
@pytest.mark.parametrize(
    ("page", "query", "sentence"),
    [
        ("atlas", "order=foo", "which is not among the choices; Highest is shown instead."),
        ("atlas", "by=Beauty", "which is not among the choices; log p is shown instead."),
        ("atlas", "n=25", "which is not among the choices; 48 is shown instead."),
        ("atlas", "label=77", "which is not among the choices; All labels is shown instead."),
        ("atlas", "compare=nobody", "which is not among the choices; it was left out."),
        ("atlas", "area=here", "which is no outline on the chart; it was left out."),
        ("atlas", "contrast=0.5", "which means nothing on this page; it was left out."),
        ("train", "run=nope", "which means nothing on this page; it was left out."),
        ("jobs", "kind=holiday", "which means nothing on this page; it was left out."),
        ("trust", "item=3", "which means nothing on this page; it was left out."),
    ],
)
def test_on_every_page(app: AppTest, page: str, query: str, sentence: str) -> None:
    name, value = query.split("=")
    app.run()
    app.query_params[name] = value
    app.switch_page(page_file(page)).run()
    assert not app.exception
    if page in ("train", "jobs"):  # there are no runs yet: what the URL asks for may come
        assert not said(app)
    else:
        assert said(app) == [f"The URL says {query}, {sentence}"]


@pytest.mark.usefixtures("tiny_checkpoint")
def test_a_job_is_chosen_by_the_url_or_it_is_named(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("first", "second", "third"):
        create_job(CatalogTask(checkpoint="tiny", dataset="digits"), name)
    app.run()
    for name in ("first", "second"):
        go(app, monkeypatch, "jobs", {"job": name})
        assert app.subheader[0].value == name
        assert app.query_params == {"job": name}
        assert not said(app)
    go(app, monkeypatch, "jobs", {"job": "nope"})
    assert said(app) == ["The URL says job=nope, which is not among the choices; it was left out."]
    assert app.query_params == {}


@pytest.mark.usefixtures("tiny_checkpoint")
def test_a_url_is_text(app: AppTest) -> None:
    app.query_params["model"] = "![x](http://far.example/x.png) <b>" + "y" * 5000
    app.run()
    (warning,) = app.main.warning
    assert in_markdown("![x](http://far.example/x.png) <b>yyy") in warning.value
    assert len(warning.value) < 200


def test_settings_of_all_pages_go_along_and_those_of_a_page_wait_for_it(two_models: AppTest) -> None:
    app = two_models.run()
    app.selectbox(key="model").set_value("wider").run()
    app.selectbox(key="unit").set_value("nats").run()
    app.slider(key="contrast").set_value(0.5).run()
    shown = app.query_params
    assert shown == {"model": "wider", "unit": "nats", "contrast": "0.5"}
    app.query_params = {}  # as the sidebar opens a page
    app.switch_page(page_file("trust")).run()
    assert app.query_params == {"model": "wider", "unit": "nats"}
    app.query_params = {}
    app.switch_page(page_file("probe")).run()
    assert app.query_params == shown
    assert app.slider(key="contrast").value == 0.5


def test_back_and_forward_bring_everything_back(two_models: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    app = two_models.run()
    views = [app.query_params]
    app.selectbox(key="model").set_value("wider").run()
    views.append(app.query_params)
    app.button_group(key="source").set_value("dataset").run()
    app.number_input(key="item").set_value(7).run()
    views.append(app.query_params)
    app.slider(key="contrast").set_value(0.5).run()
    app.toggle(key="clip").set_value(True).run()
    views.append(app.query_params)
    assert views[0] == {}
    shown = {"model": "wider", "source": "dataset", "item": "7", "contrast": "0.5", "clip": "true"}
    assert views[3] == shown | {"tray": "item.7.validation.digits~item.0.validation.digits~photo.china"}
    app.query_params = {}
    app.switch_page(page_file("trust")).run()
    app.selectbox(key="model").set_value("tiny").run()
    trust = app.query_params
    for step in (3, 2, 1, 0, 1, 2, 3):
        go(app, monkeypatch, "probe", views[step])
        assert app.query_params == views[step]
        assert app.selectbox(key="model").value == ("tiny" if step == 0 else "wider")
        assert app.button_group(key="source").value == ("dataset" if step >= 2 else "photograph")
        assert app.slider(key="contrast").value == (0.5 if step == 3 else 1.0)
        assert app.toggle(key="clip").value == (step == 3)
        if step >= 2:
            assert app.number_input(key="item").value == 7
    go(app, monkeypatch, "trust", trust)
    assert app.selectbox(key="model").value == "tiny"


def test_the_url_changes_once_for_one_deed(probe: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"contrast": 0.5, "blur": 1.0, "noise": 0.1}.items():
        probe.slider(key=name).set_value(value).run()
    queries: list[QueryParams] = []
    monkeypatch.setattr(QueryParams, "_send_query_param_msg", lambda query: queries.append(query))
    next(button for button in probe.button if button.label == "Reset").click().run()
    assert len(queries) == 1
    assert queries[0].to_dict() == {}


@pytest.mark.usefixtures("quick_catalog")
def test_an_area_of_the_url_selects(two_models: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    app = two_models.run()
    app.query_params = {"model": "tiny", "area": "-9_-999_9_999", "order": "Lowest"}
    app.switch_page(page_file("atlas")).run()
    assert not app.exception
    assert app.main.caption[-1].value == "179 images selected in the scatter, largest log p first. The first 48:"
    view = app.query_params
    assert view["area"] == "-9_-999_9_999"
    next(button for button in app.button if button.label == "Clear the selection").click().run()
    assert app.main.caption[-1].value == "The 48 images with the smallest log p, in order."
    assert "area" not in app.query_params
    go(app, monkeypatch, "atlas", view)
    assert app.main.caption[-1].value.startswith("179 images selected")
    app.selectbox(key="x").set_value("log_prob").run()  # what was drawn was drawn around other points
    assert "area" not in app.query_params


def test_widgets_are_kept_in_one_way() -> None:
    for path in SOURCES.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "query-params" not in text, path
        assert path.name == "address.py" or "st.query_params" not in text or path.name == "download.py", path
        assert path.name == "address.py" or "st.switch_page(" not in text, path
