"""Tour: nine questions to the density of images, each with a prediction first."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from explorer.errors import ExplorerError
from explorer.escaping import in_markdown
from explorer.webapp.shell.address import kept, open_page
from explorer.webapp.shell.loaders import shown_errors, store
from explorer.webapp.shell.ready_catalog import ready_catalog
from explorer.webapp.shell.setting_forms import switch
from explorer.webapp.shell.sidebar import Selection, sidebar
from explorer.webapp.shell.terms import explained
from explorer.webapp.tour.progress import agreement_sentence, guesses, make_guess, move_to, note_answer, stop_number
from explorer.webapp.tour.scene import Scene
from explorer.webapp.tour.stop import Answer, Stop
from explorer.webapp.tour.stops import STOPS
from explorer.webapp.widgets.paging import paging

_STYLE, _PROJECTOR = (Path(__file__).with_name(name) for name in ("tour.css", "projector.css"))
_ZOOM = 1.35  # of projector.css


def page() -> None:
    selection = sidebar(needs_noise_levels="Tour")
    number = stop_number(len(STOPS))
    made = guesses(len(STOPS))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Tour", anchor=False, width="content")
        _steps(number)
        projector = st.toggle("Projector", key=kept("projector", switch(), False), help="Large type, no sidebar.")
    st.html(_STYLE)
    if projector:
        st.html(_PROJECTOR)
    with st.container(key="tour_keys"):
        st.caption(
            "Nine questions about the probability of images. Predict, then see what the model says. Keys: 1, 2, 3 … "
            "choose, → and ← go on and back, space scrolls down and then goes on."
        )
    paging(number, "tour_on", "projector")
    with shown_errors():
        scene = _scene(selection, _ZOOM if projector else 1.0)
        if scene is not None:
            _show(STOPS[number], number, made, scene)


def _scene(selection: Selection, scale: float) -> Scene | None:
    """What the stops look at; None while the data set is not scored yet, with the way to do so on the screen."""
    images = store(selection.dataset, selection.checkpoint.model.image_shape, selection.split)
    catalog = ready_catalog(selection.checkpoint, images, selection.split)
    if catalog is None:
        return None
    summary = catalog.summary()
    if summary is None:
        raise ExplorerError("The model gives none of these images a finite log p. Choose another model.")
    return Scene(selection, images, catalog, summary, scale)


def _steps(number: int) -> None:
    """Back, the stops, on."""
    row = st.container(horizontal=True, vertical_alignment="center", key="tour_steps", wrap=False)
    row.button(
        "Back",
        key="tour_back",
        icon=":material/arrow_back:",
        shortcut="Left",
        on_click=move_to,
        args=(number - 1,),
        disabled=number == 0,
    )
    row.progress((number + 1) / len(STOPS), f"Stop {number + 1} of {len(STOPS)}: {STOPS[number].title}")
    row.button(
        "Next",
        key="tour_next",
        icon=":material/arrow_forward:",
        shortcut="Right",
        on_click=move_to,
        args=(number + 1,),
        disabled=number == len(STOPS) - 1,
    )


def _show(stop: Stop, number: int, made: list[int | None], scene: Scene) -> None:
    guess, options = made[number], stop.options(scene)
    st.subheader(in_markdown(stop.question(scene)), anchor=False, help=explained(*stop.terms))
    note = stop.note(scene)
    if note:
        st.caption(in_markdown(note))
    below_question = st.container()
    with st.container(key="tour_columns"):
        left, *right = st.columns(stop.shares, gap="medium")
    with left.container(key="tour_pictures"):
        stop.show(scene)
    if guess is None or guess >= len(options):
        with below_question:
            _options(options, number)
        return
    with left.container(key="tour_more_pictures"):
        stop.show_more(scene)
    with right[0] if right else left:
        answer = stop.answer(scene)
    with below_question:
        _verdict(options, guess, answer)
    st.markdown(in_markdown(answer.why))
    _go_on(number, answer)
    if 0 <= answer.choice < len(options):
        note_answer(number, (scene.selection.checkpoint.fingerprint, scene.images.fingerprint), guess == answer.choice)
    if number + 1 == len(STOPS):
        st.success(f"That was the last stop. {agreement_sentence(len(STOPS))}", icon=":material/flag:")


def _options(options: tuple[str, ...], number: int) -> None:
    row = st.container(horizontal=True, key="tour_options")
    for place, option in enumerate(options):
        row.button(
            option,
            key=f"tour_option_{number}_{place}",
            shortcut=str(place + 1),
            on_click=make_guess,
            args=(number, place, len(STOPS)),
        )


def _go_on(number: int, answer: Answer) -> None:
    """To the next stop, to other pages, or back to the question."""
    row = st.container(horizontal=True)
    if number + 1 < len(STOPS):
        row.button(f"On: {STOPS[number + 1].title}", key="tour_on", on_click=move_to, args=(number + 1,))
    for place, link in enumerate(answer.links):
        if row.button(link.label, key=f"tour_link_{number}_{place}"):
            open_page(link.page, **link.settings)
    row.button(
        "Predict again",
        key=f"tour_again_{number}",
        type="tertiary",
        on_click=make_guess,
        args=(number, None, len(STOPS)),
    )


def _verdict(options: tuple[str, ...], guess: int, answer: Answer) -> None:
    """What was predicted, what the model says, and what the paper found where that is something else."""
    if not 0 <= answer.choice < len(options):
        st.info(in_markdown(answer.sentence), icon=":material/hourglass_empty:")
        return
    right = guess == answer.choice
    said = f"**You predicted** “{options[guess]}”. **The answer is** “{options[answer.choice]}”."
    other = (
        f" With photographs Guth, Kadkhodaie and Simoncelli (2025) found “{options[answer.paper]}”: this model, on "
        "these images, disagrees."
        if answer.paper is not None and answer.paper != answer.choice
        else ""
    )
    (st.success if right else st.info)(
        f"{said} {in_markdown(answer.sentence)}{other}", icon=":material/check:" if right else ":material/lightbulb:"
    )
