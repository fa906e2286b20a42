"""The basis in which a model's denoiser shrinks a noisy image."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from explorer.cli.console import (
    BlackOption,
    DeviceOption,
    ModelArgument,
    WhiteOption,
    chosen_scale,
    messages,
    open_checkpoint,
    progress_bar,
)
from explorer.errors import ExplorerError
from explorer.home import typed_path, write_atomically

__all__ = ["bases"]


def bases(
    model: ModelArgument,
    image: Annotated[Path, typer.Argument(help="An image file; its largest middle square at the model's size.")],
    psnr: Annotated[float, typer.Option(help="Noise that is added, in dB PSNR.")] = 20.0,
    count: Annotated[
        int | None,
        typer.Option("--count", "-k", help="How many eigenvectors; all of small images when left out, else 64.", min=1),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The .npz file to write.")] = Path("bases.npz"),
    seed: Annotated[int, typer.Option(help="Of the noise.", min=0)] = 0,
    white: WhiteOption = None,
    black: BlackOption = 0.0,
    device: DeviceOption = "auto",
) -> None:
    """Eigenvectors of the denoiser's Jacobian at a noisy image, into a NumPy file.

    The file has the arrays `eigenvalues` (shrinkage factors, decreasing, K), `eigenvectors` (K x C x H x W, of norm 1),
    `residuals` (how far each eigenvalue may be off, K), `noisy` and `denoised` (C x H x W, in the model's values),
    `trace` (the sum of all eigenvalues, which is the local dimensionality) and `trace_error` (its standard error).
    """
    import numpy as np
    import torch

    from explorer.images import read_image, to_square
    from explorer.measures.geometry.bases import denoiser_basis
    from explorer.measures.shared.noise import noisy_image
    from explorer.units import format_number, noise_variance_from_psnr, psnr_from_noise_variance

    image, output = typed_path(image), typed_path(output)
    if output.suffix.lower() != ".npz":
        raise ExplorerError(f"{output} must end in .npz.")
    picture = read_image(image.read_bytes(), image.name, chosen_scale(white, black))
    checkpoint = open_checkpoint(model, device)
    energy, values = checkpoint.model, checkpoint.values
    energy.need_noise_levels("bases")
    low, high = (float(psnr_from_noise_variance(t)) for t in (energy.t_max, energy.t_low))
    if not low <= psnr <= high:
        levels = " to ".join(format_number(level, ".0f") for level in (low, high))
        raise ExplorerError(f"{checkpoint.name} knows noise of {levels} dB, not of {psnr:g} dB. Choose a --psnr there.")
    t = noise_variance_from_psnr(psnr)
    x = values.centers(torch.from_numpy(to_square(picture, energy.image_shape)))
    with progress_bar("Finding the eigenvectors") as progress:
        basis = denoiser_basis(energy, noisy_image(values, x.numpy(), t, seed), t, count, progress=progress)
    with write_atomically(output) as path, open(path, "wb") as file:  # by name, NumPy would add a suffix
        np.savez_compressed(
            file,
            allow_pickle=False,
            eigenvalues=basis.eigenvalues,
            eigenvectors=basis.eigenvectors,
            residuals=basis.residuals,
            noisy=basis.noisy,
            denoised=basis.denoised,
            trace=basis.trace,
            trace_error=basis.trace_error,
        )
    about = f" ± {basis.trace_error:.1f}" if basis.trace_error else ""
    found = len(basis.eigenvalues)
    messages.print(
        f"{found:,} eigenvector{'s' if found > 1 else ''} into {output}, eigenvalues "
        f"{format_number(basis.eigenvalues[0], '.3f')} to {format_number(basis.eigenvalues[-1], '.3f')}, each within "
        f"{basis.residuals.max():.1g}. The sum of all is {basis.trace:.1f}{about} of {basis.dimensions:,} dimensions; "
        f"{basis.products:,} products with the Jacobian.",
        highlight=False,
        soft_wrap=True,
    )
