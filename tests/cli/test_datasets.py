"""The commands `store`, `catalog` and `compare`, run as people run them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from explorer.catalog.build import find_catalog
from explorer.catalog.map import find_map
from explorer.data.sources import open_dataset
from explorer.models.checkpoints import Checkpoint
from tests.cli.running import explorer
from tests.data.jpegs import as_jpeg, photographs


def test_a_catalog_and_its_map_are_written_where_one_says(tiny_checkpoint: Checkpoint) -> None:
    shipped = tiny_checkpoint.path / "catalogs" / "digits"
    done = explorer("catalog", "tiny", "--data", "digits", "--map", "--output", str(shipped))
    assert "179 of 1,797 images: the validation part. Scored into" in done.stderr
    images = open_dataset("digits", (1, 8, 8))
    catalog, positions = find_catalog(tiny_checkpoint, images.fingerprint), find_map(tiny_checkpoint, images)
    assert catalog.folder == shipped
    assert (shipped / "map.parquet").is_file()
    assert len(positions.x) == len(catalog) == 179


def test_a_catalog_of_a_part(tiny_checkpoint: Checkpoint, tmp_path: Path) -> None:
    for part in ("Train/cats", "Test/cats"):
        (tmp_path / "set" / part).mkdir(parents=True)
        for number in range(3 if part == "Test/cats" else 7):
            Image.fromarray(np.full((8, 8), number, np.uint8)).save(tmp_path / "set" / part / f"{number}.png")
    command = ("catalog", tiny_checkpoint.name, "--data", str(tmp_path / "set"))
    said = explorer(*command).stderr  # the model was not trained on it
    assert "7 images for training, 3 for validation, from Train and Test.\n" in said
    assert "\n10 images. Scored into" in said
    assert "3 of 10 images: the validation part. Scored into" in explorer(*command, "--split", "validation").stderr


def test_two_models_are_compared_and_scored_where_they_were_not(tiny_checkpoint: Checkpoint, home: Path) -> None:
    done = explorer("compare", "digits", "tiny", "--data", "digits", "--count", "3")
    lines = {line[:35].strip(): line[35:].strip() for line in done.stdout.splitlines()}
    assert lines["Images"].startswith("179, and 0 left out")
    assert float(lines["Mean difference"]) < 0, "a network of random weights knows less of digits"
    assert len(lines["Most in favor of digits"].split()) == 3
    assert len(list((home / "catalogs").iterdir())) == 1, "the other one ships"
    assert (
        "two models of the same shape" in explorer("compare", "digits", "natural32", "--data", "digits", code=1).stderr
    )


def test_a_store_is_prepared_once_and_verified(home: Path) -> None:
    arguments = ("store", "digits", "--size", "8", "--verify")
    first, second = explorer(*arguments).stderr, explorer(*arguments).stderr
    assert first == second
    assert "179 images, verified: " in first
    (folder,) = (home / "stores").glob("digits-*")
    pixels = bytearray((folder / "pixels.npy").read_bytes())
    pixels[-1] ^= 1
    (folder / "pixels.npy").write_bytes(pixels)
    assert "is damaged" in explorer(*arguments, code=1).stderr


def test_a_store_says_whether_its_images_carry_the_grid_of_jpeg(home: Path, tmp_path: Path) -> None:
    clean, jpeg = tmp_path / "clean.npy", tmp_path / "jpeg.npy"
    np.save(clean, photographs(32)[:, 0])
    np.save(jpeg, as_jpeg(photographs(32), 75)[:, 0])
    assert "No JPEG grid (" in explorer("store", str(clean), "--size", "32", "--split", "all").stderr
    said = explorer("store", str(jpeg), "--size", "32", "--split", "all", "--verify").stderr
    assert "These images carry the 8 × 8 grid of JPEG: " in said
    assert "use pictures that were shrunk at least 2.5 times" in said


def test_views_of_pictures_in_a_store_and_in_a_training(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(12):
        side = 12 if number == 0 else 40
        noise = np.random.default_rng(number).integers(0, 256, (side, side), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{number}.png")
    cut = ("--size", "8", "--views", "3", "--min-shrink", "2.5")
    said = explorer("store", str(folder), *cut, "--split", "train").stderr
    assert "36 images, 3 of each picture: " in said
    assert "1 of 12 pictures are smaller than 20 pixels and cannot be shrunk 2.5 times" in said
    assert "12 images: " in explorer("store", str(folder), *cut).stderr  # one view of each to validate on
    said = explorer("train", "--data", str(folder), *cut, "--name", "mine", "--steps", "2", "--batch-size", "4").stderr
    assert "1 of 12 pictures are smaller than 20 pixels" in said
    card = (home / "checkpoints" / "mine" / "card.md").read_text()
    assert "12 pictures, 3 views of each: random squares" in card
    assert "--views 3 --min-shrink 2.5" in card
