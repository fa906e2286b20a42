"""Where images come from, as a URL says it: one image, and the last ones."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.data.builtin import PHOTOGRAPHS
from explorer.images import SYNTHETIC, Crop
from explorer.webapp.probe.tray import MOST_SEEN, TRAY
from explorer.webapp.shell.origin import Origin, read_origin, write_origin
from explorer.webapp.shell.part_box import PARTS
from explorer.webapp.shell.setting_forms import Unfit

NAMES = ["photos", "a.b~c%7Ed", "~", "übung/1. *x*"]
THOUSANDTHS = st.integers(0, 1000).map(lambda part: part / 1000)
CROPS = st.builds(Crop, left=THOUSANDTHS, top=THOUSANDTHS, size=THOUSANDTHS.filter(bool))


def origins(datasets: Sequence[str]) -> st.SearchStrategy[Origin]:
    """Of images that are no uploads."""
    return st.one_of(
        st.tuples(st.just("photograph"), st.sampled_from(list(PHOTOGRAPHS)), CROPS),
        st.tuples(st.just("synthetic"), st.sampled_from(list(SYNTHETIC))),
        st.tuples(
            st.just("dataset"),
            st.sampled_from(datasets),
            st.just(Crop()),
            st.sampled_from(PARTS),
            st.integers(0, 10**9),
        ),
    ).map(lambda values: Origin(*values))


DIGESTS = st.from_regex("[0-9a-f]{16}", fullmatch=True)
UPLOADS = st.tuples(DIGESTS, CROPS).map(lambda values: Origin("upload", *values))


@given(origins(NAMES) | UPLOADS)
def test_what_is_written_is_read(origin: Origin) -> None:
    text = write_origin(origin)
    assert "~" not in text
    assert read_origin(text, NAMES) == origin


@pytest.mark.usefixtures("home")
@given(st.lists(origins(["digits", "photos"]), min_size=1, max_size=MOST_SEEN, unique_by=lambda seen: seen.uncropped))
def test_the_last_images_come_back(seen: list[Origin]) -> None:
    assert TRAY.read(TRAY.write(tuple(seen))) == tuple(seen)


def test_the_text_can_be_read_by_people() -> None:
    seen = (
        Origin("photograph", "cat", Crop(left=0.3, top=0.5, size=0.9)),
        Origin("dataset", "photos", part="train", item=17),
        Origin("synthetic", "disk"),
    )
    assert TRAY.write(seen) == "photo.cat.300-500-900~item.17.train.photos~synthetic.disk"
    assert write_origin(Origin("upload", "0123456789abcdef")) == "upload.0123456789abcdef"
    assert write_origin(Origin("dataset", "a~b%", part="all", item=7)) == "item.7.all.a%7Eb%25"


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    "part",
    [
        *("", "photo", "photo.", "photo.dog", "photo.../../etc/passwd", "photo.cat.9-x", "photo.cat.500-500-0"),
        *("synthetic.", "synthetic.__class__", "upload.0123456789abcdeg", "upload.../..", "item", "item.1"),
        *("item.1.all", "item.-1.all.photos", "item.1e9.all.photos", "item.9999999999999.all.photos"),
        *("item.1.some.photos", "item.1.all.nope", "item.1.all./etc", f"item.{5000 * '9'}.all.photos"),
        *("\0", "<script>", "https://example.org/image.png"),
    ],
)
def test_what_is_no_image_is_refused_and_the_others_stay(part: str) -> None:
    with pytest.raises(Unfit):
        read_origin(part, ["photos"])
    with pytest.raises(Unfit, match="names images that there are not") as caught:
        TRAY.read(f"photo.cat~{part}~synthetic.disk")
    assert caught.value.nearest == (Origin("photograph", "cat"), Origin("synthetic", "disk"))


@pytest.mark.usefixtures("home")
def test_the_last_images_of_a_url_are_twelve_at_most_each_once_and_no_uploads() -> None:
    with pytest.raises(Unfit, match="names more than 12 images") as caught:
        TRAY.read("~".join(f"item.{number}.all.photos" for number in range(40)))
    assert len(caught.value.nearest) == MOST_SEEN
    assert TRAY.read("photo.cat.0-0-500~photo.cat") == (Origin("photograph", "cat"),)
    with pytest.raises(Unfit, match="names images that there are not"):
        TRAY.read("upload.0123456789abcdef")
