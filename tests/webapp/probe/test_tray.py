"""The last images: in the URL and back from it, with uploads that stay in the session."""

from __future__ import annotations

import numpy as np
from streamlit.testing.v1 import AppTest

from explorer.models.checkpoints import Checkpoint
from explorer.webapp.probe import tray
from tests.webapp.shell.test_upload import png


def titles(app: AppTest) -> list[str]:
    return [tray._title(seen) for seen in app.session_state["tray-seen"]]


def look(app: AppTest, *synthetic: str) -> None:
    app.button_group(key="source").set_value("synthetic").run()
    for name in synthetic:
        app.selectbox(key="synthetic").set_value(name).run()
    assert not app.exception


def test_one_image_needs_no_tray(probe: AppTest) -> None:
    assert not probe.query_params
    probe.slider(key="contrast").set_value(0.5).run()
    assert set(probe.query_params) == {"contrast"}


def test_images_are_in_the_url_newest_first_each_once(probe: AppTest) -> None:
    look(probe, "disk", "gradient", "disk")
    assert probe.query_params["tray"] == "synthetic.gradient~synthetic.disk~synthetic.constant~photo.china"
    assert len(probe.session_state["tray-small"]) == 4


def test_there_are_twelve_at_most(probe: AppTest) -> None:
    probe.button_group(key="source").set_value("dataset").run()
    for item in range(1, 14):
        probe.number_input(key="item").set_value(item).run()
    assert titles(probe) == [f"digits {item}" for item in range(13, 1, -1)]
    assert len(probe.session_state["tray-small"]) == 12


def test_a_link_brings_them_back(app: AppTest, tiny_checkpoint: Checkpoint) -> None:
    text = "photo.cat.100-200-300~item.3.train.digits~synthetic.disk~item.5.all.photos"
    app.query_params.update({"model": tiny_checkpoint.name, "source": "synthetic", "synthetic": "disk", "tray": text})
    app.run()
    assert not app.warning
    assert not app.exception
    assert app.query_params["tray"] == text
    assert titles(app) == ["cat", "digits 3", "disk", "photos 5"]


def test_uploads_are_in_no_url_and_removed_ones_are_gone(probe: AppTest) -> None:
    probe.button_group(key="source").set_value("upload").run()
    for gray in (9, 99):
        probe.file_uploader[0].set_value((f"{gray}.png", png(gray), "image/png")).run()
    look(probe)
    assert [seen.source for seen in probe.session_state["tray-seen"]] == ["synthetic", "upload", "upload", "photograph"]
    assert probe.query_params["tray"] == "synthetic.constant~photo.china"
    probe.button_group(key="source").set_value("upload").run()
    next(button for button in probe.button if button.label == "Remove").click().run()
    assert [seen.source for seen in probe.session_state["tray-seen"]] == ["synthetic", "upload", "photograph"]


def test_hostile_urls_are_told(app: AppTest, tiny_checkpoint: Checkpoint) -> None:
    app.query_params.update({"model": tiny_checkpoint.name, "tray": "photo.cat~<b>~item.1.all./etc"})
    app.run()
    assert "names images that there are not; photo.cat is shown instead" in app.warning[0].value
    assert titles(app) == ["china", "cat"]
    assert not app.exception


def test_large_images_are_kept_small() -> None:
    small = tray._shrunk(np.zeros((3, 256, 256), np.uint8))
    assert small.shape == (3, 64, 64)
