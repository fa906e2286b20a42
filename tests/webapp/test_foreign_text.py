"""Names are not Markdown: no page passes a name that anybody made to what reads a notation."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import Message
from PIL import Image
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, Node

from explorer.catalog.map import Map
from explorer.data.store import Store
from explorer.escaping import in_markdown
from explorer.jobs.kinds import CatalogTask
from explorer.jobs.manage import create_job
from explorer.measures.consistency.storage import save_report
from explorer.models.checkpoints import Checkpoint, load_checkpoint
from explorer.training.run import create_run
from explorer.webapp.probe.changes import UNCHANGED
from explorer.webapp.probe.pin import PIN, Pin
from explorer.webapp.shell.origin import Origin
from explorer.webapp.tour.stops import STOPS
from tests.conftest import write_tiny_checkpoint, write_tiny_multiscale
from tests.measures.consistency.examples import good
from tests.training.bars import config
from tests.webapp.shell.test_upload import png

ROOT = Path(__file__).parents[2]
HOSTILE = "![x](http:stranger.example) _a_ $b$ <i>:red[c]"
"""In the names of everything that has a name: each of its parts would vanish, or be called."""

PLAIN = {
    "Selectbox.options",
    "Selectbox.raw_value",
    "TextInput.placeholder",
    "BidiComponent.json",  # scripts of ours, which set text and no HTML
    "BidiComponent.mixed.json",
    "Code.code_text",
}
"""Fields that Streamlit shows letter by letter."""

HIDDEN = {"id", "key", "element_id", "form_id"}


@pytest.fixture
def strangers(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model that no page can use, a data set, its classes and its files, all of one name; and two models that can be
    used, which say that they were trained on data of that name."""
    monkeypatch.setattr("explorer.models.checkpoints.SHIPPED_CHECKPOINTS", home / "none")
    monkeypatch.setattr("explorer.catalog.scoring.lossless_bits", lambda *_, **__: {"PNG": 1, "WebP": 2, "JPEG XL": 3})
    monkeypatch.setattr("explorer.catalog.profile.PROFILE_IMAGES", 4)
    for name in (HOSTILE, "tiny", "other"):
        write_tiny_checkpoint(home / "checkpoints" / name, (1, 8, 8), dataset=HOSTILE)
    rng = np.random.default_rng(0)
    for name in (HOSTILE, "b"):
        folder = home / "datasets" / HOSTILE / name
        folder.mkdir(parents=True)
        for number in range(20):
            pixels = rng.integers(0, 256, (8, 8), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{HOSTILE} {number}.png")
    return home


def visit(name: str, **query: str) -> AppTest:
    script = ROOT / ("app.py" if name == "probe" else f"pages/{name}.py")  # Probe links to other pages
    app = AppTest.from_file(str(script), default_timeout=120)
    app.query_params.update({"model": "tiny", "data": HOSTILE} | query)
    app.run()
    assert not app.exception
    return app


def nodes(node: Node) -> Iterator[Node]:
    yield node
    if isinstance(node, Block):
        for child in node.children.values():
            yield from nodes(child)


def texts(message: Message, path: str) -> Iterator[tuple[str, str]]:
    """Every text of a message with the names of the fields that lead to it."""
    for field, value in message.ListFields():
        if field.name in HIDDEN:
            continue
        where = f"{path}.{field.name}"
        for part in value if field.is_repeated else [value]:
            if isinstance(part, Message):
                yield from texts(part, where)
            elif isinstance(part, str):
                yield where, part


def shown(app: AppTest) -> list[tuple[str, str]]:
    found = []
    for node in nodes(app._tree):
        proto: Any = getattr(node, "proto", None)
        if isinstance(proto, Message):
            found += texts(proto, proto.DESCRIPTOR.name)
    return found


def check(app: AppTest) -> None:
    found = shown(app)
    assert any(in_markdown(HOSTILE) in text for _, text in found), "the name is on the page"
    for where, text in found:
        if where not in PLAIN:
            assert HOSTILE not in text, f"{where}: {text}"


@pytest.mark.parametrize("query", [{}, {"source": "dataset"}, {"source": "dataset", "item": "30"}])
@pytest.mark.usefixtures("strangers")
def test_probe(query: dict[str, str]) -> None:
    check(visit("probe", **query))


@pytest.mark.usefixtures("strangers")
def test_probe_beside_a_pin() -> None:
    of_dataset = {"source": "dataset", "pin": PIN.write(Pin(Origin("dataset", HOSTILE, part="all", item=3), UNCHANGED))}
    app = visit("probe", **of_dataset, tray=f"photo.china~item.3.all.{HOSTILE}", item="5")
    assert any(f"Pinned: {html.escape(HOSTILE, quote=False)}" in each.proto.body for each in app.get("html"))
    check(app)


@pytest.mark.usefixtures("strangers")
def test_probe_with_an_upload() -> None:
    app = visit("probe", source="upload")
    for gray, name in ((9, f"{HOSTILE}.png"), (99, f"{HOSTILE} 2.png"), (None, HOSTILE)):
        app.file_uploader[0].set_value((name, b"no image" if gray is None else png(gray), "image/png")).run()
        app.button(key="pin_button").click().run()
    assert not app.exception
    assert in_markdown(HOSTILE) in app.error[0].value
    assert len(app.session_state["tray-seen"]) == 3  # with the photograph that was there first
    check(app)


@pytest.mark.usefixtures("strangers")
def test_tour() -> None:
    for stop in range(1, len(STOPS) + 1):
        check(visit("tour", stop=str(stop), guesses="0" * len(STOPS)))


@pytest.mark.usefixtures("strangers")
def test_sample() -> None:
    check(visit("sample", count="4", steps="15"))
    check(visit("wells", memories="0.1.2"))


@pytest.mark.usefixtures("strangers")
def test_atlas() -> None:
    check(visit("atlas"))
    check(visit("atlas", compare="other"))


def test_photograph(strangers: Path) -> None:
    write_tiny_multiscale(strangers / "checkpoints" / "many")
    app = visit("large", side="128", source="upload")
    app.file_uploader[0].set_value((f"{HOSTILE}.png", png(99), "image/png"))
    app.run()
    assert not app.exception
    check(app)


@pytest.mark.usefixtures("strangers")
@pytest.mark.parametrize("query", [{}, {"compare": "other"}])
def test_bits_in_atlas(query: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.webapp.shell.bits_panel.on_screen", lambda _key: True)
    monkeypatch.setattr("explorer.webapp.shell.surprise_work._TURN", 60.0)
    app = visit("atlas", bits="3", **query).run().run()
    assert any("Denoising error" in each.proto.body for each in app.get("html"))
    check(app)


@pytest.mark.usefixtures("strangers")
def test_map(monkeypatch: pytest.MonkeyPatch) -> None:
    def in_a_row(checkpoint: Checkpoint, images: Store, *_: object) -> Map:
        place = np.arange(len(images), dtype=np.float32)
        return Map(place, place)

    monkeypatch.setattr("explorer.webapp.map.page.ready_map", in_a_row)  # UMAP takes long
    check(visit("map", color="label"))


@pytest.mark.usefixtures("strangers")
def test_trust() -> None:
    report = good((1, 32, 32))
    conditions = report.conditions.model_copy(update={"dataset": HOSTILE, "other": HOSTILE})
    save_report(load_checkpoint("tiny", "cpu"), report.model_copy(update={"conditions": conditions}))
    check(visit("trust"))


@pytest.mark.usefixtures("strangers")
def test_train_and_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    create_job(CatalogTask(checkpoint="tiny", dataset=HOSTILE))
    check(visit("jobs"))
    monkeypatch.setattr("explorer.webapp.train.form.seconds_per_step", lambda _: 1.0)
    create_run(config().model_copy(update={"dataset": HOSTILE}))
    check(visit("train"))
