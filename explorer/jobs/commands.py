"""``python -m explorer jobs``: send, list, stop, resume, delete and read jobs without a browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from explorer.errors import ExplorerError
from explorer.jobs.manage import create_job, delete, find_job, free_job_name, list_jobs, read_log, resume, stop, submit
from explorer.jobs.progress import duration, progress
from explorer.jobs.tasks import MAX_SHARDS, CatalogTask, EvaluateTask, MapTask, Task

if TYPE_CHECKING:
    from explorer.data.sources import Split

__all__ = ["app"]

app = typer.Typer(help="What works in the background, on this machine or on a Slurm cluster.", no_args_is_help=True)

_output = Console()

ModelArgument = Annotated[str, typer.Argument(help="Name of a checkpoint, or its folder.")]
NameArgument = Annotated[str, typer.Argument(help="Name of a job.")]
DataOption = Annotated[str, typer.Option(help="digits, photos, leaves, the path of a data set, or hf:OWNER/NAME.")]
SplitOption = Annotated[
    Literal["train", "validation", "all"] | None,
    typer.Option(help="Which part of the data; when left out, what is new to the model."),
]


@app.command(name="list")
def list_all() -> None:
    """All jobs, the newest first."""
    table = Table("job", "what", "state", "done", "time left", "host", box=None, header_style="bold")
    for job in list_jobs():
        share, left = "", ""
        try:
            done = progress(job.folder)
            share = f"{100 * done.fraction:.0f} %"
            if job.state.active and done.seconds_left is not None:
                left = duration(done.seconds_left)
        except ExplorerError as error:
            share = str(error)
        table.add_row(job.name, job.task.title, job.state.status, share, left, job.state.host)
    _output.print(table)


@app.command()
def catalog(
    model: ModelArgument,
    data: DataOption = "photos",
    split: SplitOption = None,
    shards: Annotated[int, typer.Option(help="So many jobs share the work.", min=1, max=MAX_SHARDS)] = 1,
) -> None:
    """Score a whole data set, for Atlas."""
    _send(
        CatalogTask(
            checkpoint=_lasting(model), dataset=_absolute(data), split=split or _unseen(model, data), shards=shards
        ),
        model,
        data,
    )


@app.command()
def evaluate(
    model: ModelArgument,
    data: DataOption = "photos",
    quick: Annotated[bool, typer.Option("--quick", help="On few images.")] = False,
) -> None:
    """Run every check, for Trust."""
    _send(EvaluateTask(checkpoint=_lasting(model), dataset=_absolute(data), quick=quick), model, data)


@app.command(name="map")
def lay_out(model: ModelArgument, data: DataOption = "photos", split: SplitOption = None) -> None:
    """Lay out a data set, for Map."""
    _send(
        MapTask(checkpoint=_lasting(model), dataset=_absolute(data), split=split or _unseen(model, data)), model, data
    )


@app.command(name="stop")
def stop_one(name: NameArgument) -> None:
    """Take a job out of the queue, or let it save and stop."""
    stop(find_job(name).folder)


@app.command(name="resume")
def resume_one(name: NameArgument) -> None:
    """Go on with a job from what it saved last."""
    _say(name, resume(find_job(name).folder).status)


@app.command(name="delete")
def delete_one(name: NameArgument) -> None:
    """Remove a job with its log and saved states. What it made stays."""
    delete(find_job(name).folder)


@app.command()
def log(name: NameArgument) -> None:
    """How a job stands, and what it printed."""
    job = find_job(name)
    _say(name, f"{job.state.status}. {job.state.message}".strip())
    typer.echo(read_log(job.folder), nl=False)


def _send(task: Task, model: str, data: str) -> None:
    name = free_job_name(f"{task.kind}-{Path(model).name}-{Path(data).stem}")
    _say(name, submit(create_job(task, name)).status)


def _lasting(model: str) -> str:
    """The path of a checkpoint's folder, wherever the job runs; a name stays."""
    return str(Path(model).absolute()) if len(Path(model).parts) > 1 else model


def _absolute(data: str) -> str:
    from explorer.data.sources import absolute_spec  # it brings readers of many formats, which takes a second

    return absolute_spec(data)


def _unseen(model: str, data: str) -> Split:
    from explorer.data.unseen import unseen_split
    from explorer.models.checkpoints import find_checkpoint, read_config

    return unseen_split(data, read_config(find_checkpoint(model)).dataset)


def _say(name: str, what: str) -> None:
    _output.print(Text.assemble((name, "bold"), f": {what}"), soft_wrap=True)
