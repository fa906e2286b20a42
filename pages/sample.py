"""Sample: images that the model draws."""

from explorer.webapp.sample.page import page

page()
