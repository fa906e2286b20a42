"""A multi-scale density of photographs: what it needs for them, whether it is one, and what it cannot see.

    python -m benchmarks.large bits CHECKPOINT --data PATH      # bits/pixel at 64, 128, ... against codecs, by scale
    python -m benchmarks.large direct CHECKPOINT --data PATH    # against a model of whole 64 x 64 images
    python -m benchmarks.large shifts CHECKPOINT --data PATH    # of the same photographs on shifted grids
    python -m benchmarks.large concave CHECKPOINT --data PATH   # log-concave given the coarse image, and as a whole?
    python -m benchmarks.large time CHECKPOINT                  # seconds and memory of one log p as the image grows
    python -m benchmarks.large truth                            # trained on 1/f^2 Gaussian images, against the truth

CHECKPOINT is a multi-scale checkpoint, PATH a data set. Photographs are the largest middle squares, shrunk to the size;
those that are smaller than it are left out, and counted. A JPEG file at its own size carries a grid: `--min-shrink 2`
leaves out what is not twice as large, and `--label NAME` takes one label alone, of lossless files for instance.
"""

from __future__ import annotations

import typer

from benchmarks.large.bits import bits
from benchmarks.large.concave import concave
from benchmarks.large.direct import direct
from benchmarks.large.shifts import shifts
from benchmarks.large.speed import seconds
from benchmarks.large.truth import truth

app = typer.Typer(add_completion=False, help=__doc__)
for _command in (bits, direct, shifts, concave, truth):
    app.command()(_command)
app.command("time")(seconds)

if __name__ == "__main__":
    app()
