"""Numbers as people type and paste them, in all number fields of the app.

A browser's number field drops every character that it does not expect: a pasted true minus (``−6.06``) becomes a plus,
and a decimal comma (``-3,5``) becomes -35. While a field is used, this shows the text as it was typed; when it is left,
or Enter is pressed, the number is read, written in the field as it was read, and goes to Streamlit. What is no number,
or could be two, is refused with a sentence beside the field, and the number from before stays.
"""

from __future__ import annotations

from pathlib import Path

from explorer.webapp.widgets.component import declare

__all__ = ["read_number_fields"]

_component = declare(Path(__file__).parent, '<div class="problem" role="alert" hidden></div>')


def read_number_fields() -> None:
    """Read all number fields of the page in this way; once a page, anywhere."""
    _component(key="number_fields", height="content")
