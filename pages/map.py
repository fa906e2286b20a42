"""Map: a data set in the plane."""

from explorer.webapp.map.page import page

page()
