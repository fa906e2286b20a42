"""The lower part of the Train page: all runs, and the chosen one as it learns."""

from __future__ import annotations

import time
from typing import Any

import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.data.names import dataset_name
from explorer.data.offered import list_datasets
from explorer.errors import ExplorerError
from explorer.escaping import in_markdown
from explorer.figures.tools import NO_TOOLS
from explorer.figures.training import denoised_images, denoising_psnr, likelihood, space_loss, time_loss
from explorer.jobs.kinds.train import STEPS, run_progress
from explorer.jobs.manage import Job, list_jobs
from explorer.jobs.progress import JobProgress, duration
from explorer.jobs.queue import wake_queue
from explorer.jobs.record import read_record
from explorer.training.run import Run
from explorer.units import format_number, psnr_from_noise_variance
from explorer.webapp.shell.address import kept, open_page, part_kept_in_url
from explorer.webapp.shell.job_status import job_buttons, job_log, job_message, status_badge
from explorer.webapp.shell.loaders import known_store, shown_errors
from explorer.webapp.shell.setting_forms import one_of
from explorer.webapp.shell.terms import explained

__all__ = ["open_probe_when_asked", "training_runs"]

_ROWS_AT_FIRST = 6
_OPEN_PROBE = "train-open-probe"


def training_runs() -> None:
    """Draw the runs and the chosen one; they refresh themselves for as long as one is being trained or waits."""
    active = {job.name for job in list_jobs("train") if job.state.open}

    @st.fragment(run_every=2 if active else None)
    @part_kept_in_url("runs")
    def live() -> None:
        jobs = list_jobs("train")
        with shown_errors():
            wake_queue()
        if {job.name for job in jobs if job.state.open} != active:
            st.rerun()  # the whole page: a finished run is a new model in the sidebar
        chosen = _choose(jobs)
        _list(jobs, chosen)
        _detail(chosen)

    live()


def _choose(jobs: list[Job]) -> Job:
    by_name = {job.name: job for job in jobs}
    active = [job for job in jobs if job.state.active] or [job for job in jobs if job.state.open]
    wanted = st.session_state[kept("run", one_of(["", *by_name]), "")]
    return by_name.get(wanted) or (active or jobs)[0]


def _list(jobs: list[Job], chosen: Job) -> None:
    st.subheader("Runs")
    shown = jobs
    if len(jobs) > _ROWS_AT_FIRST and not st.toggle(f"Show all {len(jobs)} runs", key="train-all"):
        shown = [job for index, job in enumerate(jobs) if index < _ROWS_AT_FIRST or job == chosen or job.state.open]
    for job in shown:
        name, state, bar = st.columns([3, 2, 6], vertical_alignment="center", gap="small")
        name.button(
            in_markdown(job.name),
            key=f"train-choose-{job.name}",
            type="primary" if job == chosen else "secondary",
            width="stretch",
            on_click=_select,
            args=(job.name,),
        )
        with state:
            status_badge(job)
        with bar:
            try:
                done = job.task.progress(job.folder)
                st.progress(done.fraction, _progress_text(job, done))
            except ExplorerError as error:
                st.caption(f":red[{in_markdown(str(error))}]")


def _select(name: str) -> None:
    st.session_state["run"] = name


def _progress_text(job: Job, done: JobProgress) -> str:
    """How far a run is: of its steps, or of the images that are prepared before the first."""
    text = f"step {done.done:,} of {done.total:,}" if done.unit == STEPS else done.text
    if job.state.status == "queued":
        return f"{text} · waiting"
    if not job.state.active:
        return text
    if done.rate is not None and done.seconds_left is not None:
        return f"{text} · {done.rate:,.0f} {done.rate_unit} · about {duration(done.seconds_left)} left"
    record = read_record(job.folder)
    since = "" if record is None else f", for {duration(max(0.0, time.time() - record.time))} now"
    return f"{text} · preparing{since}"


def _detail(job: Job) -> None:
    st.subheader(in_markdown(job.name))
    run = None
    with shown_errors():
        run = Run.open(job.folder)
        st.markdown(_sentence(run))
    has_model = run is not None and run.checkpoint.is_dir()
    job_buttons(job, place=_open_in_probe if has_model else _say_it_is_gone)
    job_message(job)
    if run is not None:
        metrics = run.metrics()
        _numbers(job, run, metrics)
        _curves(job, run, metrics)
    job_log(job)


def _sentence(run: Run) -> str:
    config = run.config
    channels, height, width = config.model.image_shape
    data = in_markdown(dataset_name(config.dataset))
    images = f"{height} × {width} {'gray' if channels == 1 else 'color'} images of **{data}**"
    return (
        f"How well a network of base width {config.model.unet.base_width} learns the density of {images}, "
        f"in {config.steps:,} steps of {config.batch_size} images."
    )


def _open_in_probe(row: DeltaGenerator, job: Job) -> None:
    run = Run.open(job.folder)
    if row.button(
        "Open in Probe", type="primary", icon=":material/frame_inspect:", on_click=_choose_model, args=(run,)
    ):
        st.rerun()


def _say_it_is_gone(row: DeltaGenerator, _job: Job) -> None:
    row.caption("The checkpoint that it became has been renamed or deleted.", width="content")


def _choose_model(run: Run) -> None:
    """Go to Probe with a model, to the first image of its data where they are offered."""
    data = next((info.name for info in list_datasets() if info.spec == run.config.dataset), None)
    image = {} if data is None else {"source": "dataset", "item": "0"}
    st.session_state[_OPEN_PROBE] = {"model": run.config.name, "data": data, **image}


def open_probe_when_asked() -> None:
    """Go to Probe when the button for it was pressed. Called by the page: what refreshes itself can lose the click."""
    settings = st.session_state.pop(_OPEN_PROBE, None)
    if settings is not None:
        open_page("probe", **settings)


def _numbers(job: Job, run: Run, metrics: list[dict[str, Any]]) -> None:
    done = run_progress(run.folder)
    validations = [entry for entry in metrics if entry["kind"] == "validation"]
    latest = validations[-1]["bits_per_dimension"] if validations else None
    speed = done.rate
    left = done.seconds_left if job.state.active else None
    cells = (
        ("Step", f"{done.done:,}", f"of {done.total:,}", None),
        ("Speed", "–" if speed is None else f"{speed:,.0f}", "images/s", None),
        ("Time left", "–" if left is None else duration(left), _why_no_time(job, left), None),
        (
            "NLL, I-MMSE",
            f"{latest['i_mmse']:.3f}" if latest else "–",
            "bits/dimension",
            explained("I-MMSE", first="Of validation images, as a code length."),
        ),
        (
            "Gap",
            format_number(latest["gap"], "+.3f") if latest else "–",
            "bits/dimension",
            explained("Gap"),
        ),
    )
    grid = st.grid(5, min_column_width=140)
    for title, value, below, explanation in cells:
        grid.metric(title, value, below, delta_color="off", delta_arrow="off", help=explanation, border=True)


def _why_no_time(job: Job, left: float | None) -> str:
    """Below the time that is left: how the run stands, as its badge says it."""
    if left is not None:
        return "at this speed"
    return "not known yet" if job.state.active else job.state.status


def _curves(job: Job, run: Run, metrics: list[dict[str, Any]]) -> None:
    steps = run.config.steps
    kinds = {entry["kind"] for entry in metrics}
    if "progress" not in kinds:
        st.info(
            "The curves begin with the first steps." if job.state.active else "This run has taken no steps yet.",
            icon=":material/show_chart:",
        )
        return
    grid = st.grid(2, min_column_width=360)
    _chart(
        grid,
        job,
        "**Space loss**: the noise that denoising leaves, at all noise levels.",
        space_loss(metrics, steps),
        "Space loss",
    )
    title = "**Time loss**: how well the energies of noise levels agree."
    _chart(grid, job, title, time_loss(metrics, steps), "Time loss")
    if "validation" not in kinds:
        first = min(run.config.validate_every, steps)
        st.caption(f"The first validation is at step {first:,}: likelihood, denoising, and images.")
        return
    _chart(grid, job, "**Validation likelihood**, estimated in two ways that should agree.", likelihood(metrics, steps))
    _chart(grid, job, "**Denoising** of validation images, by noise level.", denoising_psnr(metrics), "PSNR")
    pictures = run.denoised_examples()
    if pictures is not None:
        figure = denoised_images(pictures, run.config.model.image_shape[1])
        _chart(
            grid, job, "**Validation images** at three noise levels, denoised by the present model.", figure, "Denoiser"
        )
    with grid.container(border=True):
        st.markdown("**Settings** of this run.")
        st.table(_settings(run), border="horizontal")


def _settings(run: Run) -> dict[str, str]:
    config = run.config
    noise = config.model.noise
    low, at, high = (format_number(psnr_from_noise_variance(t), ".0f") for t in (noise.t_min, noise.t0, noise.t_max))
    return {
        "Data set": in_markdown(dataset_name(config.dataset)),
        "Images": in_markdown(_images_in_words(run)),
        "Steps": f"{config.steps:,}",
        "Images per step": f"{config.batch_size}",
        "Learning rate": f"{config.learning_rate:g}" + (f", of Muon {config.muon:g}" if config.muon else ""),
        "Seed": f"{config.seed}",
        "Network": f"U-Net, width {config.model.unet.base_width}, scales {config.model.unet.num_scales}",
        "Gaussian anchor": "yes" if config.model.anchor else "no",
        "Amplitude conditioning": "yes" if config.model.amplitude else "no",
        "Noise": f"{low} to {high} dB; log p at {at} dB",
        "Validation": f"{config.validation_images} images, every {config.validate_every:,} steps",
    }


def _images_in_words(run: Run) -> str:
    known = known_store(run.config.dataset, run.config.model.image_shape, "validation")
    return known.division.sentence if known is not None and known.division is not None else "not prepared yet"


def _chart(grid: DeltaGenerator, job: Job, title: str, figure: go.Figure, *terms: str) -> None:
    with grid.container(border=True):
        st.markdown(title, help=explained(*terms) or None)
        name = title.split("**")[1]
        figure.update_layout(meta=job.name)  # for the name of a file
        st.plotly_chart(figure, key=f"train-{title}-{job.name}", config=NO_TOOLS, alt=name)
