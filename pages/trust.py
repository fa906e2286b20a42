"""Trust: does a model's log p hold up?"""

from explorer.webapp.trust.page import page

page()
