import numpy as np
import pytest

from explorer.measures.sampling import nearest
from explorer.measures.sampling.nearest import nearest_images


@pytest.mark.parametrize("batch_values", [1, 1000, 2**24])
def test_nearest_is_nearest(monkeypatch: pytest.MonkeyPatch, batch_values: int) -> None:
    monkeypatch.setattr(nearest, "_BATCH_VALUES", batch_values)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (5, 3, 4, 4), dtype=np.uint8)
    pixels = rng.integers(0, 256, (50, 3, 4, 4), dtype=np.uint8)
    reports: list[tuple[int, int | None]] = []
    found = nearest_images(images, pixels, lambda *report: reports.append(report))
    differences = images[:, None].astype(float) - pixels[None]
    distances = np.sqrt(np.square(differences).mean((2, 3, 4))) / 255
    np.testing.assert_array_equal(found.place, distances.argmin(1))
    np.testing.assert_allclose(found.distance, distances.min(1))
    assert reports[-1] == (50, 50)


def test_a_copy_is_at_distance_zero_exactly_and_the_first_of_two_is_named() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (30, 3, 64, 64), dtype=np.uint8)
    pixels[20] = pixels[7]
    found = nearest_images(pixels[[7]], pixels)
    assert (found.place[0], found.distance[0]) == (7, 0.0)


@pytest.mark.parametrize("shape", [(0, 1, 2, 2), (3, 1, 2, 3)])
def test_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="is needed"):
        nearest_images(np.zeros((1, 1, 2, 2), np.uint8), np.zeros(shape, np.uint8))
