"""The photograph perturbed: what does each scale say?"""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer.figures.scales import change_bars, scale_name, sweep_figure
from explorer.figures.tools import NO_TOOLS
from explorer.measures.image.scales import ScaleCurve, scale_curve
from explorer.models.checkpoints import Checkpoint
from explorer.perturbations import RANGES, Perturbation
from explorer.units import format_number, with_unit
from explorer.webapp.large.measured import Measured
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.perturbation_sliders import noise_options, parameter_sliders
from explorer.webapp.shell.setting_forms import one_of
from explorer.webapp.shell.terms import explained
from explorer.webapp.shell.work import Report, Work, offered

__all__ = ["choose_perturbation", "offer_sweep", "show_change"]

_SOME = 1e-3  # bits
_JPEG = "jpeg"
_STEPS = 9  # values of a parameter along its curve
_QUALITIES_ALONG = (5, 10, 20, 30, 50, 75, 90, 95)
_QUALITIES = ("none", "95", "90", "75", "50", "30", "20", "10", "5")


def choose_perturbation() -> Perturbation:
    """Draw the sliders; returns what they say."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container():
            st.markdown("#### Perturb it: what does each scale say?", help=explained("Scale"))
        quality = st.selectbox(
            "JPEG quality",
            _QUALITIES,
            format_func=lambda each: "no JPEG" if each == "none" else f"JPEG at {each}",
            key=kept("jpeg", one_of(_QUALITIES), _QUALITIES[0]),
            width=130,
            label_visibility="collapsed",
        )
        noise = noise_options()
        st.button("Reset", icon=":material/restart_alt:", on_click=_reset)
    values, _ = parameter_sliders()
    return Perturbation(**values, **noise._asdict(), jpeg=None if quality == "none" else int(quality))


def _reset() -> None:
    neutral = Perturbation()
    for name in (*RANGES, "seed", "clip"):
        st.session_state[name] = getattr(neutral, name)
    st.session_state["jpeg"] = _QUALITIES[0]


def show_change(now: Measured, original: Measured, unit: str, model: str) -> None:
    """How many bits each scale has more, or less, than in the original; which scale says most."""
    st.markdown("**Change of bits by scale,** from the original")
    change = {scale: bits - original.bits[scale] for scale, bits in now.bits.items()}
    if not any(abs(bits) > _SOME for bits in change.values()):
        st.caption("Nothing is changed yet: move a slider above, or choose a quality of JPEG.")
        return
    figure = change_bars(change, now.dimensions, unit)
    figure.update_layout(meta=model)
    st.plotly_chart(figure, key="change", config=NO_TOOLS, alt="Change of bits by scale from the original")
    scale, most = max(change.items(), key=lambda each: abs(each[1]))
    st.caption(f"The scale that changes most: {scale_name(scale)}, by {format_number(most, '+,.0f')} bits.")


def offer_sweep(density: Checkpoint, pixels: np.ndarray, perturbation: Perturbation, unit: str) -> Work[ScaleCurve]:
    """Draw the choice of a parameter and the bits of each scale against it, once they are measured."""
    st.markdown("**Bits by scale against one parameter,** the others as they are")
    names = [*RANGES, _JPEG]
    name = st.selectbox(
        "Parameter",
        names,
        format_func=lambda each: "JPEG quality" if each == _JPEG else RANGES[each].label,
        key=kept("sweep", one_of(names), "blur"),
        label_visibility="collapsed",
        width=200,
    )
    neutral = Perturbation()
    steps = _QUALITIES_ALONG if name == _JPEG else np.linspace(RANGES[name].low, RANGES[name].high, _STEPS).tolist()
    others = perturbation.model_copy(update={name: getattr(neutral, name)})

    def advance(_: ScaleCurve | None, report: Report) -> tuple[ScaleCurve, float]:
        def progress(done: int, total: int | None) -> None:
            report(done / total if total else 0.0)

        curve = scale_curve(density.multiscale, density.values, pixels, others, name, steps, progress)
        return curve, 1.0

    content = (density.fingerprint, pixels.tobytes(), others, name)
    work = offered("sweep", content, "Measure", advance)
    if work.result is not None:
        curve, last = work.result, work.result.bits.shape[1] - 1
        scales = [(level, level == last) for level in range(last + 1)]
        title = with_unit("JPEG quality", "of 100") if name == _JPEG else RANGES[name].title
        at = getattr(perturbation, name)
        figure = sweep_figure(scales, curve.values.tolist(), curve.bits, pixels.size, at, title, unit)
        figure.update_layout(meta=density.name)
        st.plotly_chart(figure, key="sweep_chart", config=NO_TOOLS, alt=f"Bits by scale against {name}")
    return work
