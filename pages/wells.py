"""Wells: stored images, and whether a model remembers its own."""

from explorer.webapp.wells.page import page

page()
