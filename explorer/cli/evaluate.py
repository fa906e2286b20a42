"""Metrics and checks of a checkpoint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.table import Table
from rich.text import Text

from explorer.cli.console import (
    DATA_HELP,
    DeviceOption,
    ModelArgument,
    messages,
    not_the_folder,
    opening,
    output,
    progress_bar,
    tell_remarks,
)
from explorer.errors import ExplorerError
from explorer.home import typed_path, write_atomically

if TYPE_CHECKING:  # torch takes seconds to import, and some commands do without
    from explorer.measures.consistency.report import Report
    from explorer.models.checkpoints import Checkpoint

__all__ = ["evaluate"]


def evaluate(
    model: ModelArgument,
    data: Annotated[
        str, typer.Option(help=f"{DATA_HELP} The checkpoint's own data when left out.", callback=not_the_folder)
    ] = "",
    split: Annotated[
        Literal["train", "validation", "all"] | None,
        typer.Option(help="Which part of the data; when left out, what is new to the model."),
    ] = None,
    other: Annotated[
        str,
        typer.Option(
            help="Photographs that the model was not trained on, for one of the checks; photos when left out."
        ),
    ] = "",
    limit: Annotated[int, typer.Option(help="Images at most.", min=2)] = 2000,
    quick: Annotated[bool, typer.Option("--quick", help="All checks on few images, in about a minute.")] = False,
    checks: Annotated[bool, typer.Option(help="Run the checks; without, likelihood and codecs alone.")] = True,
    device: DeviceOption = "auto",
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the results to this file as JSON.")] = None,
    write: Annotated[
        bool, typer.Option(help="Keep the checks with the checkpoint, and in its card the likelihood on its own data.")
    ] = True,
) -> None:
    """Metrics of a checkpoint on a data set, and every check that its probabilities must pass."""
    from explorer.data.names import dataset_name
    from explorer.data.other import open_other
    from explorer.data.sources import open_dataset
    from explorer.data.unseen import unseen_split
    from explorer.measures.consistency.checks import FULL, QUICK
    from explorer.measures.consistency.likelihood import Likelihood, LikelihoodCheck
    from explorer.measures.consistency.running import run_checks
    from explorer.measures.dataset.evaluation import evaluate as measure
    from explorer.models.checkpoints import load_checkpoint
    from explorer.training.own_images import open_own

    if quick and not checks:
        raise ExplorerError("--quick runs the checks alone, and --no-checks leaves them out. Choose one.")
    if other and not checks:
        raise ExplorerError("--other is for the checks, and --no-checks leaves them out. Choose one.")
    checkpoint = load_checkpoint(model, device)
    checkpoint.model.need_noise_levels("An evaluation")  # before its data are prepared
    with progress_bar("Opening the data") as progress:
        shape = checkpoint.model.image_shape
        source = _data_of(checkpoint, data)
        split = split or unseen_split(source, checkpoint.config.dataset)
        store = open_dataset(source, shape, split, **opening(progress))
    tell_remarks(store)
    others = trained_on = None
    if checks:
        with progress_bar("Opening other photographs") as progress:
            own = (checkpoint.config.dataset, source)
            others = open_other(shape, checkpoint.values, own, other, **opening(progress))
        with progress_bar("Opening training images") as progress:
            trained_on = open_own(checkpoint.config, source, shape, **opening(progress))
    result, known = None, {}
    if not quick:
        with progress_bar("Measuring noise levels") as progress:
            result = measure(checkpoint.model, checkpoint.values, store.pixels[:limit], progress=progress)
        known[LikelihoodCheck.name] = Likelihood.of(result.nll, result.levels, result.gaps, result.gap_errors)
        _print_evaluation(checkpoint.name, store.name, split, result.as_dict())
    report = None
    if checks:
        with progress_bar("Checking") as progress:
            report = run_checks(
                checkpoint.model,
                checkpoint.values,
                store.pixels[:limit],
                QUICK if quick else FULL,
                dataset=store.name,
                source=dataset_name(store.source),
                split=split,
                other=None if others is None else (others.name, others.pixels),
                own=trained_on,
                known=known,
                progress=lambda title, share: progress(round(100 * share), 100, title),
            )
        _print_verdicts(report)
    metrics = None if result is None else result.as_dict() | {"data": store.name, "split": split}
    if json_file is not None:
        with write_atomically(typed_path(json_file)) as path:
            content = {"metrics": metrics, "checks": report and report.model_dump(mode="json")}
            path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    if write:
        dataset, here = checkpoint.config.dataset, dataset_name(source)
        if metrics is not None and dataset and here != dataset:
            metrics = None
            messages.print(
                f"{checkpoint.name} was trained on {dataset}: its card keeps the likelihood on that, and not on "
                f"{here}. --json writes both the likelihood and the checks to a file.",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )
        if metrics or report:
            _write(checkpoint, metrics, report)


def _write(checkpoint: Checkpoint, metrics: dict[str, Any] | None, report: Report | None) -> None:
    """Keep what was measured in the folder of the checkpoint: metrics on its own data in place of those that it held, a
    report in place of one of its kind."""
    from explorer.measures.consistency.storage import find_report, save_report
    from explorer.models.checkpoints import save_description
    from explorer.training.card import checkpoint_card

    config = checkpoint.config if metrics is None else checkpoint.config.model_copy(update={"metrics": metrics})
    if report is not None:
        save_report(checkpoint, report, in_folder=True)
    card = checkpoint_card(checkpoint.name, config, find_report(checkpoint))
    save_description(checkpoint.path, config, card)
    messages.print(f"Written to {checkpoint.path}.", highlight=False)


def _data_of(checkpoint: Checkpoint, data: str) -> str:
    """The data set that was asked for, else the one that the checkpoint was trained on, where it is offered here."""
    from explorer.data.names import dataset_name
    from explorer.data.offered import list_datasets

    own = checkpoint.config.dataset
    if data:
        return data
    offered = [info.spec for info in list_datasets() if dataset_name(info.spec) == own]
    if len(offered) == 1:
        return offered[0]
    if offered:
        raise ExplorerError(
            f"{checkpoint.name} was trained on {own}, and there are {len(offered)} data sets of that name here "
            f"({', '.join(offered)}). Say with --data which one."
        )
    raise ExplorerError(
        f"{checkpoint.name} was trained on {own or 'data that it does not name'}, which is not offered here. "
        "Say where it is with --data, or take --data photos, the photographs that come with the project."
    )


def _print_verdicts(report: Report) -> None:
    on = report.conditions
    beside = "" if on.other is None else f"; other photographs: {on.other}"
    on_what = f" on {on.images}{beside}, at {on.smallest_noise}, {report.effort}\n"
    output.print(Text.assemble(("\nChecks", "bold"), on_what))
    colors = {"passes": "green", "does not pass": "red"}
    outcomes = report.verdicts()
    table = Table("check", "outcome", "measured", box=None, header_style="bold")
    for verdict in outcomes:
        table.add_row(verdict.title, Text(verdict.outcome, colors.get(verdict.outcome, "")), verdict.value)
    output.print(table)
    output.print()
    for verdict in outcomes:
        output.print(Text.assemble((f"{verdict.title}.", "bold"), f" {verdict.sentence}"))


def _print_evaluation(name: str, data: str, split: str, metrics: dict[str, Any]) -> None:
    bits = metrics["bits_per_dimension"]
    on_what = f" on {metrics['images']} images of {data} ({split}), bits/dimension\n"
    output.print(Text.assemble((name, "bold"), on_what))
    table = Table("estimate", "bits/dimension", box=None, header_style="bold")
    table.add_row("NLL from the denoising error (I-MMSE)", f"{bits['i_mmse']:.3f}")
    table.add_row("NLL from the energy", f"{bits['energy']:.3f}")
    table.add_row("gap", f"{bits['gap']:+.3f}")
    table.add_row("code length of the dequantized images", f"{bits['code_length']:.3f}")
    table.add_row("best Gaussian", f"{bits['gaussian']:.3f}")
    for codec, value in metrics["codecs"].items():
        amortized = metrics["codecs_mosaic"].get(codec)
        extra = f" ({amortized:.3f} amortized over a mosaic)" if amortized is not None else ""
        table.add_row(f"{codec}, lossless", f"{value:.3f}{extra}")
    output.print(table)
    columns = ("noise [dB PSNR]", "denoised [dB PSNR]", "time-score error", "mean t dU/dt / d", "mean energy [nats]")
    levels = Table(*columns, box=None, header_style="bold")
    for level in metrics["levels"][::4]:
        levels.add_row(
            f"{level['psnr']:.1f}",
            f"{level['denoised_psnr']:.2f}",
            f"{level['time_error']:.2f}",
            f"{level['mean_time_score']:+.4f}",
            f"{level['mean_energy']:,.1f}",
        )
    output.print("\nBy noise level (time-score error over its irreducible part)")
    output.print(levels)
