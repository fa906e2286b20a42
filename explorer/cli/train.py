"""Train a model, here or as a job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from explorer.cli.console import (
    DATA_HELP,
    DeviceOption,
    messages,
    not_the_folder,
    opening,
    progress_bar,
    tell_remarks,
)
from explorer.errors import ExplorerError
from explorer.home import typed_path

if TYPE_CHECKING:  # torch takes seconds to import
    from explorer.training.config import ModelSize, TrainingConfig

__all__ = ["train"]


def train(
    recipe: Annotated[
        str,
        typer.Option(
            help="Train like a checkpoint that ships with the project; only --data, --name and --device may be added."
        ),
    ] = "",
    name: Annotated[str, typer.Option(help="Name of the run, and of the checkpoint it becomes.")] = "",
    data: Annotated[str, typer.Option(help=f"{DATA_HELP} digits when left out.", callback=not_the_folder)] = "",
    size: Annotated[int, typer.Option(help="Height and width in pixels.")] = 8,
    color: Annotated[bool, typer.Option("--color", help="Three channels.")] = False,
    model_size: Annotated[str, typer.Option(help="tiny, small, medium or large.")] = "small",
    steps: Annotated[int, typer.Option(help="Length of the run.", min=1)] = 4000,
    batch_size: Annotated[int, typer.Option(help="Images per step.", min=1)] = 64,
    learning_rate: Annotated[float, typer.Option(help="Of Adam, after warm-up.")] = 3e-3,
    muon: Annotated[
        float, typer.Option(help="Learning rate of Muon for the inner convolutions; with 0, Adam moves these too.")
    ] = 0.0,
    validate_every: Annotated[int, typer.Option(help="Steps between validations.", min=1)] = 500,
    views: Annotated[int, typer.Option(help="Views of each training picture; if more than one, random crops.")] = 1,
    min_shrink: Annotated[
        float, typer.Option(help="Shrink pictures at least this many times, where they are large enough.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Decides initialization, order and noise.")] = 0,
    anchor: Annotated[bool, typer.Option(help="Add the energy of the best Gaussian.")] = True,
    amplitude: Annotated[bool, typer.Option(help="Tell the network the amplitude of its input.")] = True,
    compile_step: Annotated[bool, typer.Option("--compile", help="Compile the step (needs a C++ compiler).")] = False,
    bfloat16: Annotated[bool, typer.Option("--bfloat16", help="Convolve in bfloat16 (needs hardware for it).")] = False,
    device: DeviceOption = "auto",
    run: Annotated[Path | None, typer.Option(help="Resume the run in this folder; other options are ignored.")] = None,
    background: Annotated[bool, typer.Option("--background", help="As a job, here or on a Slurm cluster.")] = False,
    processes: Annotated[int, typer.Option(help="Of a job: how many processes share each step.", min=1)] = 1,
) -> None:
    """Train a model in the foreground. Ctrl-C saves the state; `--run FOLDER` goes on from there."""
    import torch

    from explorer.data.names import dataset_stem
    from explorer.data.sources import absolute_spec
    from explorer.jobs.kinds import TrainTask
    from explorer.jobs.manage import submit
    from explorer.jobs.worker import run_job
    from explorer.models.devices import pick_device
    from explorer.training.compiling import missing_compiler
    from explorer.training.config import training_config
    from explorer.training.loop import train as train_run
    from explorer.training.recipe import recipe_config
    from explorer.training.run import Run, create_run

    run = run and typed_path(run)
    data = absolute_spec(data) if data else ""  # the run may go on from another folder
    if recipe and run is None:
        config = recipe_config(recipe, data, name, device)
        run = create_run(config.model_copy(update={"dataset": absolute_spec(config.dataset)}))
    elif run is None:
        config = training_config(
            name or f"{dataset_stem(data) or 'digits'}-{size}",
            data or "digits",
            size=size,
            channels=3 if color else 1,
            model_size=cast("ModelSize", model_size),
            steps=steps,
            batch_size=batch_size,
            learning_rate=learning_rate,
            muon=muon,
            validate_every=validate_every,
            views=views,
            min_shrink=min_shrink,
            seed=seed,
            anchor=anchor,
            amplitude=amplitude,
            compile=compile_step,
            bfloat16=bfloat16,
            device=device,
        )
        run = create_run(config)
    opened = Run.open(run)
    messages.print(f"Run folder: {run}", highlight=False)
    if background:
        sent = submit(run, task=TrainTask(processes=processes))
        messages.print(f"Sent, and {sent.status}. Follow it: python -m explorer jobs log {run.name}", highlight=False)
        return
    if opened.config.compile and (sentence := missing_compiler(pick_device(opened.config.device))):
        messages.print(sentence, highlight=False, soft_wrap=True)
    torch.set_flush_denormal(True)  # denormal numbers make arithmetic on the CPU many times slower
    with progress_bar("Preparing the images") as progress:
        reports = opening(progress)

        told: list[bool] = []

        def step(done: int, validation: dict[str, Any] | None) -> None:
            if not told:
                told.append(True)
                _tell_images(opened.config)
            progress(done, opened.config.steps, "Training")
            if validation:
                bits = validation["bits_per_dimension"]
                messages.print(
                    f"step {done:,}: {bits['i_mmse']:.3f} bits/dimension by I-MMSE, gap {bits['gap']:+.3f}",
                    highlight=False,
                )

        # As a job, so that the app shows this run, and Ctrl-C saves.
        record = run_job(run, lambda folder, should_stop: train_run(folder, should_stop, step, **reports))
    if record.status == "failed":
        raise ExplorerError(record.message)
    if record.status == "finished":
        messages.print(f"Finished: {opened.checkpoint}", highlight=False)
    else:
        saved = "Stopped and saved." if opened.training_state.exists() else "Stopped before the first step."
        said = record.message or saved
        messages.print(f"{said} Go on with: python -m explorer train --run {run}", highlight=False, soft_wrap=True)


def _tell_images(config: TrainingConfig) -> None:
    """Say what is learned from, now that it is prepared."""
    from explorer.data.sources import open_dataset
    from explorer.data.views import Views

    views = Views(config.views, config.min_shrink)
    tell_remarks(open_dataset(config.dataset, config.model.image_shape, "train", views=views))
