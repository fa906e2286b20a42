"""What a page shows is in its URL: one place that reads it, keeps it and writes it.

A setting is a value of Streamlit's session state with a name that is also its name in the URL. `kept` is called before
a widget is drawn, and gives it the value that it shall have:

- what the URL says, when somebody comes by a link, or goes Back or Forward; a setting that the URL does not mention
  then has its default;
- else what it had when it was last drawn, on this visit, also when another page was open since.

At the end of a run `kept_in_url` writes the settings that were drawn and are not at their default, all at once. What a
URL says in vain is told in one sentence for each setting.

Streamlit can bind a widget to the URL by itself. That is not used: it writes one setting at a time, so that a state
that nobody saw gets into the history; `st.switch_page` cannot pass on what is bound; it forgets on the way from page to
page what two of them call by one name; and it drops a wrong value without a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from explorer.escaping import in_markdown
from explorer.webapp.shell.navigation import page_file, setting_names
from explorer.webapp.shell.setting_forms import Form, Unfit, fits, fitted

__all__ = ["address_of", "came_by_link", "kept", "kept_in_url", "open_page", "part_kept_in_url"]

Value = TypeVar("Value")

_STATE = "address"
_LONGEST = 60
_SHARED = ""
"""Under which the settings of all pages are remembered."""


class _Drawn(NamedTuple):
    """A setting that the page shows now."""

    form: Form[Any]
    default: Any
    scope: str
    part: str


@dataclass
class _Address:
    """What is known of the settings of one visit.

    Attributes:
        page: the one that is open.
        given: settings of the URL that were not drawn yet, as it writes them.
        drawn: those that the page shows, by name, in order.
        held: name -> scope of the settings that are in the session state.
        remembered: page -> name -> text of the settings that are not at their default.
        notes: what to say of the URL.
        noted: the query that they are said beside; None when one has come since.
        part: of the page that is being drawn.
        by_link: whether the visit began at a URL that says something.
    """

    page: str = ""
    given: dict[str, str] = field(default_factory=dict)
    drawn: dict[str, _Drawn] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    remembered: dict[str, dict[str, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    noted: dict[str, str] | None = None
    part: str = ""
    by_link: bool = False


def kept(name: str, form: Form[Value], default: Value, *, shared: bool = False) -> str:
    """See to it that ``st.session_state[name]`` is what the setting shall be; to be called before its widget is drawn.

    Args:
        name: of the setting, in the URL and in the session state.
        form: how it is written, and which values there are now; a value that is no longer one is replaced.
        default: not written.
        shared: whether all pages that have the setting have the same.

    Returns:
        The name, for the ``key`` of the widget. The widget itself must be given no value.
    """
    address, state = _address(), st.session_state
    scope = _SHARED if shared else address.page
    if name in address.given:
        state[name] = _as_given(address, name, form, default)
    elif name not in state:
        remembered = address.remembered.get(scope, {}).get(name)
        state[name] = default if remembered is None else fitted(form, remembered, default)
    elif state[name] != default and not fits(form, state[name]):
        state[name] = fitted(form, form.write(state[name]), default)
    address.held[name] = scope
    address.drawn[name] = _Drawn(form, default, scope, address.part)
    return name


@contextmanager
def kept_in_url(page: str) -> Iterator[None]:
    """Around all that a run of the app draws: settles what its settings are, and writes them into the URL at the end.

    Args:
        page: the one that is open.
    """
    address = _begun(page)
    place = st.container()
    yield
    known = setting_names(page)
    for name in [name for name in address.given if name not in known]:
        _note(address, f"{name}={address.given.pop(name)}", "means nothing on this page; it was left out")
    query = _write(address)
    if address.noted is None:
        address.noted = query
    elif query != address.noted:
        address.notes.clear()  # somebody has gone on from there
    for note in address.notes:
        place.warning(in_markdown(note), icon=":material/link_off:")


@contextmanager
def part_kept_in_url(name: str) -> Iterator[None]:
    """A decorator of a fragment: when it is drawn again by itself, its settings go into the URL at the end.

    Args:
        name: of the fragment.
    """
    address, is_whole = _address(), not _is_rerun_of_fragment()
    if not is_whole:
        address.drawn = {key: drawn for key, drawn in address.drawn.items() if drawn.part != name}
    around, address.part = address.part, name
    yield
    address.part = around
    if not is_whole:
        _write(address)


def address_of(page: str, **settings: str | None) -> dict[str, str]:
    """The whole query of the URL of a page as this visit left it, for ``query_params``.

    Args:
        page: its name.
        settings: what shall be different, as the URL writes it; None for the default.
    """
    address = _address()
    _remember(address)
    shared, own = (address.remembered.get(scope, {}) for scope in (_SHARED, page))
    return {name: text for name, text in {**shared, **own, **settings}.items() if text is not None}


def came_by_link() -> bool:
    """Whether this visit began at a URL that says something."""
    return _address().by_link


def open_page(page: str, **settings: str | None) -> NoReturn:
    """Leave for another page, with all that it showed when it was last open and `settings`, as in `address_of`."""
    st.switch_page(page_file(page), query_params=address_of(page, **settings))


def _address() -> _Address:
    """That of this visit. A page that runs by itself, in a test, has one from the first setting on."""
    if _STATE not in st.session_state:
        given = st.query_params.to_dict()
        st.session_state[_STATE] = _Address(given=given, by_link=bool(given))
    address: _Address = st.session_state[_STATE]
    return address


def _begun(page: str) -> _Address:
    """The address at the beginning of a run: the URL counts where somebody has just come by it.

    A click on a page in the sidebar comes without a query; the page is then as it was left.
    """
    is_new = _STATE not in st.session_state
    address, query = _address(), st.query_params.to_dict()
    moved, before, address.page = page != address.page, address.page, page
    if is_new or _is_back_or_forward() or (moved and query):
        for scope in (_SHARED, page):
            address.remembered.pop(scope, None)
        _forget(address, _SHARED, before, page)
        address.given, address.notes = query, []
    elif moved:
        _forget(address, before)
        address.given, address.notes = {}, []
    address.drawn, address.part = {}, ""
    return address


def _forget(address: _Address, *scopes: str) -> None:
    """The session state holds settings of the open page alone, and of all of them; others are remembered."""
    for name in [name for name, scope in address.held.items() if scope in scopes]:
        del address.held[name]
        st.session_state.pop(name, None)


def _is_back_or_forward() -> bool:
    """Whether the visitor went Back or Forward. Streamlit knows, and has no public call that tells."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def _is_rerun_of_fragment() -> bool:
    context = get_script_run_ctx()
    return context is not None and bool(context.fragment_ids_this_run)


def _as_given(address: _Address, name: str, form: Form[Any], default: Any) -> Any:
    text = address.given.pop(name)
    try:
        return form.read(text)
    except Unfit as unfit:
        value = default if unfit.nearest is None else unfit.nearest
        shown = "" if value is None else _quoted(form.write(value))
        instead = f"{shown} is shown instead" if shown else "it was left out"
        _note(address, f"{name}={text}", f"{unfit.why}; {instead}")
        return value


def _note(address: _Address, said: str, why: str) -> None:
    address.notes.append(f"The URL says {_quoted(said)}, which {why}.")
    address.noted = None


def _remember(address: _Address) -> None:
    """Note what the settings are that were drawn."""
    for name, (form, default, scope, _) in address.drawn.items():
        memory = address.remembered.setdefault(scope, {})
        if name not in st.session_state or st.session_state[name] == default:
            memory.pop(name, None)
        else:
            memory[name] = form.write(st.session_state[name])


def _write(address: _Address) -> dict[str, str]:
    """Write the settings that were drawn, and those of the URL whose turn did not come yet; returns the query."""
    _remember(address)
    query = dict(address.given)
    for name, drawn in address.drawn.items():
        text = address.remembered[drawn.scope].get(name)
        if text is not None:
            query[name] = text
    if query != _without_defaults(address, st.query_params.to_dict()):
        st.query_params.from_dict(query)
    return query


def _without_defaults(address: _Address, query: Mapping[str, str]) -> dict[str, str]:
    """A URL may say what need not be said; that is no reason to change it."""
    drawn = address.drawn
    return {
        name: text
        for name, text in query.items()
        if name not in drawn or drawn[name].default is None or drawn[name].form.write(drawn[name].default) != text
    }


def _quoted(text: str) -> str:
    """The beginning of a text that anybody may have written."""
    return " ".join((text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…").split())
