"""Where the bits are, in Probe, without a browser: it says that it sees the place whenever it is asked."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from explorer.images import SYNTHETIC
from explorer.measures.image.bits import ImageBits
from explorer.models.checkpoints import Checkpoint
from explorer.perturbations import Perturbation
from explorer.units import format_number
from explorer.webapp.probe.cached_measures import probed
from explorer.webapp.probe.changes import Changes
from explorer.webapp.shell.surprise_work import surprise_work

ROOT = Path(__file__).parents[3]
_TURNS = 20


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.webapp.shell.bits_panel.on_screen", lambda _key: True)


def table(app: AppTest) -> str:
    """Where it is drawn, in as many runs as its work has turns."""
    for _ in range(_TURNS):
        found = [each.proto.body for each in app.get("html") if "Denoising error" in each.proto.body]
        if found:
            return found[0]
        app.run()
    raise AssertionError("no map")


def shown(html: str) -> list[float]:
    """The numbers of the table: bits and bits a value, by the denoising error, by the energy, and their difference."""
    cells = re.findall(r"<td>([^<]*\d)</td>", html)
    return [float(cell.replace(",", "").replace("−", "-")) for cell in cells]


def bits_of(checkpoint: Checkpoint, pixels: np.ndarray, perturbation: Perturbation) -> ImageBits:
    work = surprise_work(checkpoint, probed(checkpoint, pixels, Changes(perturbation)).x)
    while work.result is None:
        work.take_turn()
    return work.result


@pytest.mark.usefixtures("seen")
def test_the_sum_of_the_map_is_the_number_beside_it(probe: AppTest, tiny_checkpoint: Checkpoint) -> None:
    probe.button_group(key="source").set_value("synthetic").run()
    probe.selectbox(key="synthetic").set_value("disk").run()
    numbers = shown(table(probe))
    bits = bits_of(tiny_checkpoint, SYNTHETIC["disk"]((1, 8, 8)), Perturbation())
    gap = bits.energy - bits.total
    expected = [bits.total, bits.total / 64, bits.energy, bits.energy / 64, gap, gap / 64]
    assert numbers == pytest.approx(expected, abs=0.51)
    assert numbers[1::2] == pytest.approx(expected[1::2], abs=0.0051)
    assert not probe.exception


@pytest.mark.usefixtures("seen")
def test_the_map_follows_the_perturbed_image(probe: AppTest) -> None:
    before = table(probe)
    probe.slider(key="contrast").set_value(0.2).run()
    assert table(probe) != before


@pytest.mark.usefixtures("seen")
def test_the_scale_is_in_the_url_and_a_wrong_one_is_named(app: AppTest, tiny_checkpoint: Checkpoint) -> None:
    assert tiny_checkpoint.path.is_dir()
    app.query_params["scale"] = "7"
    app.run()
    assert any("scale=7" in warning.value for warning in app.warning)
    assert app.session_state["scale"] == "all"
    again = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    again.query_params["scale"] = "16"
    assert table(again.run())
    assert not again.warning
    assert again.session_state["scale"] == "16"
    assert again.query_params["scale"] == "16"
    assert not again.exception


def test_nothing_is_computed_where_nobody_looks(probe: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.webapp.shell.surprise_work.SurpriseWork.take_turn", lambda _self: pytest.fail("work"))
    probe.slider(key="contrast").set_value(0.3).run()
    assert probe.metric[0].label == "log p"
    assert not [each for each in probe.get("html") if "Denoising error" in each.proto.body]


@pytest.mark.usefixtures("seen")
def test_the_map_of_a_pinned_image_is_subtracted(probe: AppTest, tiny_checkpoint: Checkpoint) -> None:
    probe.button_group(key="source").set_value("synthetic").run()
    probe.selectbox(key="synthetic").set_value("disk").run()
    probe.button(key="pin_button").click().run()
    probe.selectbox(key="synthetic").set_value("gradient").run()
    now, pinned = (
        bits_of(tiny_checkpoint, SYNTHETIC[name]((1, 8, 8)), Perturbation()) for name in ("gradient", "disk")
    )
    wanted = format_number(float((now.pixels - pinned.pixels).sum()), "+,.0f")
    for _ in range(_TURNS):
        said = [each.value for each in probe.caption if "than in the pinned image" in each.value]
        if said:
            break
        probe.run()
    assert said == [f"{wanted} bits in all. Blue pixels cost less than in the pinned image, orange ones more."]
    assert len(probe.get("plotly_chart")) == 4
