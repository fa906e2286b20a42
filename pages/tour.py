"""Tour: nine questions to the density of images, each with a prediction first."""

from explorer.webapp.tour.page import page

page()
