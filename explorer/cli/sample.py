"""Images that a model draws."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from explorer.cli.console import DeviceOption, ModelArgument, messages, open_checkpoint, progress_bar
from explorer.errors import ExplorerError
from explorer.home import typed_path, write_atomically

if TYPE_CHECKING:
    from explorer.measures.sampling.sample import Samples

__all__ = ["sample"]


def sample(
    model: ModelArgument,
    count: Annotated[int, typer.Option("--count", "-n", help="How many images.", min=1)] = 16,
    output: Annotated[Path, typer.Option("--output", "-o", help="The .npz file to write.")] = Path("samples.npz"),
    size: Annotated[
        int | None,
        typer.Option(help="Pixels a side, of a model of images of any size; its own when left out.", min=1, max=4096),
    ] = None,
    sampler: Annotated[
        Literal["ancestral", "flow", "corrector", "mala"],
        typer.Option(
            help="Partial denoising (1 gradient a step), probability flow (2), predictor-corrector (2), or Langevin "
            "moves with an exact accept test (2)."
        ),
    ] = "flow",
    steps: Annotated[
        int, typer.Option(help="From large to small noise; of a model of images of any size, at each scale.", min=1)
    ] = 60,
    late: Annotated[bool, typer.Option("--late", help="Start where the model is Gaussian; saves the steps above.")] = (
        False
    ),
    seed: Annotated[int, typer.Option(help="Of all that is drawn.", min=0)] = 0,
    trace: Annotated[bool, typer.Option("--trace", help="Keep the energies on the way.")] = False,
    device: DeviceOption = "auto",
) -> None:
    """Draw images from a model, into a NumPy file.

    The file has the arrays `images` (uint8, N x C x H x W), `log_prob` (nats, N) and `values`: the noisy images at the
    model's smallest noise, float32, whose log p is `log_prob`. `images` are `values` denoised once, in 8 bits. With
    --trace also `energies` (nats, levels x N) and `psnr` (noise levels in dB), and for mala `acceptance`.
    """
    import numpy as np

    from explorer.measures.sampling.sample import sample as draw

    output = typed_path(output)
    if output.suffix.lower() != ".npz":
        raise ExplorerError(f"{output} must end in .npz.")
    checkpoint = open_checkpoint(model, device)
    if trace and checkpoint.reads_any_size:
        raise ExplorerError("Photographs are drawn scale by scale, and have no energies on the way. Leave out --trace.")
    with progress_bar("Sampling") as progress:
        drawn = draw(
            checkpoint.model, count, size=size, sampler=sampler, steps=steps, seed=seed, late=late, progress=progress
        )
    arrays = {
        "images": checkpoint.values.to_pixels(drawn.images).numpy(),
        "log_prob": drawn.log_prob.double().numpy(),
        "values": drawn.y.numpy(),
    }
    if trace and drawn.trace is not None:
        arrays |= {"energies": drawn.trace.energies, "psnr": drawn.trace.psnr}
        if drawn.trace.acceptance is not None:
            arrays["acceptance"] = drawn.trace.acceptance
    with write_atomically(output) as path, open(path, "wb") as file:  # by name, NumPy would add a suffix
        np.savez_compressed(file, allow_pickle=False, **arrays)
    messages.print(f"{count} images drawn into {output}: {_way(drawn, steps, late)}.", highlight=False, soft_wrap=True)


def _way(drawn: Samples, steps: int, late: bool) -> str:
    """What was done, in words."""
    if drawn.trace is None:
        height, width = drawn.images.shape[2:]
        return f"{height} x {width} pixels, {steps} step{'' if steps == 1 else 's'} at each scale"
    plan, acceptance = drawn.trace.plan, drawn.trace.acceptance
    saved = f", {plan.saved} saved" if late else ""
    accepted = "" if acceptance is None else f", {100 * acceptance.mean():.0f} % of the moves accepted"
    return f"{plan.gradients} gradients each{saved}{accepted}"
