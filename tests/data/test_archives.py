"""WebDataset archives: keys and fields, names with dots, mixed formats, labels, parts, damage, links."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.data.archives import archive_files
from explorer.data.offered import list_datasets
from explorer.data.reading import ImageSet
from explorer.data.sources import open_dataset
from explorer.data.store import Sample
from explorer.errors import ExplorerError
from explorer.images import read_image, to_square

SHAPE = (1, 8, 8)
Picture = Callable[..., bytes]


def write(path: Path, members: Iterable[tuple[str, bytes]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, data in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


def jpeg(number: int) -> bytes:
    file = io.BytesIO()
    pixels = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file, "JPEG")
    return file.getvalue()


def read_all(images: ImageSet) -> list[Sample]:
    return list(images.read(range(images.count), SHAPE))


def names_of(images: ImageSet) -> list[str]:
    return [sample.name for sample in read_all(images)]


def test_samples_with_labels(tmp_path: Path, picture: Picture) -> None:
    members = [
        (f"{number:03}.{suffix}", data)
        for number in range(3)
        for suffix, data in (("png", picture(number)), ("cls", b"%d" % (number % 2)), ("json", b'{"label": 9}'))
    ]
    images = archive_files("Test", [write(tmp_path / "a.tar", members)], "all")
    samples = read_all(images)
    assert [sample.label for sample in samples] == [0, 1, 0]
    assert images.notes == ()
    for number, sample in enumerate(samples):
        assert (sample.pixels == to_square(read_image(picture(number)), SHAPE)).all()
    assert [sample.name for sample in images.read([2], SHAPE)] == ["002.png"]


DOTTED = {
    "dates": [f"IMG.2020.{number:02}.jpg" for number in range(60)],
    "numbers": [f"cat.{number}.jpg" for number in range(60)],
    "several dots": [f"a.b.{number:03}.jpg" for number in range(60)],
    "in a folder": [f"set.1/photo.{number}.final.jpg" for number in range(60)],
    "version": [f"v1.0.{number}.JPEG" for number in range(60)],
    "words": [f"holiday.{place}{time}.jpg" for place in ("beach", "sea", "inn") for time in ("noon", "night")],
}


@pytest.mark.parametrize("kind", DOTTED)
def test_names_with_dots_are_images_of_their_own(tmp_path: Path, kind: str) -> None:
    names = DOTTED[kind]
    images = archive_files("Test", [write(tmp_path / "a.tar", [(name, jpeg(7)) for name in names])], "all")
    assert names_of(images) == names
    assert len(images.notes) == 1
    assert f"several dots ({names[0]}): each is taken for an image of its own" in images.notes[0]


def test_many_classes_with_numbers_behind_a_dot(tmp_path: Path) -> None:
    """Every number comes with every class, as a field would."""
    names = [f"n{kind:08}.{number}.jpg" for kind in range(20) for number in range(3)]
    assert names_of(archive_files("Test", [write(tmp_path / "a.tar", [(n, jpeg(1)) for n in names])], "all")) == names


def test_labels_of_names_with_dots(tmp_path: Path) -> None:
    members = [
        (f"IMG.2020.{number}.{suffix}", data)
        for number in range(4)
        for suffix, data in (("jpg", jpeg(number)), ("cls", b"%d" % number))
    ]
    images = archive_files("Test", [write(tmp_path / "a.tar", members)], "all")
    assert [sample.label for sample in read_all(images)] == [0, 1, 2, 3]


def test_one_image_of_each_sample_is_read_and_the_others_are_counted(tmp_path: Path) -> None:
    members = [
        (f"{number}.{field}", jpeg(number))
        for number in range(5)
        for field in ("mask.jpg", "photo.jpg")
        if field == "photo.jpg" or number
    ]
    images = archive_files("Test", [write(tmp_path / "a.tar", members)], "all")
    assert names_of(images) == [f"{number}.photo.jpg" for number in range(5)]
    assert images.notes == (
        "Samples have several images, of which photo.jpg is read.",
        "Left out: 4 further images of samples (1.mask.jpg, 2.mask.jpg, 3.mask.jpg, …).",
    )


def test_jpeg_and_png_and_suffixes_in_capitals(tmp_path: Path, picture: Picture) -> None:
    members = [
        ("0.jpg", jpeg(0)),
        ("1.png", picture(1)),
        ("2.JPG", jpeg(2)),
        ("3.Png", picture(3)),
        ("./4.jpeg", jpeg(4)),
        ("5", picture(5)),
        ("6.dat", jpeg(6)),
    ]
    images = archive_files("Test", [write(tmp_path / "a.tar", members)], "all")
    samples = read_all(images)
    assert len(samples) == 7
    assert all(sample.pixels is not None for sample in samples)
    assert images.notes == ()


def test_what_is_no_image_is_counted_or_skipped(tmp_path: Path, picture: Picture) -> None:
    path = write(tmp_path / "a.tar", [("0.png", picture()), ("0.txt", b"a cat"), ("1.jpg", b"no"), ("README.md", b"#")])
    with tarfile.open(path, "a") as archive:
        for name, kind in (("2.png", tarfile.SYMTYPE), ("3.png", tarfile.LNKTYPE)):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd" if kind == tarfile.SYMTYPE else "0.png"
            archive.addfile(entry)
        folder = tarfile.TarInfo("deep.er/x")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
    images = archive_files("Test", [path], "all")
    assert [(sample.name, sample.pixels is not None) for sample in read_all(images)] == [
        ("0.png", True),
        ("1.jpg", False),
    ]
    assert images.notes == ("Left out: 2 links in archives (2.png, 3.png); 1 file of another kind (README.md).",)


@pytest.mark.parametrize(
    ("contents", "labels", "label_names"),
    [
        ([b"7", b"", b"3 \n"], [7, -1, 3], ()),
        ([b"dog", b"cat", b"\xff"], [1, 0, -1], ("cat", "dog")),
    ],
)
def test_labels_in_words_and_labels_that_are_missing(
    tmp_path: Path, picture: Picture, contents: list[bytes], labels: list[int], label_names: tuple[str, ...]
) -> None:
    pictures = [(f"{number}.png", picture(number)) for number in range(3)]  # before their labels: apart from them
    beside = [(f"{number}.cls", content) for number, content in enumerate(contents)]
    images = archive_files("Test", [write(tmp_path / "a.tar", pictures + beside)], "all")
    assert [sample.label for sample in read_all(images)] == labels
    assert images.label_names == label_names


def test_labels_in_json(tmp_path: Path, picture: Picture) -> None:
    contents = [b'{"label": 4, "caption": "x"}', b'{"caption": "x"}', b"[" * 10_000]
    members = [(f"{number}.png", picture(number)) for number in range(3)]
    members += [(f"{number}.json", content) for number, content in enumerate(contents)]
    images = archive_files("Test", [write(tmp_path / "a.tar", members)], "all")
    assert [sample.label for sample in read_all(images)] == [4, -1, -1]


def test_equal_keys_in_two_archives_are_two_samples(tmp_path: Path, picture: Picture) -> None:
    files = [
        write(tmp_path / name, [("0.png", picture(number)), ("0.cls", b"%d" % number)])
        for number, name in enumerate(("00000.tar", "00001.tar"))
    ]
    samples = read_all(archive_files("Test", files, "all"))
    assert [sample.label for sample in samples] == [0, 1]
    assert (samples[1].pixels == to_square(read_image(picture(1)), SHAPE)).all()


@pytest.mark.parametrize("inside", [False, True])
def test_parts_by_archive_or_by_folder_in_it(tmp_path: Path, picture: Picture, inside: bool) -> None:
    if inside:
        members = [
            (f"{part}/{number}.png", picture()) for part, n in (("Train", 4), ("Test", 3)) for number in range(n)
        ]
        files = [write(tmp_path / "all.tar", members)]
    else:
        files = [
            write(tmp_path / f"{part}-000.tar", [(f"{number}.png", picture()) for number in range(n)])
            for part, n in (("test", 3), ("train", 4))
        ]
    counts = [archive_files("Test", files, split).count for split in ("train", "validation", "all")]
    assert counts == [4, 3, 7]


def test_a_single_archive_is_a_data_set(tmp_path: Path, picture: Picture, home: Path) -> None:
    path = write(home / "datasets" / "shots.tar", [(f"IMG.2020.{n:02}.png", picture(n)) for n in range(60)])
    assert str(path) in [info.spec for info in list_datasets()]
    store = open_dataset(str(path), SHAPE, "all")
    assert len(store) == 60
    assert any("several dots" in remark for remark in store.remarks)


@pytest.mark.parametrize("end", [700, 5000, 512 * 9])
def test_an_archive_that_is_cut_off(tmp_path: Path, picture: Picture, end: int) -> None:
    path = write(tmp_path / "a.tar", [(f"{number}.png", picture(number)) for number in range(40)])
    path.write_bytes(path.read_bytes()[:end])
    with pytest.raises(ExplorerError, match=r"Test is damaged: a\.tar cannot be read"):
        archive_files("Test", [path], "all")


@pytest.mark.parametrize("how", ["between files", "header", "behind the end", "compressed", "empty", "no image"])
def test_nothing_of_a_damaged_archive_is_left_out_without_a_word(tmp_path: Path, picture: Picture, how: str) -> None:
    data = write(tmp_path / "a.tar", [(f"{number}.png", picture(number)) for number in range(4)]).read_bytes()
    half = data.index(b"2.png")
    changed = {
        "between files": data[:half],
        "header": data[:half] + bytes(100) + b"x" * 400 + data[half + 500 :],
        "behind the end": data + data,
        "compressed": gzip.compress(data),
        "empty": b"",
        "no image": write(tmp_path / "b.tar", [("a.txt", b"text")]).read_bytes(),
    }
    (tmp_path / "a.tar").write_bytes(changed[how])
    with pytest.raises(ExplorerError, match=r"Test (is damaged|has no images)"):
        archive_files("Test", [tmp_path / "a.tar"], "all")
