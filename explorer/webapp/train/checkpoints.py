"""The checkpoints of the data folder, which can be renamed and deleted."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from explorer.errors import ExplorerError
from explorer.jobs.checkpoints import delete_checkpoint, own_checkpoints, rename_checkpoint

__all__ = ["checkpoints_box"]

_CHOSEN, _NEW_NAME = "train-checkpoint", "train-checkpoint-name"
_PROBLEM = "train-checkpoint-problem"


def checkpoints_box() -> None:
    """Choose a checkpoint, give it another name or delete it; both ask before they do so."""
    names = [info.name for info in own_checkpoints()]
    with st.expander("Checkpoints", icon=":material/inventory_2:", expanded=_PROBLEM in st.session_state):
        if _PROBLEM in st.session_state:
            st.error(st.session_state.pop(_PROBLEM), icon=":material/error:")
        if not names:
            st.caption("There are none but those that ship with the app, which can be neither renamed nor deleted.")
            return
        row = st.container(horizontal=True, vertical_alignment="bottom")
        name = row.selectbox("Trained or imported here", names, key=_CHOSEN)
        with row.popover("Rename", icon=":material/edit:"):
            st.text_input("New name", placeholder=name, key=_NEW_NAME)
            st.button("Rename it", type="primary", on_click=_rename, args=(name,))
        with row.popover("Delete", icon=":material/delete:"):
            st.write("Delete this checkpoint for good? The run that made it stays.")
            st.button("Delete the checkpoint", type="primary", on_click=_delete, args=(name,))
        st.caption("Those that ship with the app can be neither renamed nor deleted.")


def _rename(name: str) -> None:
    new = st.session_state[_NEW_NAME].strip()
    if _act(rename_checkpoint, name, new):
        st.session_state[_NEW_NAME] = ""
        st.session_state[_CHOSEN] = new
        if st.session_state.get("model") == name:
            st.session_state["model"] = new


def _delete(name: str) -> None:
    _act(delete_checkpoint, name)


def _act(act: Callable[..., object], *args: str) -> bool:
    try:
        act(*args)
    except ExplorerError as error:
        st.session_state[_PROBLEM] = str(error)
        return False
    return True
