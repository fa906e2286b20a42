"""The command line, run as people run it: results, sentences on errors, exit codes."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import pyarrow.parquet as pq
import pytest
import tifffile
from PIL import Image

from explorer.catalog.build import find_catalog
from explorer.catalog.map import find_map
from explorer.cli import main
from explorer.data.sources import open_dataset
from explorer.measures.consistency.storage import find_report
from explorer.measures.image.files import score_files
from explorer.models.checkpoints import Checkpoint, load_checkpoint
from tests.conftest import write_tiny_checkpoint
from tests.data.jpegs import as_jpeg, photographs
from tests.heic import HEIC
from tests.models import released

ROOT = Path(__file__).parent.parent


def explorer(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run ``python -m explorer`` and check its exit code."""
    environment = {"COLUMNS": "200"} | os.environ | {"OMP_NUM_THREADS": "1", "TERM": "dumb"}
    command = [sys.executable, "-m", "explorer", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Three good images, one that is cut, one that is no image, and a text file."""
    folder = tmp_path / "pictures"
    (folder / "deep").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in ("a.png", "b.jpg", "deep/c.webp"):
        Image.fromarray(rng.integers(0, 256, (40, 30, 3), dtype=np.uint8)).save(folder / name)
    (folder / "cut.png").write_bytes((folder / "a.png").read_bytes()[:100])
    (folder / "fake.png").write_text("<html>")
    (folder / "notes.txt").write_text("not an image")
    return folder


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
    assert "7 images: " in prepared.stderr
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["score", "{pictures}", "-m", "nothing"], "no checkpoint 'nothing'"),
        (["score", "{pictures}/none.png", "-m", "tiny"], "no file or folder"),
        (["score", "{pictures}/fake.png", "-m", "tiny"], "could be read"),
        (["score", "{pictures}/a.png", "-m", "tiny", "-o", "scores.txt"], "must end in .csv or .parquet"),
        (["score", "{pictures}/a.png", "-m", "tiny", "--device", "tpu9"], "no device"),
        (["score", "{pictures}/a.png", "-m", "tiny", "--black", "-1"], "--black needs --white"),
        (["score", "{pictures}/a.png", "-m", "tiny", "--black", "1", "--white", "1"], "two different numbers"),
        (["evaluate", "tiny", "--data", "/nowhere"], "no data set"),
        (["train", "--name", "../x"], "cannot be a name"),
        (["train", "--data", "photos", "--size", "30", "--name", "x"], "multiple of"),
        (["train", "--run", "{pictures}"], "not a training run"),
    ],
)
def test_mistakes_are_told_in_a_sentence(
    tiny_checkpoint: Checkpoint, pictures: Path, arguments: list[str], message: str
) -> None:
    done = explorer(*(part.format(pictures=pictures) for part in arguments), code=1)
    assert "Error:" in done.stderr
    assert message in done.stderr


def test_unknown_options_have_their_own_exit_code(home: Path) -> None:
    explorer("score", "--no-such-option", code=2)


def test_checkpoints_lists_what_ships_and_what_is_here(tiny_checkpoint: Checkpoint) -> None:
    listed = explorer("checkpoints").stdout
    for name in ("tiny", "natural32", "digits"):
        assert name in listed


def test_train_then_evaluate_digits(home: Path, tmp_path: Path) -> None:
    run = explorer(
        *("train", "--name", "quick", "--data", "digits", "--size", "8", "--model-size", "tiny"),
        *("--steps", "4", "--batch-size", "8", "--validate-every", "2", "--device", "cpu"),
    )
    assert "Finished" in run.stderr
    assert "1,618 images for training, 179 for validation: a random tenth" in run.stderr
    output = tmp_path / "metrics.json"
    done = explorer("evaluate", "quick", "--limit", "20", "--no-checks", "--json", str(output))
    assert "I-MMSE" in done.stdout
    said = explorer("catalog", "quick", "--data", "digits").stderr
    assert "179 of 1,797 images: the validation part. Scored into" in said
    metrics = json.loads(output.read_text())["metrics"]
    assert metrics["images"] == 20
    assert {"PNG", "WebP", "JPEG XL"} == set(metrics["codecs"])
    config = json.loads((home / "checkpoints" / "quick" / "config.json").read_text())
    assert config["metrics"]["bits_per_dimension"] == metrics["bits_per_dimension"]
    assert f"{metrics['bits_per_dimension']['i_mmse']:.3f}" in (home / "checkpoints" / "quick" / "card.md").read_text()


def test_quick_evaluation_checks_and_writes_into_the_card(tiny_checkpoint: Checkpoint, tmp_path: Path) -> None:
    weights = (tiny_checkpoint.path / "model.safetensors").read_bytes()
    card = (tiny_checkpoint.path / "card.md").read_text()
    explorer("evaluate", "tiny", "--data", "digits", "--limit", "20", "--no-checks", "--no-write")
    assert (tiny_checkpoint.path / "card.md").read_text() == card
    output = tmp_path / "checks.json"
    done = explorer("evaluate", "tiny", "--data", "digits", "--quick", "--json", str(output))
    for check in ("Likelihood by two estimates", "Heat equation", "Probability flow", "Normalization by annealing"):
        assert check in done.stdout
        assert check in (tiny_checkpoint.path / "card.md").read_text()
    assert json.loads(output.read_text())["checks"]["effort"] == "quick"
    assert find_report(load_checkpoint("tiny", "cpu")) is not None
    assert (tiny_checkpoint.path / "model.safetensors").read_bytes() == weights


def test_photographs_are_all_new_to_a_model_of_digits(tiny_checkpoint: Checkpoint) -> None:
    arguments = ("evaluate", "tiny", "--data", "photos", "--limit", "20", "--no-checks", "--no-write")
    assert "Photographs (all)" in explorer(*arguments).stdout
    config = json.loads((tiny_checkpoint.path / "config.json").read_text())
    (tiny_checkpoint.path / "config.json").write_text(json.dumps(config | {"dataset": "photos"}))
    assert "Photographs (validation)" in explorer(*arguments).stdout


def test_a_catalog_and_its_map_are_written_where_one_says(tiny_checkpoint: Checkpoint) -> None:
    shipped = tiny_checkpoint.path / "catalogs" / "digits"
    done = explorer("catalog", "tiny", "--data", "digits", "--map", "--output", str(shipped))
    assert "179 of 1,797 images: the validation part. Scored into" in done.stderr
    images = open_dataset("digits", (1, 8, 8))
    catalog, positions = find_catalog(tiny_checkpoint, images.fingerprint), find_map(tiny_checkpoint, images)
    assert catalog.folder == shipped
    assert (shipped / "map.parquet").is_file()
    assert len(positions.x) == len(catalog) == 179


def test_the_checks_set_another_data_set_beside_its_own(home: Path, tmp_path: Path) -> None:
    write_tiny_checkpoint(home / "checkpoints" / "large", (1, 32, 32))
    pixels = np.random.default_rng(0).integers(0, 256, (40, 1, 32, 32), dtype=np.uint8)
    for name in ("one", "two"):
        np.save(tmp_path / f"{name}.npy", pixels[:, 0])
    own, other = str(tmp_path / "one.npy"), str(tmp_path / "two.npy")
    done = explorer("evaluate", "large", "--quick", "--data", own, "--other", other, "--json", str(tmp_path / "c.json"))
    for text in ("A step aside", "On other photographs", "other photographs: two"):
        assert text in done.stdout
    checks = json.loads((tmp_path / "c.json").read_text())["checks"]
    assert len(checks["results"]["step_aside"]["rolled"]["energies"]) == 17
    assert checks["conditions"]["other"].startswith("two")
    assert "with two as the other photographs" in (home / "checkpoints" / "large" / "card.md").read_text()
    refused = ("evaluate", "large", "--quick", "--data", own, "--other", own)
    assert "Choose another one with --other" in explorer(*refused, code=1).stderr
    assert "--no-checks" in explorer("evaluate", "large", "--no-checks", "--other", other, code=1).stderr


def test_without_its_data_evaluate_says_what_to_do(tiny_checkpoint: Checkpoint) -> None:
    config = json.loads((tiny_checkpoint.path / "config.json").read_text())
    (tiny_checkpoint.path / "config.json").write_text(json.dumps(config | {"dataset": "elsewhere"}))
    assert "--data photos" in explorer("evaluate", "tiny", "--quick", code=1).stderr


def test_a_released_checkpoint_is_imported_and_used(home: Path, tmp_path: Path, pictures: Path) -> None:
    released.write(tmp_path / "released", channels=3)
    explorer("import", str(tmp_path / "released"), "--name", "paper", "--size", "16")
    assert "16x16 color" in explorer("checkpoints").stdout
    rows = list(csv.DictReader(io.StringIO(explorer("score", str(pictures), "-m", "paper").stdout)))
    assert len(rows) == 3
    assert "exists already" in explorer("import", str(tmp_path / "released"), "--name", "paper", code=1).stderr
    assert "needs args.json" in explorer("import", str(pictures), "--name", "other", code=1).stderr


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


def test_brackets_in_a_name_are_no_markup(home: Path, tmp_path: Path) -> None:
    missing = tmp_path / "cats[red][" / "[/old]"
    assert str(missing) in explorer("store", str(missing), "--size", "8", code=1).stderr


def test_a_run_finds_its_images_from_any_folder(pictures: Path, home: Path) -> None:
    explorer("train", "--data", os.path.relpath(pictures, ROOT), "--steps", "1", "--model-size", "tiny")
    (run,) = (home / "runs").iterdir()
    written = Path(json.loads((run / "config.json").read_text())["dataset"])
    assert written.is_absolute()
    assert written.resolve() == pictures.resolve()


_NOWHERE = "~nosuchuser/x"


@pytest.mark.parametrize(
    "command",
    [
        ["score", _NOWHERE],
        ["score", "x.png", "-o", f"{_NOWHERE}.csv"],
        ["sample", "digits", "-o", f"{_NOWHERE}.npz"],
        ["evaluate", "digits", "--data", _NOWHERE],
        ["evaluate", _NOWHERE, "--data", "digits"],
        ["store", _NOWHERE, "--size", "8"],
        ["catalog", "digits", "--data", _NOWHERE],
        ["catalog", "digits", "--data", "digits", "--output", _NOWHERE],
        ["compare", _NOWHERE, "digits"],
        ["compare", "digits", "digits", "--data", _NOWHERE],
        ["import", _NOWHERE, "--name", "x"],
        ["train", "--data", _NOWHERE],
        ["train", "--run", _NOWHERE],
        ["train-multiscale", "--data", _NOWHERE],
        ["train-multiscale", "--run", _NOWHERE],
        ["jobs", "catalog", "digits", "--data", _NOWHERE],
        ["jobs", "evaluate", _NOWHERE],
    ],
    ids=" ".join,
)
def test_a_home_that_there_is_not_is_a_sentence(home: Path, command: list[str], capsys: pytest.CaptureFixture) -> None:
    """In this process: each command alone takes seconds to start."""
    assert _main(*command) == 1
    assert "There is no home folder ~nosuchuser" in capsys.readouterr().err.replace("\n", " ")


def _main(*arguments: str) -> object:
    """Exit status of a command."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["explorer", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
    return ended.value.code


def test_every_command_prints_on_a_terminal_without_unicode(
    tiny_checkpoint: Checkpoint, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pictures / "é−像.png").write_bytes((pictures / "a.png").read_bytes())
    (pictures / os.fsdecode(b"\xe9.png")).write_bytes((pictures / "cut.png").read_bytes())
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    monkeypatch.setenv("COLUMNS", "40")  # what does not fit ends in an ellipsis
    for command in (
        ["checkpoints"],
        ["score", str(pictures), "--model", "tiny"],
        ["jobs", "list"],
        ["store", str(pictures), "--size", "8", "--split", "all"],
    ):
        explorer(*command)


def test_names_are_no_markup_on_a_terminal(home: Path) -> None:
    write_tiny_checkpoint(home / "checkpoints" / "tiny", (1, 8, 8), dataset="[red]a[/] :smile: [/b]")
    assert "[red]a[/] :smile: [/b]" in explorer("checkpoints").stdout
    assert "[x] :smile:" in explorer("evaluate", "tiny", "--data", "/[x] :smile:", code=1).stderr
