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
from explorer.webapp.tour.progress import guesses, make_guess, move_to, stop_number
from explorer.webapp.tour.stop import Answer, Scene, Stop
from explorer.webapp.tour.stops import STOPS

_PROJECTOR = Path(__file__).with_name("projector.css")


def page() -> None:
    selection = sidebar(needs_noise_levels="Tour")
    number = stop_number(len(STOPS))
    made = guesses(len(STOPS))
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.title("Tour", anchor=False, width="content")
        projector = st.toggle("Projector", key=kept("projector", switch(), False), help="Large type, no sidebar.")
    if projector:
        st.html(_PROJECTOR)
    st.caption(
        "Nine questions about the probability of images. Predict, then see what the model says. "
        "Keys: 1, 2, 3 choose, → and ← go on and back, space goes on."
    )
    _steps(number)
    with shown_errors():
        scene = _scene(selection)
        if scene is not None:
            _show(STOPS[number], number, made, scene)


def _scene(selection: Selection) -> Scene | None:
    """What the stops look at; None while the data set is not scored yet, with the way to do so on the screen."""
    images = store(selection.dataset, selection.checkpoint.model.image_shape, selection.split)
    catalog = ready_catalog(selection.checkpoint, images, selection.split)
    if catalog is None:
        return None
    summary = catalog.summary()
    if summary is None:
        raise ExplorerError("The model gives none of these images a finite log p. Choose another model.")
    return Scene(selection, images, catalog, summary)


def _steps(number: int) -> None:
    """Back, the stops, on."""
    row = st.container(horizontal=True, vertical_alignment="center", key="tour_steps")
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
    count, guess = len(STOPS), made[number]
    st.markdown(f"### {in_markdown(stop.question(scene))}", help=explained(*stop.terms))
    stop.show(scene)
    options = stop.options(scene)
    if guess is None or guess >= len(options):
        row = st.container(horizontal=True, key="tour_options")
        for place, option in enumerate(options):
            row.button(
                option,
                key=f"tour_option_{number}_{place}",
                shortcut=str(place + 1),
                on_click=make_guess,
                args=(number, place, count),
            )
        return
    answer = stop.answer(scene)
    _verdict(options, guess, answer)
    st.markdown(stop.why)
    row = st.container(horizontal=True)
    if row.button(answer.link.label, key=f"tour_link_{number}", icon=":material/open_in_new:"):
        open_page(answer.link.page, **answer.link.settings)
    row.button(
        "Predict again", key=f"tour_again_{number}", type="tertiary", on_click=make_guess, args=(number, None, count)
    )
    if number + 1 < count:
        row.button(
            f"On: {STOPS[number + 1].title}",
            key="tour_on",
            shortcut="Space",  # not a primary button: the name of the key would have too little contrast
            on_click=move_to,
            args=(number + 1,),
        )
    else:
        number_made = sum(each is not None for each in made)
        st.success(f"That was the last stop. You made {number_made} of {count} predictions.", icon=":material/flag:")


def _verdict(options: tuple[str, ...], guess: int, answer: Answer) -> None:
    """What was predicted, what the model says, and what the paper found where that is something else."""
    if not 0 <= answer.choice < len(options):
        st.info(in_markdown(answer.sentence), icon=":material/hourglass_empty:")
        return
    right = guess == answer.choice
    said = f"**You predicted** “{options[guess]}”. **The model says** “{options[answer.choice]}”."
    (st.success if right else st.info)(
        f"{said} {in_markdown(answer.sentence)}", icon=":material/check:" if right else ":material/lightbulb:"
    )
    if answer.paper is not None and answer.paper != answer.choice:
        st.warning(
            f"With photographs Guth, Kadkhodaie and Simoncelli (2025) found “{options[answer.paper]}”. This model, on "
            "these images, disagrees.",
            icon=":material/compare_arrows:",
        )
