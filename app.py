"""Image Density Explorer: appearance, navigation, and what is drawn on every page; nothing else."""

from __future__ import annotations

from explorer.process import prepare_process

prepare_process()

from explorer.webapp.shell.address import kept_in_url
from explorer.webapp.shell.appearance import set_up_page
from explorer.webapp.shell.first_visit import point_to_tour
from explorer.webapp.shell.loaders import shown_errors
from explorer.webapp.shell.navigation import navigation, page_name
from explorer.webapp.shell.sidebar import chosen_model, draw_sidebar
from explorer.webapp.widgets.figure_export import offer_exports

set_up_page()
page = navigation()
with kept_in_url(page_name(page)), shown_errors():
    draw_sidebar()
    offer_exports(page.title, chosen_model())
    point_to_tour(page_name(page))
    page.run()
