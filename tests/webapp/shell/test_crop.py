"""A crop in the URL, and each picture with its own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from explorer.images import Crop
from explorer.webapp.shell.crop import CROP
from explorer.webapp.shell.setting_forms import Unfit

UNIT = st.integers(0, 10**6).map(lambda part: part / 10**6)


@given(UNIT, UNIT, st.integers(1, 100).map(lambda part: part / 100))
def test_an_address_brings_a_crop_back(left: float, top: float, size: float) -> None:
    crop = Crop(left=left, top=top, size=size)
    back = CROP.read(CROP.write(crop))
    np.testing.assert_allclose(list(back.model_dump().values()), list(crop.model_dump().values()), atol=0.0006)


@pytest.mark.parametrize("text", ["", "1-2", "500-500-0", "500-500-1001", "-500-500-500", "a-b-c"])
def test_a_wrong_address_is_named(text: str) -> None:
    with pytest.raises(Unfit, match="is no square of the image"):
        CROP.read(text)


def test_a_crop_comes_back_with_its_picture(probe: AppTest) -> None:
    probe.session_state["crop"] = crop = Crop(left=0.1, top=0.2, size=0.4)
    probe.run()
    assert probe.query_params["crop"] == "100-200-400"
    probe.selectbox(key="photo").set_value("flower").run()
    assert probe.session_state["crop"] == Crop()
    assert "crop" not in probe.query_params
    probe.button_group(key="source").set_value("synthetic").run()
    assert "crop" not in probe.query_params
    probe.button_group(key="source").set_value("photograph").run()
    probe.selectbox(key="photo").set_value("china").run()
    assert probe.session_state["crop"] == crop
    assert probe.query_params["crop"] == "100-200-400"
