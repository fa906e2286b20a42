"""Photograph: the probability of a large photograph, scale by scale."""

from explorer.webapp.large.page import page

page()
