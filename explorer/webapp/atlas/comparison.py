"""Two models on one data set, in Atlas: how much they agree on log p, and on which images they do not."""

from __future__ import annotations

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.catalog.compare import Comparison, compare
from explorer.catalog.query import Catalog
from explorer.data.sources import Split
from explorer.data.store import Store
from explorer.escaping import in_markdown
from explorer.figures.atlas import MAX_POINTS
from explorer.figures.compare import difference_histogram, log_prob_scatter
from explorer.figures.tools import SELECTION_TOOLS
from explorer.models.checkpoints import Checkpoint, CheckpointInfo, list_checkpoints
from explorer.units import LogProbUnit, format_number, format_percent
from explorer.webapp.atlas.disputed import COMPARISON, disputed_images
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.column_format import ColumnFormat, column_formats
from explorer.webapp.shell.dataset_images import description
from explorer.webapp.shell.loaders import checkpoint
from explorer.webapp.shell.points_chart import Picked, points_chart, sampled_sentence
from explorer.webapp.shell.ready_catalog import ready_catalog
from explorer.webapp.shell.setting_forms import one_of

__all__ = ["choose_other_model", "comparison_panel"]


def choose_other_model(place: DeltaGenerator, model: Checkpoint) -> CheckpointInfo | None:
    """A box with the other models that read images of the same shape; None while none is chosen.

    Where there is no other, the box says so.
    """
    shape = tuple(model.model.image_shape)
    usable = {info.name: info for info in list_checkpoints() if info.problem is None and info.name != model.name}
    others = {
        name: info
        for name, info in usable.items()
        if info.config is not None and tuple(info.config.model.image_shape) == shape
    }
    kind = f"{shape[1]} × {shape[2]} {'gray' if shape[0] == 1 else 'color'}"
    chosen = place.selectbox(
        "Compare with",
        list(others),
        index=None,
        placeholder="Compare with…" if others else f"No other {kind} model",
        key=kept("compare", one_of(list(others)), None),
        width=230,
        label_visibility="collapsed",
        disabled=not others,
    )
    return others.get(chosen) if chosen else None


def comparison_panel(
    images: Store,
    split: Split,
    model: Checkpoint,
    catalog: Catalog,
    other: CheckpointInfo,
    label: int | None,
    unit: LogProbUnit,
) -> int | None:
    """Key numbers, log p by one model over log p by the other, the differences, and the most disputed images.

    Args:
        images, split: the data set, and which part of it that is.
        model, catalog: the first model, and what it says of these images.
        other: the second model; it scores the images here where it did not yet.
        label: that the images are of, None for all.
        unit: that log p is shown in.

    Returns:
        The index of the image that was clicked just now, in the scatter or the grid, else None.

    Raises:
        ExplorerError: see `compare`, and `ready_catalog`.
    """
    second = ready_catalog(checkpoint(other.path), images, split)
    if second is None:
        return None
    found = compare(catalog, second, label, (model.name, other.name))
    fmt = column_formats(catalog, unit)["log_prob"]
    if found.caveat:
        st.warning(in_markdown(found.caveat), icon=":material/info:")
    _numbers(found, fmt)
    figures = st.grid(2, min_column_width=400, border=True)
    left, right = figures.cell(), figures.cell()
    with left:
        picked = _scatter(images, catalog, found, fmt, label)
    with right:
        _histogram(found, fmt)
    in_grid = disputed_images(images, found, fmt, picked.inside)
    return in_grid if picked.clicked is None else picked.clicked


def _numbers(found: Comparison, fmt: ColumnFormat) -> None:
    numbers = found.agreement
    left_out = f", {found.left_out:,} left out" if found.left_out else ""
    better = found.second if numbers.mean > 0 else found.first if numbers.mean < 0 else "neither"
    cells = (
        (
            fmt.narrow("RMS difference"),
            fmt.number(numbers.rms),
            f"{fmt.number(numbers.spread)} without the mean",
            "Root mean square of the difference of log p. The two models of Guth, Kadkhodaie and Simoncelli (2025), "
            "each trained on 100,000 images that the other never saw, differ by 0.186 dB/dimension.",
        ),
        (
            fmt.narrow("Mean difference"),
            fmt.signed(numbers.mean),
            in_markdown(f"in favor of {better}"),
            in_markdown(f"Mean of log p by {found.second} minus log p by {found.first}."),
        ),
        (
            "Correlation",
            _coefficient(numbers.correlation),
            f"of ranks: {_coefficient(numbers.rank_correlation)}",
            "Pearson's correlation of log p by the two models, and of the ranks of the images (Spearman's).",
        ),
        (
            in_markdown(f"More probable for {found.second}"),
            format_percent(numbers.second_higher),
            f"of {len(found):,} images{left_out}",
            "Share of the images to which it gives the higher log p. Images to which a model gives no finite value are "
            "left out.",
        ),
    )
    grid = st.grid(4, min_column_width=180)
    for title, value, below, explanation in cells:
        grid.metric(title, value, below, delta_color="off", delta_arrow="off", help=explanation, border=True)


def _scatter(images: Store, catalog: Catalog, found: Comparison, fmt: ColumnFormat, label: int | None) -> Picked:
    st.markdown("**Image by image.** A box or lasso fills the grid below, a click opens an image.")

    def words(place: int) -> str:
        by = ((found.first, found.first_log_prob), (found.second, found.second_log_prob))
        values = (f"log p by {name} {fmt.text(log_prob[place])}" for name, log_prob in by)
        return "\n".join((description(images, int(found.index[place])), *values))

    figure = log_prob_scatter(
        fmt.convert(found.first_log_prob),
        fmt.convert(found.second_log_prob),
        found.index,
        names=(found.first, found.second),
        unit=fmt.unit,
        words=words,
    )
    picked = points_chart(
        COMPARISON,
        figure,
        images,
        figure.data[0].customdata[:, 0],
        found.inside,
        content=f"{catalog.folder.name} {found.second} {label} {fmt.unit}",
        alt=f"Scatter of log p by {found.second} over log p by {found.first}",
        units=(fmt.factor, fmt.factor),
    )
    sampled = sampled_sentence(MAX_POINTS, len(found))
    if sampled:
        st.caption(sampled)
    return picked


def _histogram(found: Comparison, fmt: ColumnFormat) -> None:
    st.markdown("**How the difference is distributed.**")
    edges, counts = found.histogram()
    figure = difference_histogram(
        fmt.convert(edges),
        counts,
        found.agreement.mean * fmt.factor,
        names=(found.first, found.second),
        unit=fmt.unit,
    )
    st.plotly_chart(figure, config=SELECTION_TOOLS, alt="Histogram of the difference of log p")


def _coefficient(value: float) -> str:
    return format_number(value, ".4f") if np.isfinite(value) else "none"
