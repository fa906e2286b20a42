import re

import pytest

from explorer.escaping import in_markdown, in_plotly


@pytest.mark.parametrize(
    "text",
    [
        "![x](http://stranger.example/a.png)",
        "[click](javascript:alert(1))",
        "<img src=x> &lt; &#33; A&B",
        "_a_ __b__ *c* ~d~ `e`",
        "$x$ costs $5",
        ":red[a] :material/home: :smile: :streamlit: ::x :::y",
        "hf:owner/name:config, 12:30",
        "www.stranger.example, someone@stranger.example, https://stranger.example",
        "a -- b <-> c",
        "C:\\images\\[1]",
    ],
)
def test_no_mark_of_markdown_is_left(text: str) -> None:
    escaped = in_markdown(text)
    assert escaped.replace(":small[]", "").replace("\\", "") == text.replace("\\", ""), "the same letters"
    bare = re.sub(r"\\.|:small\[\]", "\0", escaped)
    assert not re.search(r"[*\[\]<`~$\\]|&[#\w]|:[\w/:-]|\b_|_\b|www\.|\w@\w|(^|\s)--(\s|$)", bare), escaped


@pytest.mark.parametrize("text", ["# a", "> a", "- a", "+ a", "1. a", "12) a", "=== a", "---"])
def test_a_name_begins_no_block(text: str) -> None:
    assert re.match(r"\\[#>+=-]|\d+\\[.)]", in_markdown(text))


def test_lines_become_one() -> None:
    assert in_markdown(" a\n\n# b\r\n- c ") == "a # b - c"


@pytest.mark.parametrize(
    "text", ["snake_case_7", "The file a.png (3 x 4) is damaged: 10 % of it, 'x' and \"y\"!", "é ∇ 图"]
)
def test_plain_sentences_stay_readable(text: str) -> None:
    assert in_markdown(text) == text


def test_plotly_reads_no_tag_and_no_placeholder() -> None:
    assert in_plotly('<a href="http://x">%{y}</a> & so\non') == (
        '&lt;a href="http://x"&gt;%&#123;y}&lt;/a&gt; &amp; so<br>on'
    )
