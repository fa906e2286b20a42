"""Details left out, or noise added?"""

from __future__ import annotations

import numpy as np

from explorer.measures.image.probe import Probed
from explorer.perturbations import Perturbation
from explorer.webapp.tour import asking
from explorer.webapp.tour.pictures import picture_row
from explorer.webapp.tour.scene import Scene
from explorer.webapp.tour.stop import Answer, Stop

__all__ = ["SparseOrNoisy"]

_SPARSE = Perturbation(sparsity=0.1)
_NOISY = Perturbation(noise=0.02)
_SIMPLER = 0


class SparseOrNoisy(Stop):
    """Two ways to change an image."""

    title = "Details and noise"
    terms = ("log p", "Noise variance")
    shares = (1,)

    def question(self, _scene: Scene) -> str:
        return (
            "One copy of an image is rebuilt from the strongest tenth of its building blocks (wavelets), another gets "
            "noise of five gray levels. Which of the two is more probable?"
        )

    def options(self, _scene: Scene) -> tuple[str, ...]:
        return "The one with fewer details", "The one with noise"

    def show(self, scene: Scene) -> None:
        sparse, noisy = self._copies(scene)
        titles = ("Original", "The strongest tenth", "Noise of five gray levels")
        shown = (sparse.pixels, sparse.perturbed_pixels, noisy.perturbed_pixels)
        picture_row(list(zip(shown, titles, strict=True)))

    def answer(self, scene: Scene) -> Answer:
        sparse, noisy = self._copies(scene)
        changes = [each.log_prob - each.original_log_prob for each in (sparse, noisy)]
        choice = int(changes[1] > changes[0])
        sentence = (
            f"With fewer details log p changes by {scene.change(changes[0])}; with noise by {scene.change(changes[1])}."
        )
        index = self._image(scene)
        links = (
            scene.in_probe("Fewer details in Probe", index, sparsity=_SPARSE.sparsity),
            scene.in_probe("Noise in Probe", index, noise=_NOISY.noise),
        )
        return Answer(choice, sentence, self._why(sparse, noisy, choice, changes[0] > 0), links, paper=_SIMPLER)

    @staticmethod
    def _why(sparse: Probed, noisy: Probed, choice: int, is_gain: bool) -> str:
        left_out, added = (_distance(each) for each in (sparse, noisy))
        sizes = (
            f"The copy with fewer details differs from the original by {left_out:.1f} gray levels (root mean square), "
            f"the one with noise by {added:.1f}."
        )
        if choice == _SIMPLER:
            rest = (
                "a simpler image, and simple images are probable"
                if is_gain
                else "a simpler image, which costs less than noise here"
            )
            return (
                "Noise is what images do not have: almost all ways to change every pixel a little at random lead away "
                f"from images. To leave out the small details leads to {rest}. {sizes}"
            )
        if left_out > added:
            return (
                f"{sizes} Such an image has no small details to spare: what was left out belongs to its shape, and the "
                "copy is less like the images that the model has learned than one with a little noise."
            )
        return f"{sizes} To this model a little noise is nothing unusual."

    def _copies(self, scene: Scene) -> tuple[Probed, Probed]:
        model, pixels = scene.selection.checkpoint, scene.pixels(self._image(scene))
        return asking.perturbed(model, pixels, _SPARSE), asking.perturbed(model, pixels, _NOISY)

    @staticmethod
    def _image(scene: Scene) -> int:
        return scene.image_at(0.5)


def _distance(probed: Probed) -> float:
    """Root mean square difference of an image before and after, as it is shown, in gray levels."""
    change = probed.perturbed_pixels.astype(float) - probed.pixels
    return float(np.sqrt(np.square(change).mean()))
