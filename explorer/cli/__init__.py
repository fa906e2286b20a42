"""The command line: what the app does, without a browser.

Every command prints a sentence and exits with status 1 when something is wrong that the user can fix.
"""

from __future__ import annotations

import sys

import typer
from rich.text import Text

from explorer.cli.bases import bases
from explorer.cli.checkpoints import checkpoints, delete_checkpoint, import_checkpoint, rename_checkpoint
from explorer.cli.console import messages
from explorer.cli.datasets import catalog, compare, store
from explorer.cli.evaluate import evaluate
from explorer.cli.multiscale import train_multiscale
from explorer.cli.sample import sample
from explorer.cli.score import score
from explorer.cli.serve import open_app
from explorer.cli.train import train
from explorer.errors import ExplorerError
from explorer.jobs.commands import app as jobs_app

__all__ = ["app", "main"]

app = typer.Typer(
    name="explorer",
    help="What is the probability of an image? Score images, train and evaluate energy models, open the app.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command(name="app")(open_app)
app.command(name="import")(import_checkpoint)
app.command(name="delete-checkpoint")(delete_checkpoint)
app.command(name="rename-checkpoint")(rename_checkpoint)
for command in (checkpoints, score, sample, bases, evaluate, store, catalog, compare, train, train_multiscale):
    app.command()(command)
app.add_typer(jobs_app, name="jobs")


def main() -> None:
    """Run the command line; an `ExplorerError`, or what the system does not let it do, becomes a sentence and exit
    status 1."""
    try:
        app()
    except (ExplorerError, OSError) as error:
        messages.print(Text.assemble(("Error: ", "bold red"), _in_words(error)), soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _in_words(error: ExplorerError | OSError) -> str:
    if isinstance(error, ExplorerError) or error.filename is None:
        return str(error)
    return f"{error.filename} cannot be used ({error.strerror}). Check the path, the permissions and the free space."
