"""The code length of photographs, read twice: as the sum of the map of surprise, and from the energy.

python -m benchmarks.bits [--model natural64] [--images camera,china,...]
"""

from __future__ import annotations

import numpy as np
import torch
import typer

from benchmarks.result import Cell, WriteOption, measured, report
from explorer.data.builtin import photograph_path
from explorer.images import read_image, to_square
from explorer.measures.image.bits import image_bits_steps
from explorer.measures.shared.steps import finish
from explorer.models.checkpoints import load_checkpoint

_IMAGES = "camera,china,coffee,galaxies,grass,moon"


def main(model: str = "natural64", images: str = _IMAGES, write: WriteOption = False) -> None:
    """Print a row for each photograph, its largest square at the size of the model."""
    checkpoint = load_checkpoint(model)
    rows: list[list[Cell]] = []
    for name in images.split(","):
        picture = read_image(photograph_path(name).read_bytes(), name)
        pixels = torch.from_numpy(np.array(to_square(picture, checkpoint.model.image_shape)))
        bits = finish(image_bits_steps(checkpoint.model, checkpoint.values, checkpoint.values.centers(pixels).numpy()))
        numbers = (bits.total, bits.energy, bits.energy - bits.total, bits.draw_error, bits.grid_error)
        rows.append([name, *(number / bits.dimensions for number in numbers)])
    columns = {"photograph": "", "sum of the map": ".2f", "energy": ".2f", "difference": "+.2f"}
    columns |= {"± noise": ".3f", "± scales": ".3f"}
    report("bits", measured(f"{model}: code length in bits/dimension", columns, rows), write)


if __name__ == "__main__":
    typer.run(main)
