"""Image files scored by a density of images of any size."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from PIL import Image

from explorer.errors import ExplorerError
from explorer.measures.image.files import score_files
from explorer.measures.shared.scoring import model_input
from explorer.models.checkpoints import Checkpoint, load_checkpoint
from explorer.units import code_length_bits
from tests.conftest import write_tiny_checkpoint


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """A square, a rectangle of 70 x 45, one as small as can be and one smaller than that, named in this order."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number, shape in enumerate(((64, 64), (45, 70), (8, 8), (6, 60))):
        Image.fromarray(rng.integers(0, 256, shape, np.uint8)).save(folder / f"{number}.png")
    return folder


def test_squares_at_the_models_own_size(photo: Checkpoint, photographs: Path) -> None:
    scored = score_files(photo, photographs)
    assert [row["file"] for row in scored.rows] == ["0.png", "1.png", "2.png", "3.png"]
    assert list(scored.rows[0]) == [
        "file",
        "log_prob_nats",
        "log_prob_db_per_dim",
        "code_length_bits",
        "height",
        "width",
        "bits_base",
        "bits_level_0",
        "bits_level_1",
    ]
    for row in scored.rows:
        assert (row["height"], row["width"]) == (32, 32)
        assert row["code_length_bits"] == pytest.approx(
            float(row["bits_base"] or 0) + float(row["bits_level_0"] or 0) + float(row["bits_level_1"] or 0)
        )
    x = photo.prepare(Image.open(photographs / "0.png"))
    assert scored.rows[0]["log_prob_nats"] == pytest.approx(float(photo.model.log_prob(x)), rel=1e-6)
    assert scored.notes == [
        "Of 4 images, 2 are not square: the largest middle square is scored.",
        "Of 4 images, 2 are smaller than 32 pixels and enlarged, and so smoother than photographs are.",
    ]


def test_whole_images_at_their_own_size(photo: Checkpoint, photographs: Path) -> None:
    told = []
    scored = score_files(photo, photographs, lambda *step: told.append(step), size="whole")
    assert told[-1] == (4, 4)
    sizes = [(row["height"], row["width"]) for row in scored.rows]
    assert sizes == [(64, 64), (44, 68), (8, 8)]
    assert scored.problems == ["3.png has 60 x 6 pixels, and the model needs at least 8 x 8."]
    assert scored.notes == ["Of 3 images, 1 lost a border of up to 2 pixels that does not fit."]
    # What a small image has no scale for is no number, in CSV and in Parquet.
    assert scored.rows[2]["bits_level_0"] is None
    assert scored.rows[2]["bits_base"] == pytest.approx(scored.rows[2]["code_length_bits"])
    assert pa.Table.from_pylist(scored.rows).column("bits_level_2").null_count == 2
    middle = np.asarray(Image.open(photographs / "1.png"))[None, :44, 1:69]
    x = model_input(photo.values, torch.from_numpy(middle.copy())[None])
    nats = float(photo.model.log_prob(x))
    assert scored.rows[1]["log_prob_nats"] == pytest.approx(nats, rel=1e-6)
    assert scored.rows[1]["code_length_bits"] == pytest.approx(code_length_bits(nats, 256, 44 * 68))


def test_a_size_that_is_asked_for(photo: Checkpoint, photographs: Path, home: Path) -> None:
    assert {(row["height"], row["width"]) for row in score_files(photo, photographs, size=24).rows} == {(24, 24)}
    with pytest.raises(ExplorerError, match=r"photo does not take squares of 37 pixels\. Take 36, or whole images"):
        score_files(photo, photographs, size=37)
    with pytest.raises(ExplorerError, match="Take 8"):
        score_files(photo, photographs, size=4)
    write_tiny_checkpoint(home / "checkpoints" / "tiny", (1, 8, 8))
    tiny = load_checkpoint("tiny", "cpu")
    with pytest.raises(ExplorerError, match="tiny reads images of 8 x 8 pixels alone"):
        score_files(tiny, photographs, size="whole")
    (row, *_) = score_files(tiny, photographs, size=8).rows
    assert "dimensionality_40db" in row
