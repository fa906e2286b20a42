"""Image Density Explorer: page settings, looks, navigation, and the sidebar that all pages share; nothing else."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from explorer.webapp.sidebar import draw_sidebar

ASSETS = Path(__file__).parent / "explorer" / "webapp" / "assets"

st.set_page_config(
    page_title="Image Density Explorer",
    page_icon=ASSETS / "icon.svg",
    layout="wide",
    initial_sidebar_state=260,
    menu_items={
        "About": "**Image Density Explorer.** What is the probability of an image? A normalized energy model gives an "
        "answer; it was trained by dual score matching (Guth, Kadkhodaie and Simoncelli 2025, arXiv 2506.05310)."
    },
)
st.logo(ASSETS / "logo.svg", icon_image=ASSETS / "icon.svg", size="large")
st.html(ASSETS / "app.css")

page = st.navigation(
    [
        st.Page("pages/probe.py", title="Probe", icon=":material/frame_inspect:", default=True),
        st.Page("pages/atlas.py", title="Atlas", icon=":material/bar_chart:"),
        st.Page("pages/map.py", title="Map", icon=":material/scatter_plot:"),
        st.Page("pages/trust.py", title="Trust", icon=":material/verified:"),
        st.Page("pages/train.py", title="Train", icon=":material/model_training:"),
        st.Page("pages/jobs.py", title="Jobs", icon=":material/list_alt:"),
    ]
)
draw_sidebar()
page.run()
