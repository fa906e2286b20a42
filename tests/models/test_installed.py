"""Energy models of other packages, from a distribution that is installed for the test."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from streamlit.testing.v1 import AppTest

from explorer.catalog.build import build_catalog, find_catalog
from explorer.data.sources import open_dataset
from explorer.errors import ExplorerError
from explorer.measures.consistency.storage import check_and_keep, find_report
from explorer.measures.image.probe import probe
from explorer.models.checkpoints import list_checkpoints, load_checkpoint
from explorer.perturbations import Perturbation
from explorer.training.card import checkpoint_card
from tests.measures.consistency.examples import SMALL

ROOT = Path(__file__).parents[2]

MODULE = """
    import torch
    import explorer

    class Blob(explorer.EnergyModel):
        image_shape = (1, 8, 8)
        t0 = 1e-4

        def __init__(self, variance=0.1):
            super().__init__()
            if variance <= 0:
                raise ValueError("The variance is positive.")
            self.register_buffer("mean", torch.full((1, 8, 8), 0.5))
            self.variance = variance

        def energy(self, y, t):
            v = self.variance + t[:, None]
            return 0.5 * ((y - self.mean).flatten(1) ** 2 / v + torch.log(2 * torch.pi * v)).sum(1)

    def not_a_class():
        return Blob()
"""
ENTRY_POINTS = """
    [image_density_explorer.models]
    blob = blobs:Blob
    function = blobs:not_a_class
    text = json:JSONDecoder
    missing = blobs:Gone
"""


Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a package that offers the models, and returns the folder that it is in."""

    def package(version: str = "1.0", name: str = "blobs") -> Path:
        site = tmp_path / f"site-{name}-{version}"
        information = site / f"{name}-{version}.dist-info"
        information.mkdir(parents=True)
        (site / f"{name}.py").write_text(textwrap.dedent(MODULE), encoding="utf-8")
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        entry_points = textwrap.dedent(ENTRY_POINTS).replace("blobs", name)
        (information / "entry_points.txt").write_text(entry_points, encoding="utf-8")
        monkeypatch.syspath_prepend(site)
        return site

    return package


@pytest.fixture
def folder(home: Path) -> Path:
    """A checkpoint of the model, not installed yet; digits in cells of 17 levels."""
    return write_checkpoint(home, "blob")


def write_checkpoint(home: Path, entry_point: str, **model: object) -> Path:
    folder = home / "checkpoints" / "mine"
    folder.mkdir(parents=True, exist_ok=True)
    named = {"entry_point": entry_point, "image_shape": [1, 8, 8], **model}
    config = {"format": "image-density-explorer/1", "model": named, "values": {"levels": 17}, "dataset": "digits"}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_a_checkpoint_names_an_installed_class(install: Install, folder: Path, home: Path) -> None:
    install()
    checkpoint = load_checkpoint("mine", "cpu")
    assert type(checkpoint.model).__name__ == "Blob"
    assert (checkpoint.model.image_shape, checkpoint.model.t0, checkpoint.model.t_low) == ((1, 8, 8), 1e-4, 1e-4)
    x = torch.full((1, 1, 8, 8), 0.5)
    expected = -32 * np.log(2 * np.pi * (0.1 + 1e-4))
    assert float(checkpoint.model.log_prob(x)) == pytest.approx(expected, rel=1e-5)
    assert next(info for info in list_checkpoints() if info.name == "mine").problem is None

    write_checkpoint(home, "blob", settings={"variance": 0.2})
    other = load_checkpoint("mine", "cpu")
    assert float(other.model.log_prob(x)) < expected
    assert other.fingerprint != checkpoint.fingerprint
    assert "variance = 0.2" in checkpoint_card("mine", other.config)


def test_weights_are_optional_and_must_fit(install: Install, folder: Path) -> None:
    install()
    plain = load_checkpoint("mine", "cpu")
    save_file({"mean": torch.full((1, 8, 8), 0.25)}, folder / "model.safetensors")
    shifted = load_checkpoint("mine", "cpu")
    assert float(shifted.model.mean.mean()) == 0.25
    assert shifted.fingerprint != plain.fingerprint
    save_file({"mean": torch.zeros(3)}, folder / "model.safetensors")
    with pytest.raises(ExplorerError, match="do not fit"):
        load_checkpoint("mine", "cpu")


def test_another_version_of_the_package_is_another_model(install: Install, folder: Path) -> None:
    install("1.0")
    first = load_checkpoint("mine", "cpu").fingerprint
    install("1.1")
    assert load_checkpoint("mine", "cpu").fingerprint != first


def test_what_is_not_installed_is_listed_with_what_to_do(folder: Path) -> None:
    (info,) = (info for info in list_checkpoints() if info.name == "mine")
    for sentence in ("'blob' is not installed", "Install the Python package", "image_density_explorer.models"):
        assert sentence in info.problem
        with pytest.raises(ExplorerError, match=sentence):
            load_checkpoint("mine", "cpu")


@pytest.mark.parametrize(
    ("entry_point", "model", "problem"),
    [
        ("function", {}, "not a subclass of explorer.EnergyModel"),
        ("text", {}, "not a subclass of explorer.EnergyModel"),
        ("missing", {}, "cannot be imported"),
        ("blob", {"settings": {"variance": -1.0}}, "ValueError: The variance is positive. Change"),
        ("blob", {"settings": {"radius": 1.0}}, "TypeError: .*radius"),
        ("blob", {"image_shape": [1, 16, 16]}, "reads images of shape"),
        ("blob", {"image_shape": [1, 0, 8]}, "is damaged"),
        ("blob", {"path": "/elsewhere"}, "is damaged"),
        ("blobs:Blob", {}, "is not installed"),  # an import string is a name like any other
        ("/elsewhere/blobs.py", {}, "is not installed"),
        ("", {}, "is damaged"),
    ],
)
def test_errors_are_sentences(
    install: Install, home: Path, entry_point: str, model: dict[str, object], problem: str
) -> None:
    install()
    write_checkpoint(home, entry_point, **model)
    with pytest.raises(ExplorerError, match=problem):
        load_checkpoint("mine", "cpu")


def test_a_name_that_two_packages_offer_is_refused(install: Install, folder: Path) -> None:
    install()
    install(name="others")
    with pytest.raises(ExplorerError, match="Several installed packages"):
        load_checkpoint("mine", "cpu")


def test_measures_catalog_and_checks_run_on_it(install: Install, folder: Path) -> None:
    install()
    checkpoint = load_checkpoint("mine", "cpu")
    images = open_dataset("digits", (1, 8, 8), limit=20)
    pixels = np.array(images.pixels[0])
    assert np.isfinite(probe(checkpoint.model, checkpoint.values, pixels, Perturbation()).log_prob).all()
    assert build_catalog(checkpoint, images) is not None
    assert len(find_catalog(checkpoint, images.fingerprint)) == 20
    report = check_and_keep(checkpoint, images, SMALL)
    assert find_report(checkpoint) == report
    for name in ("heat_equation", "clean_dimensionality", "flow", "large_noise"):  # a true density, not that of digits
        assert next(verdict for verdict in report.verdicts() if verdict.check == name).outcome == "passes", name


@pytest.mark.parametrize("page", ["app.py", "pages/atlas.py", "pages/trust.py"])  # the app begins with Probe
def test_pages_show_it(install: Install, folder: Path, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    install()
    monkeypatch.setattr("explorer.catalog.scoring.lossless_bits", lambda *_, **__: {"PNG": 1, "WebP": 2, "JPEG XL": 3})
    monkeypatch.setattr("explorer.catalog.profile.PROFILE_IMAGES", 4)
    monkeypatch.setattr("explorer.webapp.trust.start.QUICK", SMALL)
    app = AppTest.from_file(str(ROOT / page), default_timeout=120)
    app.query_params.update(model="mine", data="digits")
    app.run()
    if page == "pages/trust.py":
        next(button for button in app.button if button.label == "Run the quick checks").click().run()
        assert len(app.main.table) == 1
    else:
        assert app.metric
    assert not app.exception
    assert not app.error
