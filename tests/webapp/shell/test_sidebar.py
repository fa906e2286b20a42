from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.conftest import write_tiny_checkpoint

ROOT = Path(__file__).parents[3]


def test_without_a_model_the_page_says_what_to_do(app: AppTest) -> None:
    app.run()
    assert not app.exception
    (error,) = app.error
    assert "There is no model yet" in error.value


def test_a_damaged_checkpoint_is_listed_as_such(probe: AppTest, home: Path) -> None:
    write_tiny_checkpoint(home / "checkpoints" / "wrecked", (1, 8, 8))
    (home / "checkpoints" / "wrecked" / "config.json").write_text("{")
    probe.run()
    assert not probe.exception
    assert probe.selectbox(key="model").options == ["tiny"]
    (warning,) = probe.warning
    assert "**wrecked** is not available" in warning.value


def test_damaged_weights_are_a_sentence_and_another_model_can_be_chosen(probe: AppTest, home: Path) -> None:
    write_tiny_checkpoint(home / "checkpoints" / "wrecked", (1, 8, 8))
    (home / "checkpoints" / "wrecked" / "model.safetensors").write_bytes(b"no weights")
    probe.run()
    probe.selectbox(key="model").set_value("wrecked").run()
    assert not probe.exception
    (error,) = probe.error
    assert "wrecked is damaged" in error.value
    probe.selectbox(key="model").set_value("tiny").run()
    assert not probe.error
    assert probe.metric


def test_a_model_that_changes_on_disk_is_read_anew(probe: AppTest, home: Path) -> None:
    before = probe.metric[0].value
    write_tiny_checkpoint(home / "checkpoints" / "tiny", (1, 8, 8), levels=256)
    probe.run()
    assert probe.metric[0].value != before


def test_the_data_set_follows_the_model(probe: AppTest, home: Path) -> None:
    assert probe.selectbox(key="data").value == "digits"
    probe.selectbox(key="data").set_value("photos").run()
    write_tiny_checkpoint(home / "checkpoints" / "other", (1, 8, 8))
    probe.run()
    probe.selectbox(key="model").set_value("other").run()
    assert probe.selectbox(key="data").value == "digits"


def test_datasets_are_named_without_their_folders(probe: AppTest, home: Path) -> None:
    (home / "datasets" / "holiday").mkdir(parents=True)
    probe.run()
    assert probe.selectbox(key="data").options == ["c-alpha", "digits", "disks", "holiday", "leaves", "photos"]


def test_data_sets_of_one_name_can_all_be_chosen_and_are_in_the_address(
    probe: AppTest, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [home / "datasets" / "photos", home / "datasets" / "holiday", tmp_path / "beach" / "holiday"]
    for number, folder in enumerate(folders):
        folder.mkdir(parents=True)
        Image.new("L", (8, 8), number).save(folder / "1.png")
    monkeypatch.setenv("EXPLORER_DATASETS", str(folders[2]))
    probe.run()
    box = probe.selectbox(key="data")
    assert box.options == [
        *("beach/holiday", "c-alpha", "datasets/holiday", "datasets/photos", "digits", "disks", "leaves", "photos"),
    ]
    for name in ("beach/holiday", "datasets/holiday", "datasets/photos"):
        probe.selectbox(key="data").set_value(name).run()
        assert not probe.exception
        assert probe.query_params["data"] == name
        assert any(f"Data: {name}." in caption.value for caption in probe.sidebar.caption)
        link = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        link.query_params["data"] = name
        assert link.run().selectbox(key="data").value == name
