"""Which images are stored: two to five of the data set, or a whole part of it. The choice is in the URL."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import streamlit as st
import torch

from explorer.data.store import Store
from explorer.errors import ExplorerError
from explorer.escaping import in_markdown
from explorer.images import Values
from explorer.measures.wells.landscape import Section
from explorer.models.memory import Memory
from explorer.units import psnr_from_noise_variance
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.dataset_images import description
from explorer.webapp.shell.loaders import store
from explorer.webapp.shell.part_box import choose_part
from explorer.webapp.shell.setting_forms import Form, Unfit, one_of, whole_number
from explorer.webapp.shell.sidebar import Selection
from explorer.webapp.shell.terms import explained
from explorer.webapp.widgets.image_grid import GridImage, image_grid

__all__ = ["Stored", "choose_stored"]

_FEWEST, _MOST = 2, 5
_WHOLE = 2000  # images of a whole set at most: with more the page would be slow
_OFFERED = 24
_CHOSEN, _DRAW, _HOLD = "memories", "draw", "stored"
_LARGEST_SEED = 2**31 - 1
_KINDS = ("chosen", "all")


@dataclass(frozen=True)
class Stored:
    """Stored images.

    Attributes:
        images: the part of the data set that they are from.
        values: how the model reads pixels.
        chosen: numbers of those that are looked at, two to five.
        whole: whether all of the part is stored, as far as it is not too large.
        t_low: the smallest noise variance of the model.
    """

    images: Store
    values: Values
    chosen: tuple[int, ...]
    whole: bool
    t_low: float

    @property
    def content(self) -> tuple[object, ...]:
        """What everything that is computed of them follows from."""
        return self.images.fingerprint, self.values.model_dump_json(), self.chosen, self.whole, self.t_low

    @cached_property
    def pixels(self) -> np.ndarray:
        """The chosen images, uint8 ``(n, C, H, W)``."""
        return np.array(self.images.pixels[list(self.chosen)])

    @cached_property
    def x(self) -> torch.Tensor:
        """The same in the model's values, float64."""
        return self.values.centers(torch.from_numpy(self.pixels)).double()

    @property
    def numbers(self) -> list[int]:
        """Of all stored images, the chosen ones first."""
        count = min(_WHOLE, len(self.images)) if self.whole else 0
        rest = [k * len(self.images) // count for k in range(count)]
        return list(dict.fromkeys([*self.chosen, *rest]))

    @cached_property
    def all_x(self) -> torch.Tensor:
        """All stored images in the model's values, float64."""
        return self.values.centers(torch.from_numpy(np.array(self.images.pixels[self.numbers]))).double()

    @cached_property
    def section(self) -> Section:
        """The line through the first two.

        Raises:
            ExplorerError: they are the same.
        """
        return Section.through(self.x[:2])

    @cached_property
    def memory(self) -> Memory:
        """Their exact density, up to ten times the noise at which the first two would split."""
        t_max = max(100.0, 10 * self.section.unit**2)
        return Memory(self.all_x, t0=self.t_low, t_max=t_max)

    @property
    def splitting_psnr(self) -> float:
        """Noise level at which two images alone split, ``t = h^2``, in dB."""
        return float(psnr_from_noise_variance(self.section.unit**2))


def choose_stored(selection: Selection) -> Stored:
    """Draw the choice of images.

    Raises:
        ExplorerError: the data set cannot be opened, or has fewer than two images.
    """
    checkpoint = selection.checkpoint
    row = st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute")
    split = choose_part(row, selection.dataset, checkpoint.config.dataset)
    images = store(selection.dataset, checkpoint.model.image_shape, split)
    if len(images) < _FEWEST:
        raise ExplorerError("There is only one image here, and two are needed. Choose another part or data set.")
    kept(_CHOSEN, _numbers(len(images)), _two_of(images))
    kept(_DRAW, whole_number(0, _LARGEST_SEED), 0)
    chosen: tuple[int, ...] = st.session_state[_CHOSEN]
    mine, offered = st.columns([2, 3], gap="medium")
    with mine:
        st.markdown("**Stored images.** A click takes one out.", help=explained("Memory"))
        items = [
            GridImage(images.pixels[k], str(n), images.label_name(k), f"stored image {n}: {description(images, k)}")
            for n, k in enumerate(chosen, 1)
        ]
        image_grid(items, "chosen", 72, "Stored images", on_opened=lambda place: _take_out(chosen[place]))
        hold = st.segmented_control(
            "Stored",
            _KINDS,
            format_func=lambda kind: "These images" if kind == "chosen" else _all_in_words(images),
            required=True,
            key=kept(_HOLD, one_of(_KINDS), _KINDS[0]),
            label_visibility="collapsed",
            help="What the exact density holds. The line and the plane are always those through the images above.",
        )
    with offered:
        head = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
        name = in_markdown(selection.dataset_name)
        head.markdown(f"**Images of {name}.** A click stores one, up to {_MOST}.", width="content")
        head.button("Others", icon=":material/shuffle:", on_click=_shuffle)
        numbers = _offered(len(images), st.session_state[_DRAW])
        items = [GridImage(images.pixels[k], "", "", description(images, k)) for k in numbers]
        image_grid(items, "offered", 44, "Images to store", on_opened=lambda place: _put_in(numbers[place]))
    return Stored(images, checkpoint.values, chosen, hold == "all", checkpoint.model.t_low)


def _all_in_words(images: Store) -> str:
    return f"All {len(images):,}" if len(images) <= _WHOLE else f"{_WHOLE:,} of {len(images):,}"


def _numbers(count: int) -> Form[tuple[int, ...]]:
    """Two to five different numbers below `count`."""

    def read(text: str) -> tuple[int, ...]:
        parts = text.split(".")
        if not all(part.isdecimal() and len(part) < 10 for part in parts):
            raise Unfit("is no list of image numbers")
        numbers = tuple(dict.fromkeys(int(part) for part in parts if int(part) < count))[:_MOST]
        if len(numbers) < _FEWEST:
            raise Unfit(f"names fewer than {_FEWEST} images")
        if len(numbers) < len(parts):
            raise Unfit("names images that there are not", numbers)
        return numbers

    return Form(read, lambda numbers: ".".join(map(str, numbers)))


def _two_of(images: Store) -> tuple[int, ...]:
    """The first image, and the first of another label."""
    other = np.flatnonzero(images.labels != images.labels[0])
    return (0, int(other[0]) if len(other) else len(images) - 1)


def _offered(count: int, seed: int) -> list[int]:
    number = min(count, _OFFERED)
    if seed == 0:
        return [k * count // number for k in range(number)]
    return sorted(np.random.default_rng(seed).choice(count, number, replace=False).tolist())


def _put_in(number: int) -> None:
    chosen = st.session_state[_CHOSEN]
    if number not in chosen and len(chosen) < _MOST:
        st.session_state[_CHOSEN] = (*chosen, number)


def _take_out(number: int) -> None:
    chosen = st.session_state[_CHOSEN]
    if len(chosen) > _FEWEST:
        st.session_state[_CHOSEN] = tuple(each for each in chosen if each != number)


def _shuffle() -> None:
    st.session_state[_DRAW] = st.session_state[_DRAW] % _LARGEST_SEED + 1
