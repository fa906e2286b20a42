"""Bases: the basis in which the denoiser shrinks a noisy image."""

from explorer.webapp.bases.page import page

page()
