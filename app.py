"""Image Density Explorer: page settings, looks, navigation, and the sidebar that all pages share; nothing else."""

from __future__ import annotations

from explorer.process import prepare_process

prepare_process()

from explorer.webapp.shell.looks import draw_looks
from explorer.webapp.shell.navigation import navigation
from explorer.webapp.shell.sidebar import draw_sidebar

draw_looks()
page = navigation()
draw_sidebar()
page.run()
