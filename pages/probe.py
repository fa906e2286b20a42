"""Probe: one image under the microscope."""

from explorer.webapp.probe.page import page

page()
