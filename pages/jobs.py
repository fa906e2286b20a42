"""Jobs: everything that works in the background."""

from explorer.webapp.jobs.page import page

page()
