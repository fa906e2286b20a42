"""Where an image comes from on a page: a photograph, an upload, the data set, or a formula. It is in the URL."""

from __future__ import annotations

import streamlit as st

from explorer.data.sources import Split
from explorer.images import SYNTHETIC
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.crop import chosen_crop
from explorer.webapp.shell.dataset_item import choose_item
from explorer.webapp.shell.loaders import store
from explorer.webapp.shell.origin import SOURCES, Origin, Source
from explorer.webapp.shell.photographs import FIRST_PHOTOGRAPH, choose_photograph
from explorer.webapp.shell.setting_forms import one_of
from explorer.webapp.shell.sidebar import Selection
from explorer.webapp.shell.subject import Subject, picture_of, subject_of
from explorer.webapp.shell.upload import bring_upload_back, uploaded
from explorer.webapp.widgets.crop_box import has_choice

__all__ = ["choose_image", "choose_source"]


def choose_source() -> Source:
    """Draw the choice of where the image comes from."""
    chosen = st.segmented_control(
        "Source of the image",
        SOURCES,
        required=True,
        key=kept("source", one_of(SOURCES), SOURCES[0]),
        on_change=bring_upload_back,
        label_visibility="collapsed",
    )
    return chosen or SOURCES[0]


def choose_image(source: Source, selection: Selection, split: Split) -> Subject:
    """Draw the choice of an image from a source, and return the one that is chosen.

    Args:
        source: from `choose_source`.
        selection: model and data set.
        split: the part of the data set, where that is the source.

    Raises:
        ExplorerError: the data set cannot be opened.
    """
    shape = selection.checkpoint.model.image_shape
    if source == "dataset":
        return _from_dataset(selection, split)
    if source == "synthetic":
        names = list(SYNTHETIC)
        name = st.selectbox("Synthetic image", names, key=kept("synthetic", one_of(names), names[0]))
        return subject_of(Origin(source, name), shape)
    origin = _chosen_picture(source)
    picture = picture_of(origin)
    has_any = has_choice(picture.image.width, picture.image.height, shape[1])
    return subject_of(origin._replace(crop=chosen_crop(picture)) if has_any else origin, shape)


def _chosen_picture(source: Source) -> Origin:
    """The upload or the photograph; the first of these while there is no upload."""
    if source == "photograph":
        return Origin(source, choose_photograph())
    upload = uploaded()
    return Origin("photograph", FIRST_PHOTOGRAPH) if upload is None else Origin("upload", upload)


def _from_dataset(selection: Selection, split: Split) -> Subject:
    images = store(selection.dataset, selection.checkpoint.model.image_shape, split)
    origin = Origin("dataset", selection.dataset_name, part=split, item=choose_item(images))
    return subject_of(origin, selection.checkpoint.model.image_shape)
