"""The command `score`, run as people run it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import imagecodecs
import numpy as np
import pyarrow.parquet as pq
import pytest
import tifffile
from PIL import Image

from explorer.measures.image.files import score_files
from explorer.models.checkpoints import Checkpoint
from tests.cli.running import explorer
from tests.heic import HEIC


def test_score_prints_a_row_for_each_image_and_names_the_bad(tiny_checkpoint: Checkpoint, pictures: Path) -> None:
    done = explorer("score", str(pictures), "--model", "tiny", "--device", "cpu")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["file"] for row in rows] == ["a.png", "b.jpg", "deep/c.webp"]
    expected = score_files(tiny_checkpoint, pictures)
    assert float(rows[0]["log_prob_nats"]) == pytest.approx(expected.rows[0]["log_prob_nats"], rel=1e-6)
    assert len(expected.problems) == 2
    assert "cut.png" in done.stderr
    assert "fake.png" in done.stderr


@pytest.mark.usefixtures("tiny_checkpoint")
def test_a_phone_s_folder_is_scored_and_what_is_left_out_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "phone"
    (folder / "trip").mkdir(parents=True)
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8))
    for name, form in (("a.jfif", "JPEG"), ("b.avif", "AVIF"), ("c.PNG", "PNG"), ("d.pgm", "PPM"), ("shot", "PNG")):
        picture.save(folder / name, form)
    (folder / "e.heic").write_bytes(HEIC)
    (folder / "f.scan").write_bytes(imagecodecs.jpegxl_encode(np.asarray(picture)))
    (tmp_path / "elsewhere.png").write_bytes((folder / "c.PNG").read_bytes())
    (folder / "trip" / "link.png").symlink_to(tmp_path / "elsewhere.png")
    (folder / "trip" / "lost.png").symlink_to(tmp_path / "nowhere.png")
    for number in range(5):
        (folder / f"text{number}.jpg").write_text("no image")
    (folder / "clip.mov").write_bytes(b"\0\0\0\x14ftypqt  ")
    done = explorer("score", str(folder), "-m", "tiny", "--device", "cpu")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    names = {"a.jfif", "b.avif", "c.PNG", "d.pgm", "shot", "e.heic", "f.scan", "trip/link.png"}
    assert {row["file"] for row in rows} == names
    assert done.stderr.count("is not an image that can be read") == 3
    assert "text0.jpg is not an image" in done.stderr
    assert "Skipped: 2 more." in done.stderr
    assert "1 link that leads nowhere (trip/lost.png)" in done.stderr
    assert "1 file of another kind (clip.mov)" in done.stderr
    assert "8 of 13 images scored." in done.stderr
    prepared = explorer("store", str(folder), "--size", "8", "--split", "all")
    assert "8 images: " in prepared.stderr
    assert "Left out: 5 images that cannot be read (text" in prepared.stderr
    assert "1 link that leads nowhere (trip/lost.png); 1 file of another kind (clip.mov)." in prepared.stderr
    cataloged = explorer("catalog", "tiny", "--data", str(folder), "--device", "cpu")
    assert "Left out: 5 images that cannot be read (text" in cataloged.stderr


@pytest.fixture
def wide_pictures(tmp_path: Path) -> Path:
    """One picture as 8 bits, as floats that pass white here and there, as 16 bits, and as 12 bits in 16."""
    folder = tmp_path / "wide"
    folder.mkdir()
    small = np.random.default_rng(0).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    picture = np.asarray(Image.fromarray(small).resize((32, 32)))
    Image.fromarray(picture).save(folder / "a.png")
    values = (picture / 255).astype(np.float32)
    values[picture == picture.max()] = 1.004
    tifffile.imwrite(folder / "b.tif", values, photometric="rgb")
    tifffile.imwrite(folder / "c.tif", picture.astype(np.uint16) * 257, photometric="rgb", compression="zlib")
    (folder / "d.png").write_bytes(imagecodecs.png_encode((picture / 255 * 4095).round().astype(np.uint16)))
    return folder


@pytest.mark.usefixtures("tiny_checkpoint")
def test_score_says_which_values_it_took_for_black_and_white(wide_pictures: Path) -> None:
    done = explorer("score", str(wide_pictures), "-m", "tiny", "--device", "cpu")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["file"] for row in rows] == ["a.png", "b.tif", "c.tif"]
    of_eight_bits = float(rows[0]["log_prob_nats"])
    assert float(rows[1]["log_prob_nats"]) == pytest.approx(of_eight_bits, rel=0.01)  # its brightest is a bit brighter
    assert float(rows[2]["log_prob_nats"]) == pytest.approx(of_eight_bits, rel=1e-6)
    assert "Skipped: d.png holds 16-bit integers from" in done.stderr
    assert "white may be 4,095 or 65,535" in done.stderr
    assert "--white and --black choose them" in done.stderr
    assert "Note: 1 image holds 32-bit floats: 0 is taken for black and 1 for white." in done.stderr
    assert "Note: 1 image holds 16-bit integers: 0 is taken for black and 65,535 for white." in done.stderr


def test_score_takes_the_scale_that_is_chosen(tiny_checkpoint: Checkpoint, wide_pictures: Path) -> None:
    done = explorer("score", str(wide_pictures / "d.png"), "-m", "tiny", "--device", "cpu", "--white", "4095")
    (row,) = csv.DictReader(io.StringIO(done.stdout))
    (expected,) = score_files(tiny_checkpoint, wide_pictures / "a.png").rows
    assert float(row["log_prob_nats"]) == pytest.approx(expected["log_prob_nats"], rel=1e-6)
    assert "1 image holds 16-bit integers: 0 is taken for black and 4,095 for white." in done.stderr


def test_store_remembers_the_scale_that_is_chosen(wide_pictures: Path, home: Path) -> None:
    first = explorer("store", str(wide_pictures), "--size", "8", "--split", "all")
    assert "1 image holds 16-bit integers, left out: white may be 4,095 or 65,535." in first.stderr
    explorer("store", str(wide_pictures), "--size", "8", "--split", "all", "--white", "4095")
    again = explorer("store", str(wide_pictures), "--size", "8", "--split", "all")
    assert "2 images hold 16-bit integers: 0 is taken for black and 4,095 for white." in again.stderr


def test_score_writes_parquet(tiny_checkpoint: Checkpoint, pictures: Path, tmp_path: Path) -> None:
    output = tmp_path / "scores.parquet"
    explorer("score", str(pictures / "a.png"), "-o", str(output), "-m", "tiny")
    table = pq.read_table(output)
    assert table.num_rows == 1
    assert {"file", "log_prob_nats", "code_length_bits"} <= set(table.column_names)
