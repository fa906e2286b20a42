"""Work of a page: begun, stopped, gone on with, and forgotten where it is of something else."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def app_of_work() -> None:
    import streamlit as st

    from explorer.errors import ExplorerError
    from explorer.webapp.shell.work import carry_on, offered

    def advance(found, report):  # type: ignore[no-untyped-def]
        steps = [*(found or []), len(found or [])]
        report(len(steps) / 4)
        st.session_state["asked"] = st.session_state.get("asked", 0) + 1
        if st.session_state.get("fails") == len(steps):
            raise ExplorerError("It *cannot* be.")
        if st.session_state.get("stops") == len(steps):  # as a click on Stop while it works
            st.session_state["stops"] = 0
            st.session_state["work w"].wanted = False
            st.session_state["work w"].result = steps
            st.rerun()
        return steps, len(steps) / 4

    work = offered("w", st.session_state.get("content", "a"), "Count", advance, st.write)
    st.caption(f"found {work.result}")
    carry_on([work])


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def test_it_begins_with_a_click_and_ends() -> None:
    app = AppTest.from_function(app_of_work).run()
    assert labels(app) == ["Count"]
    assert "asked" not in app.session_state
    app.button[0].click().run()
    assert not app.exception
    assert app.session_state["work w"].result == [0, 1, 2, 3]
    assert labels(app) == []
    assert "found [0, 1, 2, 3]" in [each.value for each in app.caption]
    app.session_state["content"] = "b"
    app.run()
    assert labels(app) == ["Count"], "of something else"


def test_it_is_stopped_and_gone_on_with() -> None:
    app = AppTest.from_function(app_of_work)
    app.session_state["stops"] = 2
    app.run()
    app.button[0].click().run()
    assert labels(app) == ["Go on"]
    assert app.session_state["work w"].result == [0, 1]
    app.button[0].click().run()
    assert app.session_state["work w"].result == [0, 1, 2, 3]
    assert app.session_state["asked"] == 4, "nothing is done twice"


def test_what_cannot_be_is_a_sentence_and_can_be_tried_again() -> None:
    app = AppTest.from_function(app_of_work)
    app.session_state["fails"] = 3
    app.run()
    app.button[0].click().run()
    assert [error.value for error in app.error] == ["It \\*cannot\\* be."]
    assert labels(app) == ["Go on"]
    app.session_state["fails"] = 0
    app.button[0].click().run()
    assert not app.error
    assert app.session_state["work w"].finished
