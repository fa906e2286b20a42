"""The box that adds a data set of the Hub, without a Hub: what was fetched before, and what cannot be named."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explorer.data.hub_records import HubRecord, write_record

SPEC = "hf:some-lab/waves"


def show() -> None:
    import streamlit as st

    from explorer.webapp.shell.hub_box import hub_box, newly_fetched

    st.markdown(f"chosen: {newly_fetched()}")
    hub_box()


@pytest.fixture
def box(home: Path) -> AppTest:
    write_record(HubRecord(spec=SPEC, revision="0" * 40, splits={"train": ["0.parquet"]}))
    return AppTest.from_function(show, default_timeout=60).run()


def fetch(box: AppTest, typed: str) -> None:
    box.text_input(key="hub-box-0-spec").set_value(typed)
    box.button(key="hub-box-0-fetch").click().run()
    assert not box.exception


@pytest.mark.parametrize("typed", [SPEC, " some-lab/waves "])
def test_what_is_there_is_chosen(box: AppTest, typed: str) -> None:
    fetch(box, typed)
    assert box.markdown[0].value == f"chosen: {SPEC}"
    assert box.text_input(key="hub-box-1-spec").value == ""  # a fresh box, closed
    assert box.run().markdown[0].value == "chosen: None"


def test_a_name_that_breaks_the_rules(box: AppTest) -> None:
    fetch(box, "../etc/passwd")
    (error,) = box.error
    assert "is not the name of a data set of the Hugging Face Hub" in error.value


def test_the_sidebar_offers_what_was_fetched(box: AppTest, probe: AppTest) -> None:
    assert probe.selectbox(key="data").options == ["c-alpha", "digits", "disks", SPEC, "leaves", "photos"]


def test_a_link_fetches_nothing(app: AppTest, tiny_checkpoint: object) -> None:
    app.query_params["data"] = "hf:some-lab/huge"
    app.run()
    assert not app.exception
    assert app.selectbox(key="data").value == "digits"
