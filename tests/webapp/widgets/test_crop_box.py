import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.images import Crop
from explorer.webapp.widgets.crop_box import crop_from_url, crop_to_url, has_choice

UNIT = st.integers(0, 10**6).map(lambda part: part / 10**6)


@given(UNIT, UNIT, st.integers(1, 100).map(lambda part: part / 100))
def test_an_address_brings_a_crop_back(left: float, top: float, size: float) -> None:
    crop = Crop(left=left, top=top, size=size)
    back = crop_from_url(crop_to_url(crop))
    for name in ("left", "top", "size"):
        assert getattr(back, name) == pytest.approx(getattr(crop, name), abs=0.0006)


@given(st.text())
def test_any_text_is_some_crop(text: str) -> None:
    assert isinstance(crop_from_url(text), Crop)


@pytest.mark.parametrize("text", ["", "1-2", "500-500-0", "500-500-1001", "-500-500-500", "a-b-c"])
def test_a_wrong_address_is_the_whole_image(text: str) -> None:
    assert crop_from_url(text) == Crop()


def test_there_is_a_choice_on_images_that_one_can_aim_at() -> None:
    assert has_choice(640, 480, 32)
    assert has_choice(40, 32, 32)
    assert not has_choice(32, 32, 32)
    assert not has_choice(20, 20, 32)
    assert not has_choice(5000, 3, 1)
