"""Pages with a density that knows one noise level: those that need more say so."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.conftest import write_tiny_multiscale

ROOT = Path(__file__).parents[3]


def page(name: str, home: Path) -> AppTest:
    write_tiny_multiscale(home / "checkpoints" / "photo")
    app = AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=60)
    app.query_params.update(model="photo", data="photos")
    return app.run()


@pytest.mark.parametrize("name", ["probe", "map", "sample", "bases", "wells", "trust", "tour"])
def test_pages_that_need_more_noise_levels_say_so(home: Path, name: str) -> None:
    app = page(name, home)
    assert not app.exception
    assert not app.error
    assert [title.value for title in app.title] == [name.title()]
    (info,) = app.info
    assert info.value.startswith(f"{name.title()} needs the energy at many noise levels")
    assert info.value.endswith("at 65 dB alone. Choose another model.")
    assert "Open Photograph with photo" in [button.label for button in app.main.button]
    assert "grayscale images of any size, here 32 × 32" in app.sidebar.caption[0].value


@pytest.mark.usefixtures("quick_catalog")
def test_atlas_shows_its_catalog(home: Path) -> None:
    app = page("atlas", home)
    assert not app.exception
    assert not app.error
    assert len(app.metric) == 5
    assert "Click for bits" not in [toggle.label for toggle in app.toggle]


def test_jobs_offer_what_it_can_do(home: Path) -> None:
    app = page("jobs", home)
    assert not app.exception
    assert [option.split(",")[0] for option in app.selectbox(key="job-kind").options] == ["Score a data set"]
