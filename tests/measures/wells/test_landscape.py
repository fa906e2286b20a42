"""Energies on lines and planes, against parabolas."""

import numpy as np
import pytest
import torch

from explorer.errors import ExplorerError
from explorer.measures.wells.landscape import Section, energies_on, minima, reduced
from explorer.models.memory import Memory

SHAPE = (1, 4, 4)


def images(count: int) -> torch.Tensor:
    return torch.rand(count, *SHAPE, generator=torch.Generator().manual_seed(0))


def test_the_images_are_at_their_places() -> None:
    for count in (2, 3):
        x = images(count)
        section = Section.through(x)
        torch.testing.assert_close(section.points(section.places), x)
        np.testing.assert_allclose(section.coordinates(x), section.places, atol=1e-5)
        np.testing.assert_allclose(section.places[:2, 0], [-1, 1], atol=1e-6)
        gram = section.axes.flatten(1) @ section.axes.flatten(1).T
        torch.testing.assert_close(gram, torch.eye(count - 1), atol=1e-5, rtol=0)


def test_one_stored_image_is_a_parabola_at_every_noise_level() -> None:
    x = images(2)
    section, model = Section.through(x), Memory(x[:1], t0=1e-6)
    z = np.linspace(-2, 2, 41)[:, None]
    for t in (1e-3, 1.0, 50.0):
        v = reduced(energies_on(model, section, z, t), t, section.unit)
        np.testing.assert_allclose(v, 0.5 * (z[:, 0] + 1) ** 2, atol=1e-2 * max(1, t))


def test_one_well_becomes_two_at_the_square_of_half_the_distance() -> None:
    x = images(2)
    section, model = Section.through(x), Memory(x, t0=1e-6)
    z = np.linspace(-1.5, 1.5, 301)
    critical = section.unit**2
    above, below, far_below = (
        minima(z, energies_on(model, section, z[:, None], share * critical)) for share in (1.1, 0.8, 0.01)
    )
    assert above == pytest.approx([0], abs=1e-2)
    root = 0.7104  # m = tanh(m / 0.8)
    assert below == pytest.approx([-root, root], abs=1e-2)
    assert far_below == pytest.approx([-1, 1], abs=1e-3)


def test_shallow_wells_count_where_they_are_deeper_than_asked() -> None:
    z = np.linspace(-2, 2, 201)
    energies = (z**2 - 1) ** 2 + 0.05 * np.cos(40 * z)
    assert len(minima(z, energies)) > 2
    assert minima(z, energies, depth=0.2) == pytest.approx([-1, 1], abs=0.1)
    assert len(minima(z, energies, depth=2.0)) == 1
    assert minima(z, z) == pytest.approx([-2])


def test_images_that_span_no_plane_are_refused() -> None:
    x = images(2)
    with pytest.raises(ExplorerError, match="the same"):
        Section.through(x[[0, 0]])
    with pytest.raises(ExplorerError, match="one line"):
        Section.through(torch.cat((x, x.mean(0, keepdim=True))))
