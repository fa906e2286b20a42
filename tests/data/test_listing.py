"""The files of a folder: links, loops, what is an image, and that what is left out is counted and named."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from explorer.data.folders import image_folder
from explorer.data.left_out import NOWHERE, OTHER_KINDS, LeftOut
from explorer.data.listing import hub_snapshot, images_among, list_files
from explorer.data.sources import open_dataset
from explorer.errors import ExplorerError
from tests.heic import HEIC

SHAPE = (1, 8, 8)
Picture = Callable[..., bytes]


@pytest.fixture
def folder(tmp_path: Path, picture: Picture) -> Path:
    root = tmp_path / "set"
    for number, name in enumerate(["cats/1.png", "cats/2.png", "dogs/1.png"]):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(picture(number))
    return root


@pytest.fixture
def outside(tmp_path: Path, picture: Picture) -> Path:
    """Two images elsewhere."""
    place = tmp_path / "elsewhere"
    place.mkdir()
    for number in range(2):
        (place / f"{number}.png").write_bytes(picture(10 + number))
    return place


def found(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in list_files(folder).files]


def test_links_are_followed_wherever_they_lead(folder: Path, outside: Path) -> None:
    (folder / "birds").symlink_to(outside)
    (folder / "cats" / "3.png").symlink_to(outside / "0.png")
    (folder / "cats" / "4.png").symlink_to(folder / "dogs" / "1.png")
    assert found(folder) == [
        *("birds/0.png", "birds/1.png"),
        *("cats/1.png", "cats/2.png", "cats/3.png", "cats/4.png"),
        "dogs/1.png",
    ]
    assert list_files(folder).left_out.sentence == ""
    images = image_folder(folder, "all")
    assert (images.count, images.label_names) == (7, ("birds", "cats", "dogs"))


def test_a_link_is_named_as_the_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    (tmp_path / "link to a link").symlink_to(tmp_path / "link")
    assert len(list_files(tmp_path / "link to a link").files) == 3


def test_links_through_links(folder: Path, outside: Path, tmp_path: Path) -> None:
    (tmp_path / "hop").mkdir()
    (tmp_path / "hop" / "next").symlink_to(outside)
    (folder / "far").symlink_to(tmp_path / "hop")
    assert found(folder)[-2:] == ["far/next/0.png", "far/next/1.png"]


@pytest.mark.parametrize("target", [".", "..", "../..", "dogs/..", "/"])
def test_links_in_a_circle(folder: Path, target: str) -> None:
    (folder / "cats" / "around").symlink_to(folder / target)
    assert found(folder) == ["cats/1.png", "cats/2.png", "dogs/1.png"]
    assert list_files(folder).left_out.sentence == "Left out: 1 link to a folder that it lies in (cats/around)."


def test_two_folders_that_link_each_other(folder: Path) -> None:
    (folder / "cats" / "others").symlink_to(folder / "dogs")
    (folder / "dogs" / "others").symlink_to(folder / "cats")
    images = image_folder(folder, "all")
    assert (images.count, images.label_names) == (3, ("cats", "dogs"))
    assert images.notes == ("Left out: 2 folders that are read already (cats/others, dogs/others).",)


def test_many_folders_that_link_each_other(tmp_path: Path, picture: Picture) -> None:
    """Ten folders with links to all others: there are millions of paths."""
    for name in "abcdefghij":
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").write_bytes(picture())
        for other in "abcdefghij".replace(name, ""):
            (tmp_path / name / other).symlink_to(tmp_path / other)
    assert image_folder(tmp_path, "all").count == 10


def test_a_folder_is_read_once(folder: Path, outside: Path) -> None:
    (folder / "birds").symlink_to(outside)
    (folder / "fowl").symlink_to(outside)
    (folder / "kitties").symlink_to(folder / "cats")
    images = image_folder(folder, "all")
    assert (images.count, images.label_names) == (5, ("birds", "cats", "dogs"))
    assert list_files(folder).left_out.sentence == "Left out: 1 folder that is read already (fowl)."
    assert images.notes == ("Left out: 1 folder that is read already (kitties).",)


def test_parts_made_of_links_to_a_folder_of_all(folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "divided"
    root.mkdir()
    folder.rename(root / "all")
    for part, name in (("train", "cats"), ("val", "dogs")):
        (root / part).mkdir()
        (root / part / name).symlink_to(Path("..") / "all" / name)
    counts = [image_folder(root, split).count for split in ("train", "validation", "all")]
    assert counts == [2, 1, 3]


def test_links_that_lead_nowhere_are_counted_and_named(folder: Path, home: Path) -> None:
    for number in range(5):
        (folder / "cats" / f"lost{number}.png").symlink_to(folder / "none" / f"{number}.png")
    (folder / "a.png").symlink_to(folder / "b.png")
    (folder / "b.png").symlink_to(folder / "a.png")
    store = open_dataset(str(folder), SHAPE, "all")
    assert len(store) == 3
    assert store.remarks[-1] == "Left out: 7 links that lead nowhere (a.png, b.png, cats/lost0.png, …)."


def test_the_cache_of_the_hub(tmp_path: Path, picture: Picture) -> None:
    """Names are links to blobs, which have none."""
    repository = tmp_path / "datasets--owner--name"
    for revision in ("0" * 40, "1" * 40):
        for number, name in enumerate(["cats/1.png", "cats/2.png", "dogs/1.png"]):
            blob = repository / "blobs" / f"{number:064x}"
            blob.parent.mkdir(parents=True, exist_ok=True)
            blob.write_bytes(picture(number))
            path = repository / "snapshots" / revision / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(blob)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("1" * 40)
    for place in (repository, repository / "snapshots" / ("1" * 40)):
        store = open_dataset(str(place), SHAPE, "all")
        assert sorted(store.names) == ["cats/1.png", "cats/2.png", "dogs/1.png"]
        assert (store.name, store.label_names) == ("owner/name", ["cats", "dogs"])
    (repository / "refs" / "main").write_text("../../..")
    assert hub_snapshot(repository) == repository


def test_contents_decide_what_is_an_image(tmp_path: Path, picture: Picture) -> None:
    for name in ("shot", "photo.png.1", "scan.dat", "IMG.PNG", "a.jfif", "b.heic"):
        (tmp_path / name).write_bytes(HEIC if name == "b.heic" else picture())
    (tmp_path / "phone").write_bytes(HEIC)
    (tmp_path / "drawing").write_bytes(imagecodecs.jpegxl_encode(np.zeros((9, 8), np.uint8)))
    (tmp_path / "letter").write_text("Dear Sir,")
    (tmp_path / "empty").touch()
    images, others = images_among(list_files(tmp_path).files)
    names = {"shot", "photo.png.1", "scan.dat", "IMG.PNG", "a.jfif", "b.heic", "phone", "drawing"}
    assert {path.name for path in images} == names
    assert {path.name for path in others} == {"letter", "empty"}


def test_what_is_no_image_is_counted_and_named(folder: Path, home: Path) -> None:
    (folder / "notes.txt").write_text("not an image")
    (folder / "cats" / "text.jpg").write_text("not an image either")
    store = open_dataset(str(folder), SHAPE, "all")
    assert store.remarks[-2:] == (
        "Left out: 1 image that cannot be read (cats/text.jpg).",
        "Left out: 1 file of another kind (notes.txt).",
    )
    (folder / "notes.txt").unlink()
    again = open_dataset(str(folder), SHAPE, "all")
    assert again.folder == store.folder
    assert again.remarks[-1] == "Left out: 1 image that cannot be read (cats/text.jpg)."


def test_what_lies_beside_tables_is_named_where_it_might_have_been_data(folder: Path, home: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    picture = (folder / "cats" / "1.png").read_bytes()
    pq.write_table(pa.table({"image": pa.array([picture], pa.binary())}), folder / "set.parquet")
    (folder / "README.md").write_text("# A card")
    store = open_dataset(str(folder), SHAPE, "all")
    assert store.remarks[-1] == "Left out: 3 files of other kinds (cats/1.png, cats/2.png, dogs/1.png)."


def test_a_folder_without_images_says_what_it_has(tmp_path: Path) -> None:
    for name in ("a.zip", "b.mov"):
        (tmp_path / name).write_bytes(b"something else")
    with pytest.raises(ExplorerError, match=r"has no images.*Left out: 2 files of other kinds \(a\.zip, b\.mov\)"):
        open_dataset(str(tmp_path), SHAPE)


def test_images_of_equal_names_are_counted_each(folder: Path, home: Path) -> None:
    """In a table names need not differ."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    good = (folder / "cats" / "1.png").read_bytes()
    cells = [{"bytes": data, "path": f"{number}/image.png"} for number, data in enumerate((good, b"no", b"no"))]
    pq.write_table(pa.table({"image": cells}), folder.parent / "set.parquet")
    store = open_dataset(str(folder.parent / "set.parquet"), SHAPE, "all")
    assert store.skipped == ("image.png", "image.png")


def test_hidden_files_are_passed_over_and_pipes_left_out(folder: Path, picture: Picture) -> None:
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "a.png").write_bytes(picture())
    (folder / "cats" / "._1.png").write_bytes(b"")
    os.mkfifo(folder / "pipe.png")
    listing = list_files(folder)
    assert len(listing.files) == 3
    assert listing.left_out.sentence == "Left out: 1 file of another kind (pipe.png)."


def test_deep_folders_and_their_order(tmp_path: Path) -> None:
    """Files of a folder come before those of its subfolders."""
    deep = tmp_path / "b" / Path(*["d"] * 200)
    names = ["b/c/1.png", "b/2.png", "z.png", "a/1.PNG", "a/.hidden.png", ".hidden/1.png", "a/1.txt"]
    for path in (tmp_path / name for name in names):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    deep.mkdir(parents=True)
    (deep / "1.png").touch()
    last = (deep / "1.png").relative_to(tmp_path).as_posix()
    assert found(tmp_path) == ["z.png", "a/1.PNG", "a/1.txt", "b/2.png", "b/c/1.png", last]


def test_names_in_the_sentence() -> None:
    left_out = LeftOut().add(NOWHERE, ["a"]).add(OTHER_KINDS, ["b", "c", "d"]).add(NOWHERE, ["e"])
    assert left_out.sentence == "Left out: 2 links that lead nowhere (a, e); 3 files of other kinds (b, c, d)."
    assert LeftOut().sentence == ""
    many = LeftOut().add(OTHER_KINDS, map(str, range(1234)))
    assert many.sentence == "Left out: 1,234 files of other kinds (0, 1, 2, …)."
