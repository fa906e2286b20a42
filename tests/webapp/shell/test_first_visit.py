"""The line for first-time visitors: when it is there, and when it is not."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


@pytest.fixture(autouse=True)
def no_cookies(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a test without a browser Streamlit finds every cookie."""
    monkeypatch.setattr("streamlit.runtime.context._get_client_context", lambda: None)


def is_shown(app: AppTest) -> bool:
    return any("New here?" in each.value for each in app.main.markdown)


def test_who_is_new_sees_it_until_it_is_closed(probe: AppTest) -> None:
    assert is_shown(probe)
    next(button for button in probe.main.button if button.label == "Close").click().run()
    assert not is_shown(probe)
    probe.run()
    assert not is_shown(probe)


def test_tour_is_opened_and_it_does_not_come_again(probe: AppTest) -> None:
    probe.switch_page("pages/tour.py").run()
    probe.switch_page("pages/probe.py").run()
    assert not probe.exception
    assert not is_shown(probe)


@pytest.mark.usefixtures("tiny_checkpoint")
def test_who_comes_by_a_link_does_not_see_it(app: AppTest) -> None:
    app.query_params["contrast"] = "0.5"
    app.run()
    assert not app.exception
    assert not is_shown(app)
