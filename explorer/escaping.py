"""Text that is not ours, shown letter by letter where a notation would read it.

Names of files, labels, data sets and models come from anybody. In Markdown, ``![x](http://...)`` would make the
visitor's browser call a stranger, and underscores, dollars and colons would vanish; Plotly reads a few tags of HTML.
"""

from __future__ import annotations

import html
import re

__all__ = ["in_markdown", "in_plotly"]

_NOTHING = ":small[]"
"""Streamlit's Markdown for small letters, here none. What it stands between are two texts: some of Streamlit's own
notation, such as icons and links without brackets, is found in texts that were read already, where no backslash helps.
"""

_SPACES = re.compile(r"[ \t\n\v\f\r\x85\u2028\u2029]+")
_SPECIAL = re.compile(
    r"(?P<arrow>(?:^|(?<=\s))(?:<->|->|<-|--|>=|<=|~=)(?=\s|$))"
    r"|(?P<colon>:(?=[\w+\-:/]))"
    r"|(?P<address>(?<=[\w.+\-])(?=@[\w\-])|(?<=www)(?=\.))"
    r"|(?P<start>^(?:[#>+=\-]|\d+(?=[.)])))"
    r"|(?P<mark>[\\`*\[\]<~$]|&(?=[#\w])|(?<![^\W_])_|_(?![^\W_]))",
    re.IGNORECASE,
)


def in_markdown(text: str) -> str:
    """`text` for Streamlit's Markdown, which then shows it as it is, on one line.

    Examples:
        >>> in_markdown("![x](http://a.example/b) costs $5 in snake_case")
        '!\\\\[x\\\\](http\\\\::small[]//a.example/b) costs \\\\$5 in snake_case'
    """
    return _SPECIAL.sub(_escaped, _SPACES.sub(" ", text).strip(" "))


def in_plotly(text: str) -> str:
    """`text` for a title, a name or a hover label of a Plotly figure; its line breaks are kept.

    Examples:
        >>> in_plotly("<b>%{x}</b>")
        '&lt;b&gt;%&#123;x}&lt;/b&gt;'
    """
    return html.escape(text, quote=False).replace("%{", "%&#123;").replace("\n", "<br>")


def _escaped(found: re.Match[str]) -> str:
    what = found[0]
    match found.lastgroup:
        case "arrow":
            return _NOTHING.join(f"\\{letter}" for letter in what)
        case "colon":
            return f"\\:{_NOTHING}"
        case "address":
            return _NOTHING
        case "start" if what.isdigit():
            return f"{what}\\"
        case _:
            return f"\\{what}"
