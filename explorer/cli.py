"""The command line: the app's power without a browser.

Every command prints a sentence and exits with status 1 when something is wrong that the user can mend.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TextIO

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from explorer.errors import ExplorerError
from explorer.home import write_atomically
from explorer.jobs.commands import app as jobs_app

if TYPE_CHECKING:  # torch takes seconds to import, and some commands do without
    from explorer.measures.trust_report import TrustReport
    from explorer.models.checkpoints import Checkpoint

__all__ = ["app", "main"]

app = typer.Typer(
    name="explorer",
    help="What is the probability of an image? Score images, train and evaluate energy models, open the app.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(jobs_app, name="jobs")

_output = Console()
_messages = Console(stderr=True)

ModelOption = Annotated[str, typer.Option("--model", "-m", help="Name of a checkpoint, or its folder.")]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]


def main() -> None:
    """Run the command line; an `ExplorerError` becomes a sentence and exit status 1."""
    try:
        app()
    except ExplorerError as error:
        _messages.print(f"[bold red]Error:[/] {error}", highlight=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


@contextmanager
def _progress_bar(what: str) -> Iterator[Callable[[int, int | None], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_messages, transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@app.command(name="app")
def open_app(
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8501,
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
) -> None:
    """Start the app."""
    from explorer.webapp.server import serve

    serve(port, browser)


@app.command()
def checkpoints() -> None:
    """List the checkpoints: those that ship, and those trained here."""
    from explorer.models.checkpoints import list_checkpoints

    table = Table("name", "images", "trained on", "bits/dimension", "folder", box=None, header_style="bold")
    for info in list_checkpoints():
        if info.config is None or info.problem:
            table.add_row(info.name, f"[red]{info.problem}[/]", "", "", str(info.path.parent))
            continue
        channels, height, width = info.config.model.image_shape
        bits = "" if info.bits_per_dimension is None else f"{info.bits_per_dimension:.3f}"
        kind = "gray" if channels == 1 else "color"
        table.add_row(info.name, f"{height}x{width} {kind}", info.config.dataset, bits, str(info.path.parent))
    _output.print(table)


@app.command()
def score(
    images: Annotated[Path, typer.Argument(help="An image, or a folder of images.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A .csv or .parquet file; - prints CSV.")] = Path("-"),
    model: ModelOption = "natural32",
    device: DeviceOption = "auto",
) -> None:
    """log p and local dimensionality of images: a row each."""
    from explorer.measures.files import score_files
    from explorer.models.checkpoints import load_checkpoint

    if str(output) != "-" and output.suffix.lower() not in {".csv", ".parquet"}:
        raise ExplorerError(f"{output} must end in .csv or .parquet (or be - for CSV on the screen).")
    checkpoint = load_checkpoint(model, device)
    with _progress_bar("Scoring") as progress:
        rows, problems = score_files(checkpoint, images, progress)
    for problem in problems:
        _messages.print(f"[yellow]Skipped:[/] {problem}", highlight=False, soft_wrap=True)
    if not rows:
        raise ExplorerError(f"No image in {images} could be read.")
    if output.suffix.lower() == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        with write_atomically(output) as path:
            pq.write_table(pa.Table.from_pylist(rows), path)
    elif str(output) == "-":
        _write_csv(rows, sys.stdout)
    else:
        with write_atomically(output) as path, open(path, "w", newline="", encoding="utf-8") as file:
            _write_csv(rows, file)
    if str(output) != "-":
        _messages.print(f"{len(rows)} images scored into {output}.", highlight=False)


def _write_csv(rows: list[dict[str, Any]], file: TextIO) -> None:
    writer = csv.DictWriter(file, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)


@app.command(name="import")
def import_checkpoint(
    folder: Annotated[Path, typer.Argument(help="Folder with args.json and model.pth.tar.")],
    name: Annotated[str, typer.Option(help="Name of the new checkpoint.")],
    size: Annotated[int | None, typer.Option(help="Height and width of its images, where it does not say.")] = None,
) -> None:
    """Open an energy model that was released with the paper. Nothing in its files is run."""
    from explorer.models.importing import import_released

    target = import_released(folder, name, size)
    _messages.print(
        f"Imported to {target}. Check it with: python -m explorer evaluate {name} --data DATA", highlight=False
    )


@app.command()
def evaluate(
    model: Annotated[str, typer.Argument(help="Name of a checkpoint, or its folder.")],
    data: Annotated[str, typer.Option(help="digits, photos, or a path; the checkpoint's own data when left out.")] = "",
    split: Annotated[Literal["train", "validation"], typer.Option(help="Which part of the data.")] = "validation",
    limit: Annotated[int, typer.Option(help="Images at most.", min=2)] = 2000,
    quick: Annotated[bool, typer.Option("--quick", help="All checks on few images, in about a minute.")] = False,
    checks: Annotated[bool, typer.Option(help="Run the checks; without, likelihood and codecs alone.")] = True,
    device: DeviceOption = "auto",
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the results to this file as JSON.")] = None,
    write: Annotated[bool, typer.Option(help="Keep the results with the checkpoint, in its card.")] = True,
) -> None:
    """Metrics of a checkpoint on a data set, and every check that its probabilities must pass."""
    from explorer.data.sources import open_dataset
    from explorer.measures.evaluation import evaluate as measure
    from explorer.measures.reports import REPORT_FILE, find_report, write_report
    from explorer.measures.trust import FULL, QUICK, run_checks
    from explorer.models.checkpoints import load_checkpoint, save_description
    from explorer.training.card import checkpoint_card

    if quick and not checks:
        raise ExplorerError("--quick runs the checks alone, and --no-checks leaves them out. Choose one.")
    checkpoint = load_checkpoint(model, device)
    with _progress_bar("Opening the data") as progress:
        shape = checkpoint.model.image_shape
        store = open_dataset(_data_of(checkpoint, data), shape, split, progress=progress)
    result = None
    if not quick:
        with _progress_bar("Measuring noise levels") as progress:
            result = measure(checkpoint, store.pixels[:limit], progress=progress)
        _print_evaluation(checkpoint.name, store.name, split, result.as_dict())
    report = None
    if checks:
        with _progress_bar("Checking") as progress:
            report = run_checks(
                checkpoint,
                store.pixels[:limit],
                f"{store.name} ({split})",
                QUICK if quick else FULL,
                nll=None if result is None else result.nll_check,
                progress=lambda _what, share: progress(round(100 * share), 100),
            )
        _print_verdicts(report)
    metrics = None if result is None else result.as_dict() | {"data": store.name, "split": split}
    if json_file is not None:
        with write_atomically(json_file) as path:
            content = {"metrics": metrics, "checks": report and report.model_dump(mode="json")}
            path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    if write:
        config = checkpoint.config if metrics is None else checkpoint.config.model_copy(update={"metrics": metrics})
        if report is None:
            report = find_report(checkpoint)
        else:
            write_report(checkpoint.path / REPORT_FILE, report)
        save_description(checkpoint.path, config, checkpoint_card(checkpoint.name, config, report))
        _messages.print(f"Written to {checkpoint.path}.", highlight=False)


def _data_of(checkpoint: Checkpoint, data: str) -> str:
    """The data set that was asked for, else the one that the checkpoint was trained on, where it is offered here."""
    from explorer.data.sources import list_datasets

    own = checkpoint.config.dataset
    offered = {Path(info.spec).name: info.spec for info in list_datasets()}
    if data or own in offered:
        return data or offered[own]
    raise ExplorerError(
        f"{checkpoint.name} was trained on {own or 'data that it does not name'}, which is not offered here. "
        "Say where it is with --data PATH, or take --data photos, the photographs that come with the project."
    )


def _print_verdicts(report: TrustReport) -> None:
    from explorer.measures.verdicts import verdicts

    _output.print(f"\n[bold]Checks[/] on {report.dataset}, at {report.psnr:.0f} dB, {report.effort}\n")
    looks = {True: "[green]passes[/]", False: "[red]does not pass[/]", None: "open"}
    outcomes = verdicts(report)
    table = Table("check", "outcome", "measured", box=None, header_style="bold")
    for verdict in outcomes:
        table.add_row(verdict.name, looks[verdict.passed], verdict.value)
    _output.print(table)
    _output.print()
    for verdict in outcomes:
        _output.print(f"[bold]{verdict.name}.[/] {verdict.sentence}", highlight=False)


def _print_evaluation(name: str, data: str, split: str, metrics: dict[str, Any]) -> None:
    bits = metrics["bits_per_dimension"]
    _output.print(f"[bold]{name}[/] on {metrics['images']} images of {data} ({split}), bits/dimension\n")
    table = Table("reading", "bits/dimension", box=None, header_style="bold")
    table.add_row("NLL from the denoising error (I-MMSE)", f"{bits['i_mmse']:.3f}")
    table.add_row("NLL from the energy", f"{bits['energy']:.3f}")
    table.add_row("gap", f"{bits['gap']:+.3f}")
    table.add_row("code length of the dequantized images", f"{bits['code_length']:.3f}")
    table.add_row("best Gaussian", f"{bits['gaussian']:.3f}")
    for codec, value in metrics["codecs"].items():
        amortized = metrics["codecs_mosaic"].get(codec)
        extra = f" ({amortized:.3f} amortized over a mosaic)" if amortized is not None else ""
        table.add_row(f"{codec}, lossless", f"{value:.3f}{extra}")
    _output.print(table)
    columns = ("noise, dB", "denoised, dB", "time-score error", "mean t dU/dt / d", "mean energy, nats")
    levels = Table(*columns, box=None, header_style="bold")
    for level in metrics["levels"][::4]:
        levels.add_row(
            f"{level['psnr']:.1f}",
            f"{level['denoised_psnr']:.2f}",
            f"{level['time_error']:.2f}",
            f"{level['mean_time_score']:+.4f}",
            f"{level['mean_energy']:,.1f}",
        )
    _output.print("\nBy noise level (time-score error over its irreducible part)")
    _output.print(levels)


@app.command()
def catalog(
    model: Annotated[str, typer.Argument(help="Name of a checkpoint, or its folder.")],
    data: Annotated[str, typer.Option(help="digits, photos, or the path of a data set.")] = "photos",
    output: Annotated[Path | None, typer.Option(help="Folder to write to; the data folder when left out.")] = None,
    device: DeviceOption = "auto",
) -> None:
    """Score a whole data set, for Atlas. A build that was stopped goes on where it was."""
    from explorer.catalog.build import build_catalog
    from explorer.data.sources import open_dataset
    from explorer.models.checkpoints import load_checkpoint

    checkpoint = load_checkpoint(model, device)
    with _progress_bar("Opening the data") as progress:
        store = open_dataset(data, checkpoint.model.image_shape, progress=progress)
    with _progress_bar("Scoring") as progress:
        built = build_catalog(checkpoint, store, output, progress)
    _messages.print(f"{len(store)} images scored into {built.folder}.", highlight=False)


@app.command()
def compare(
    first: Annotated[str, typer.Argument(help="Name of a checkpoint A, or its folder.")],
    second: Annotated[str, typer.Argument(help="Name of a checkpoint B, or its folder.")],
    data: Annotated[str, typer.Option(help="digits, photos, or the path of a data set.")] = "photos",
    count: Annotated[int, typer.Option(help="How many of the most disputed images to name.", min=1)] = 10,
    device: DeviceOption = "auto",
) -> None:
    """How much two models agree on log p, and on which images they do not. What is not scored yet is scored first."""
    from explorer.catalog.compare import compare_checkpoints
    from explorer.data.sources import open_dataset
    from explorer.models.checkpoints import load_checkpoint

    models = load_checkpoint(first, device), load_checkpoint(second, device)
    with _progress_bar("Opening the data") as progress:
        store = open_dataset(data, models[0].model.image_shape, progress=progress)
    with _progress_bar("Scoring") as progress:
        found = compare_checkpoints(*models, store, progress)
    table = Table(box=None, show_header=False)
    for name, value in found.report(count).items():
        table.add_row(f"[bold]{name}[/]", value)
    _output.print(table)


@app.command()
def train(
    recipe: Annotated[
        str,
        typer.Option(
            help="Train as a checkpoint that ships was; of the other options, --data, --name, --device count."
        ),
    ] = "",
    name: Annotated[str, typer.Option(help="Name of the run, and of the checkpoint it becomes.")] = "",
    data: Annotated[str, typer.Option(help="digits, photos, or the path of a data set; digits when left out.")] = "",
    size: Annotated[int, typer.Option(help="Height and width in pixels.")] = 8,
    color: Annotated[bool, typer.Option("--color", help="Three channels.")] = False,
    model_size: Annotated[str, typer.Option(help="tiny, small, medium or large.")] = "small",
    steps: Annotated[int, typer.Option(help="Length of the run.", min=1)] = 4000,
    batch_size: Annotated[int, typer.Option(help="Images a step.", min=1)] = 64,
    learning_rate: Annotated[float, typer.Option(help="Of Adam, after warm-up.")] = 3e-3,
    validate_every: Annotated[int, typer.Option(help="Steps between validations.", min=1)] = 500,
    seed: Annotated[int, typer.Option(help="Decides initialization, order and noise.")] = 0,
    anchor: Annotated[bool, typer.Option(help="Add the energy of the best Gaussian.")] = True,
    amplitude: Annotated[bool, typer.Option(help="Tell the network the amplitude of its input.")] = True,
    compile_step: Annotated[bool, typer.Option("--compile", help="Compile the step (needs a C++ compiler).")] = False,
    bfloat16: Annotated[bool, typer.Option("--bfloat16", help="Convolve in bfloat16 (needs hardware for it).")] = False,
    device: DeviceOption = "auto",
    run: Annotated[Path | None, typer.Option(help="Resume the run in this folder; other options are ignored.")] = None,
    background: Annotated[bool, typer.Option("--background", help="As a job, here or on a Slurm cluster.")] = False,
    processes: Annotated[int, typer.Option(help="Of a job: how many share each step.", min=1)] = 1,
) -> None:
    """Train a model in the foreground. Ctrl-C saves the state; `--run FOLDER` goes on from there."""
    from explorer.jobs.manage import submit
    from explorer.jobs.tasks import TrainTask
    from explorer.jobs.worker import run_job
    from explorer.training.config import training_config
    from explorer.training.loop import train as train_run
    from explorer.training.recipe import recipe_config
    from explorer.training.run import Run, create_run

    if recipe and run is None:
        run = create_run(recipe_config(recipe, data, name, device))
    elif run is None:
        config = training_config(
            name or f"{Path(data).name or 'digits'}-{size}",
            data or "digits",
            size=size,
            channels=3 if color else 1,
            model_size=model_size,
            steps=steps,
            batch_size=batch_size,
            learning_rate=learning_rate,
            validate_every=validate_every,
            seed=seed,
            anchor=anchor,
            amplitude=amplitude,
            compile=compile_step,
            bfloat16=bfloat16,
            device=device,
        )
        run = create_run(config)
    opened = Run.open(run)
    _messages.print(f"Run folder: {run}", highlight=False)
    if background:
        sent = submit(run, task=TrainTask(processes=processes))
        _messages.print(
            f"Sent, and {sent.status}. See it with: python -m explorer jobs log {run.name}", highlight=False
        )
        return
    with _progress_bar("Training") as progress:

        def step(done: int, validation: dict[str, Any] | None) -> None:
            progress(done, opened.config.steps)
            if validation:
                bits = validation["bits_per_dimension"]
                _messages.print(
                    f"step {done:,}: {bits['i_mmse']:.3f} bits/dimension by I-MMSE, gap {bits['gap']:+.3f}",
                    highlight=False,
                )

        # Under the lock, so that the app shows this run as well, and Ctrl-C saves.
        record = run_job(run, lambda folder, should_stop: train_run(folder, should_stop, step))
    if record.status == "failed":
        raise ExplorerError(record.message)
    if record.status == "finished":
        _messages.print(f"Finished: {opened.checkpoint}", highlight=False)
    else:
        _messages.print(f"Stopped and saved. Go on with: python -m explorer train --run {run}", highlight=False)
