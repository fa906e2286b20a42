"""Images that were looked at, as a URL says them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.data.builtin import PHOTOGRAPHS
from explorer.images import SYNTHETIC, Crop
from explorer.webapp.probe.seen import MOST_SEEN, Seen, seen_form
from explorer.webapp.shell.part_box import PARTS
from explorer.webapp.shell.setting_forms import Unfit

NAMES = ["photos", "a.b~c%7Ed", "~", "übung/1. *x*"]
FORM = seen_form(NAMES)
THOUSANDTHS = st.integers(0, 1000).map(lambda part: part / 1000)
CROPS = st.builds(Crop, left=THOUSANDTHS, top=THOUSANDTHS, size=THOUSANDTHS.filter(bool))
PHOTOGRAPH = st.tuples(st.sampled_from(list(PHOTOGRAPHS)), CROPS)
ITEM = st.tuples(st.integers(0, 10**9).map(str), st.sampled_from(PARTS), st.sampled_from(NAMES))
IMAGES = st.one_of(
    PHOTOGRAPH.map(lambda found: Seen("photograph", found[0], crop=found[1])),
    st.sampled_from(list(SYNTHETIC)).map(lambda name: Seen("synthetic", name)),
    ITEM.map(lambda found: Seen("dataset", *found)),
)


@given(st.lists(IMAGES, min_size=1, max_size=MOST_SEEN, unique_by=lambda seen: seen.image))
def test_what_is_written_is_read(seen: list[Seen]) -> None:
    assert FORM.read(FORM.write(tuple(seen))) == tuple(seen)


def test_the_text_can_be_read_by_people() -> None:
    seen = (Seen("photograph", "cat"), Seen("dataset", "17", "train", "photos"), Seen("synthetic", "disk"))
    assert FORM.write(seen) == "photo.cat~item.17.train.photos~synthetic.disk"


@pytest.mark.parametrize(
    "part",
    [
        *("", "photo", "photo.", "photo.dog", "photo.../../etc/passwd", "photo.cat.9-x", "photo.cat.500-500-0"),
        *("synthetic.", "synthetic.__class__", "upload.0123456789abcdef", "item", "item.1", "item.1.all"),
        *("item.-1.all.photos", "item.1e9.all.photos", "item.9999999999999.all.photos", "item.1.some.photos"),
        *("item.1.all.nope", "item.1.all./etc", "\0", "<script>"),
    ],
)
def test_what_is_no_image_is_refused_and_the_others_stay(part: str) -> None:
    with pytest.raises(Unfit, match="names images that there are not") as caught:
        FORM.read(f"photo.cat~{part}~synthetic.disk")
    assert caught.value.nearest == (Seen("photograph", "cat"), Seen("synthetic", "disk"))


def test_twelve_at_most_each_once() -> None:
    with pytest.raises(Unfit, match="names more than 12 images") as caught:
        FORM.read("~".join(f"item.{number}.all.photos" for number in range(40)))
    assert len(caught.value.nearest) == MOST_SEEN
    assert FORM.read("photo.cat.0-0-500~photo.cat") == (Seen("photograph", "cat"),)
