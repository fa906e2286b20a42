"""``python -m explorer jobs``: send, list, stop, resume, delete and read jobs without a browser."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from explorer.data.names import BUILTIN
from explorer.home import typed_path
from explorer.jobs.fields import Setting, settings_of
from explorer.jobs.kinds import MODEL_KINDS, ModelTask
from explorer.jobs.manage import create_job, delete, find_job, go_first, list_jobs, read_log, resume, stop, submit
from explorer.jobs.progress import duration

__all__ = ["app"]

app = typer.Typer(help="Work in the background, on this machine or on a Slurm cluster.", no_args_is_help=True)

_output = Console(markup=False, emoji=False)  # names may look like either

_MODEL = Annotated[str, typer.Argument(help="Name of a checkpoint, or its folder.")]
_DATA = Annotated[str, typer.Option(help=f"{', '.join(BUILTIN)}, the path of a data set, or hf:OWNER/NAME.")]
NameArgument = Annotated[str, typer.Argument(help="Name of a job.")]


@app.command(name="list")
def list_all() -> None:
    """All jobs, the newest first."""
    table = Table("job", "what", "state", "done", "time left", "host", box=None, header_style="bold")
    for job in list_jobs():
        done = job.progress
        left = duration(done.seconds_left) if job.state.active and done.seconds_left is not None else ""
        table.add_row(job.name, job.task.title, job.state.status, f"{100 * done.fraction:.0f} %", left, job.state.host)
    _output.print(table)


def _command(kind: type[ModelTask]) -> Callable[..., None]:
    """The command that sends a job of a kind; its options are the settings of the kind."""
    settings = settings_of(kind)

    def send(model: str, data: str, **options: object) -> None:
        for setting in settings:
            if setting.suggested is not None and options[setting.name] is None:
                options[setting.name] = setting.suggested(model, data)
        folder = create_job(kind.model_validate({"checkpoint": _lasting(model), "dataset": _absolute(data)} | options))
        _say(folder.name, submit(folder).status)

    parameters = [_parameter("model", _MODEL), _parameter("data", _DATA, "photos")]
    parameters += [_parameter(setting.name, *_option(setting)) for setting in settings]
    send.__doc__ = f"{kind.action}."
    send.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what typer reads
    send.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return send


def _parameter(name: str, annotation: object, default: object = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _option(setting: Setting) -> tuple[object, object]:
    """Annotation and default of the option that is a setting."""
    kind = Literal[setting.choices] if setting.choices else setting.type
    flag = [f"--{setting.name}"] if setting.type is bool else []  # without its opposite
    option = typer.Option(*flag, help=setting.help, min=setting.least, max=setting.most)
    if setting.suggested is not None:
        return Annotated[kind | None, option], None
    return Annotated[kind, option], setting.default


for _name, _kind in MODEL_KINDS.items():
    app.command(name=_name)(_command(_kind))


@app.command(name="stop")
def stop_one(name: NameArgument) -> None:
    """Take a job out of the queue, or let it save and stop."""
    stop(find_job(name).folder)
    _say(name, find_job(name).state.status)


@app.command(name="resume")
def resume_one(name: NameArgument) -> None:
    """Go on with a job from what it saved last."""
    _say(name, resume(find_job(name).folder).status)


@app.command(name="first")
def first_one(name: NameArgument) -> None:
    """Let a job that waits on this machine begin at once, beside those that run."""
    go_first(find_job(name).folder)


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


def _lasting(model: str) -> str:
    """The path of a checkpoint's folder, wherever the job runs; a name stays."""
    path = typed_path(model)
    return str(path.absolute()) if len(path.parts) > 1 else model


def _absolute(data: str) -> str:
    from explorer.data.sources import absolute_spec  # it imports readers of many formats, which takes a second

    return absolute_spec(data)


def _say(name: str, what: str) -> None:
    _output.print(Text.assemble((name, "bold"), f": {what}"), soft_wrap=True)
