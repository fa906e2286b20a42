"""Any two columns of a catalog against each other, in Atlas, one point per image."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from explorer.catalog.query import Catalog
from explorer.data.store import Store
from explorer.figures.atlas import MAX_POINTS, scatter
from explorer.webapp.atlas.state import SCATTER
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.column_format import ColumnFormat
from explorer.webapp.shell.dataset_images import description
from explorer.webapp.shell.points_chart import Picked, points_chart, sampled_sentence
from explorer.webapp.shell.setting_forms import one_of

__all__ = ["scatter_panel"]


def scatter_panel(images: Store, catalog: Catalog, formats: dict[str, ColumnFormat], label: int | None) -> Picked:
    """Scatter of two columns, and what was done on it.

    A box or a lasso selects every image of the catalog that lies inside, whether its point is drawn or not.
    """
    st.markdown("**Any two against each other.** A box or lasso fills the grid below, a click opens an image.")
    names = list(formats)
    boxes = st.container(horizontal=True, gap="small")

    def title(name: str) -> str:
        return formats[name].title

    columns = one_of(names, title)
    x = boxes.selectbox("Horizontal", names, format_func=title, key=kept("x", columns, "contrast"))
    y = boxes.selectbox("Vertical", names, format_func=title, key=kept("y", columns, names[0]))
    sampled = sampled_sentence(MAX_POINTS, len(catalog) if label is None else catalog.label_counts()[label])
    if sampled:
        st.caption(sampled)
    figure = _figure(images, catalog, label, x, y, formats[x], formats[y])
    return points_chart(
        SCATTER,
        figure,
        images,
        figure.data[0].customdata[:, 0],
        lambda regions: catalog.inside(x, y, regions, label),
        content=f"{catalog.folder.name} {label} {x} {y}",
        alt=f"Scatter of {title(y)} over {title(x)}",
        units=(formats[x].factor, formats[y].factor),
    )


@st.cache_resource(
    show_spinner=False,
    max_entries=8,
    hash_funcs={
        Store: lambda images: (str(images.folder), images.fingerprint),  # names are not in the fingerprint
        Catalog: lambda catalog: catalog.meta.identity.model_dump_json(),
    },
)
def _figure(
    images: Store, catalog: Catalog, label: int | None, x: str, y: str, across: ColumnFormat, up: ColumnFormat
) -> go.Figure:
    index, right, high = (catalog.column(name, label) for name in ("index", x, y))

    def words(place: int) -> str:
        values = (f"{fmt.title} {fmt.text(values[place])}" for fmt, values in ((across, right), (up, high)))
        return "\n".join((description(images, int(index[place])), *values))

    return scatter(across.convert(right), up.convert(high), index, x_title=across.axis, y_title=up.axis, words=words)
