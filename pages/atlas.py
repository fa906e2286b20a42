"""Atlas: a whole data set sorted by probability."""

from explorer.webapp.atlas.page import page

page()
