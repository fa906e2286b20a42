"""Train: learn the density of a data set, and watch it."""

from explorer.webapp.train.page import page

page()
