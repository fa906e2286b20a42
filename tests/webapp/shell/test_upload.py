"""What a visitor brings: read, told, kept within bounds, and removed."""

from __future__ import annotations

import io

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image
from streamlit.testing.v1 import AppTest

from explorer.decoding import MAX_UPLOAD_BYTES
from explorer.webapp.shell import uploads
from explorer.webapp.widgets.drop_zone import Dropped
from tests.webapp.probe.test_page import ROOT, log_p


def png(gray: int) -> bytes:
    file = io.BytesIO()
    Image.new("L", (20, 20), gray).save(file, "PNG")
    return file.getvalue()


def captions(app: AppTest) -> list[str]:
    return [caption.value for caption in app.caption]


@pytest.fixture
def dropping() -> AppTest:
    """A page that takes the `files` of its session as dropped ones."""

    def page() -> None:
        import streamlit as st

        from explorer.webapp.shell.upload import take_dropped, uploaded

        for file in st.session_state.pop("files", []):
            take_dropped(file)
        uploaded()

    return AppTest.from_function(page, default_timeout=60)


def drop(app: AppTest, *files: Dropped) -> AppTest:
    app.session_state["files"] = files
    app.run()
    assert not app.exception
    return app


def test_a_dropped_image_is_an_upload(dropping: AppTest) -> None:
    drop(dropping, Dropped("a *b*.png", png(9), others=2))
    assert "Uploaded: a \\*b\\*.png" in captions(dropping)
    assert "One image at a time: 2 more files left out." in captions(dropping)
    assert dropping.session_state["source"] == "upload"
    drop(dropping, Dropped("", png(9)))
    assert "Uploaded: pasted image" in captions(dropping)
    assert not dropping.error


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (
            Dropped("a.png", None, MAX_UPLOAD_BYTES + 2**20),
            "The file a.png has 21 MB; the limit is 20 MB. Save it smaller.",
        ),
        (Dropped("a.png", None, 5, (9000, 9000)), "has 9,000 x 9,000 pixels; at most 50 million are read."),
        (Dropped("a folder", None), "The file a folder could not be read by the browser."),
        (Dropped("a.png", b""), "The file a.png is empty."),
        (Dropped("a.png", b"<html>"), "is not an image that can be read."),
    ],
)
def test_what_is_no_image_is_told_and_the_last_one_stays(dropping: AppTest, file: Dropped, sentence: str) -> None:
    drop(dropping, Dropped("good.png", png(9)), file)
    assert sentence in dropping.error[0].value
    assert "Uploaded: good.png" in captions(dropping)


def test_uploads_are_kept_within_bounds(dropping: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [png(gray) for gray in range(20)]
    drop(dropping, *(Dropped(f"{gray}.png", data) for gray, data in enumerate(files)))
    kept = dropping.session_state["uploads"]
    assert [each.name for each in kept.values()] == [f"{gray}.png" for gray in range(8, 20)]
    monkeypatch.setattr(uploads, "MOST_BYTES", len(files[18]) + len(files[19]))
    drop(dropping, Dropped("19.png", files[19]))
    assert [each.name for each in kept.values()] == ["18.png", "19.png"]


def test_a_removed_upload_is_gone(probe: AppTest) -> None:
    photograph = log_p(probe)
    probe.button_group(key="source").set_value("upload").run()
    probe.file_uploader[0].set_value(("dark.png", png(9), "image/png")).run()
    assert "Uploaded: dark.png" in captions(probe)
    assert log_p(probe) != photograph
    next(button for button in probe.button if button.label == "Remove").click().run()
    assert log_p(probe) == photograph
    assert not any("dark.png" in caption for caption in captions(probe))
    assert not probe.session_state["uploads"]


def test_the_url_names_the_upload_and_another_visit_is_told_that_it_has_none(probe: AppTest) -> None:
    probe.button_group(key="source").set_value("upload").run()
    for gray in (9, 99):
        probe.file_uploader[0].set_value((f"{gray}.png", png(gray), "image/png")).run()
        assert probe.query_params["upload"] == uploads.digest(png(gray))
    another_visit = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    another_visit.query_params.update({"source": "upload", "upload": probe.query_params["upload"]})
    another_visit.run()
    assert "which is an upload that this visit does not have; it was left out" in another_visit.main.warning[0].value
    assert "Until you choose one, this photograph is used." in captions(another_visit)
    assert "upload" not in another_visit.query_params


def test_who_chooses_uploads_again_sees_the_last_one(probe: AppTest) -> None:
    probe.button_group(key="source").set_value("upload").run()
    probe.file_uploader[0].set_value(("dark.png", png(9), "image/png")).run()
    probe.button_group(key="source").set_value("photograph").run()
    assert "upload" not in probe.query_params
    probe.session_state["upload"] = None  # as an earlier URL says it
    probe.button_group(key="source").set_value("upload").run()
    assert "Uploaded: dark.png" in captions(probe)


def test_a_removed_upload_is_pinned_no_more(probe: AppTest) -> None:
    probe.button_group(key="source").set_value("upload").run()
    probe.file_uploader[0].set_value(("dark.png", png(9), "image/png")).run()
    probe.button(key="pin_button").click().run()
    assert probe.query_params["pin"] == f"upload.{uploads.digest(png(9))}"
    next(button for button in probe.button if button.label == "Remove").click().run()
    assert set(probe.query_params) == {"source"}
    assert not probe.exception
    assert not probe.error


def test_the_pinned_upload_is_forgotten_last(probe: AppTest) -> None:
    probe.button_group(key="source").set_value("upload").run()
    for gray in range(14):
        probe.file_uploader[0].set_value((f"{gray}.png", png(gray), "image/png")).run()
        if gray == 0:
            probe.button(key="pin_button").click().run()
    assert {each.name for each in probe.session_state["uploads"].values()} == {
        "0.png",
        *(f"{gray}.png" for gray in range(3, 14)),
    }
    assert probe.query_params["pin"] == f"upload.{uploads.digest(png(0))}"
    assert not probe.exception


def test_the_sentence_about_a_bad_file_can_be_removed(dropping: AppTest) -> None:
    drop(dropping, Dropped("a.png", b"<html>"))
    assert dropping.error
    dropping.button[0].click().run()
    assert not dropping.error
    assert not dropping.exception


def test_the_camera_is_off_until_somebody_asks_for_it(probe: AppTest) -> None:
    probe.button_group(key="source").set_value("upload").run()
    assert not probe.get("camera_input")
    probe.toggle(key="camera").set_value(True).run()
    assert probe.get("camera_input")
    assert any("Allow the camera in your browser" in caption for caption in captions(probe))
    assert not probe.exception


def test_an_upload_of_many_bits_says_what_it_is_taken_for_and_another_scale_can_be_chosen(probe: AppTest) -> None:
    values = (np.add.outer(np.arange(40), np.arange(40)) * 50).astype(np.uint16)  # of 12 bits, or 16?
    probe.button_group(key="source").set_value("upload").run()
    probe.file_uploader[0].set_value(("cells.png", imagecodecs.png_encode(values), "image/png")).run()
    assert "white may be 4,095 or 65,535. Choose the values of black and white." in probe.error[0].value
    white = next(box for box in probe.number_input if box.label == "White")
    assert white.value is None
    white.set_value(4095.0).run()
    assert not probe.error
    assert any(
        caption.value == "It holds 16-bit integers: 0 is taken for black and 4,095 for white."
        for caption in probe.caption
    )
    as_twelve = log_p(probe)
    next(box for box in probe.number_input if box.label == "White").set_value(65535.0).run()
    assert log_p(probe) != as_twelve
    assert not probe.exception


def test_an_upload_of_floats_says_what_it_is_taken_for(probe: AppTest) -> None:
    values = np.add.outer(np.arange(40), np.arange(40)).astype(np.float32) / 78
    values[0, 0] = 1.004
    file = io.BytesIO()
    tifffile.imwrite(file, values)
    probe.button_group(key="source").set_value("upload").run()
    probe.file_uploader[0].set_value(("a.tif", file.getvalue(), "image/tiff")).run()
    assert not probe.error
    captions = [caption.value for caption in probe.caption]
    assert (
        "It holds 32-bit floats: 0 is taken for black and 1 for white. "
        "0.062 % of the values are outside and are clipped." in captions
    )
    assert [box.value for box in probe.number_input if box.label in ("Black", "White")] == [0, 1]
