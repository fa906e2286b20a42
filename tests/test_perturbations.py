"""Perturbations: each does what it says, in the documented order, and a sweep equals one at a time."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError
from scipy.ndimage import gaussian_filter

from explorer.images import Values
from explorer.perturbations import RANGES, Perturbation, perturb, sweep
from explorer.wavelets import detail_mask, wavelet_transform

SHAPES = [(1, 8, 8), (1, 32, 32), (3, 64, 64), (1, 9, 9)]


def images(count: int, shape: tuple[int, int, int], seed: int = 0) -> torch.Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", SHAPES)
def test_defaults_change_nothing(shape: tuple[int, int, int]) -> None:
    x = images(2, shape)
    assert torch.equal(perturb(x, Perturbation()), x)


@pytest.mark.parametrize("shape", SHAPES)
def test_contrast_keeps_the_mean_and_scales_deviations(shape: tuple[int, int, int]) -> None:
    x = images(2, shape)
    y = perturb(x, Perturbation(contrast=0.25))
    torch.testing.assert_close(y.mean((-2, -1)), x.mean((-2, -1)))
    torch.testing.assert_close(y.std((-2, -1)), 0.25 * x.std((-2, -1)))
    flat = perturb(x, Perturbation(contrast=0))
    torch.testing.assert_close(flat, x.mean((-2, -1), keepdim=True).expand_as(x))


def test_brightness_adds() -> None:
    x = images(2, (3, 8, 8))
    torch.testing.assert_close(perturb(x, Perturbation(brightness=-0.3)), x - 0.3)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("sigma", [0.3, 1.0, 4.0])
def test_blur_is_scipys(shape: tuple[int, int, int], sigma: float) -> None:
    """scipy calls the mirror with repeated ends "reflect", and rounds the reach of the kernel."""
    x = images(2, shape)
    expected = gaussian_filter(x.double().numpy(), (0, 0, sigma, sigma), mode="reflect", truncate=4.0)
    blurred = perturb(x, Perturbation(blur=sigma))
    np.testing.assert_allclose(blurred, expected, atol=5e-4)
    torch.testing.assert_close(blurred.mean((-2, -1)), x.mean((-2, -1)))


def test_noise_is_drawn_from_the_seed_and_common_to_all_images() -> None:
    x = images(3, (1, 32, 32))
    noise = perturb(x, Perturbation(noise=0.2)) - x
    torch.testing.assert_close(noise[0], noise[1])
    assert noise[0].std().item() == pytest.approx(0.2, rel=0.05)
    assert torch.equal(perturb(x, Perturbation(noise=0.2)), perturb(x, Perturbation(noise=0.2, seed=0)))
    assert not torch.equal(perturb(x, Perturbation(noise=0.2)), perturb(x, Perturbation(noise=0.2, seed=1)))


def test_global_random_state_is_left_alone() -> None:
    before = torch.get_rng_state()
    perturb(images(1, (1, 8, 8)), Perturbation(noise=0.1, seed=3))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 32, 32), (3, 32, 32)])
@pytest.mark.parametrize("fraction", [0.01, 0.1, 0.5])
def test_sparsity_keeps_the_largest_details_and_the_approximation(shape: tuple[int, int, int], fraction: float) -> None:
    x = images(2, shape).double()
    mask = detail_mask(*shape[1:]).expand(shape)
    before, after = wavelet_transform(x), wavelet_transform(perturb(x, Perturbation(sparsity=fraction)))
    torch.testing.assert_close(after[:, ~mask], before[:, ~mask])
    for old, new in zip(before[:, mask], after[:, mask], strict=True):
        kept = new.abs() > 1e-9
        assert int(kept.sum()) == max(1, round(fraction * len(old)))
        torch.testing.assert_close(new[kept], old[kept])
        assert old[~kept].abs().max() <= old[kept].abs().min()


def test_sparsity_one_is_the_identity_within_a_sweep() -> None:
    x = images(1, (1, 32, 32))
    torch.testing.assert_close(sweep(x, Perturbation(), "sparsity", [0.5, 1.0])[1:], x, rtol=0, atol=2e-6)


def test_sparsity_of_a_constant_image() -> None:
    x = torch.full((1, 1, 32, 32), 0.4)
    torch.testing.assert_close(perturb(x, Perturbation(sparsity=0.01)), x)


def test_order_is_as_documented() -> None:
    x = images(1, (1, 32, 32))
    steps = [
        {"sparsity": 0.2},
        {"blur": 1.0},
        {"contrast": 0.5},
        {"brightness": 0.2},
        {"noise": 0.3, "seed": 4},
        {"clip": True},
        {"jpeg": 30},
    ]
    one_by_one, together = x, {}
    for step in steps:
        one_by_one = perturb(one_by_one, Perturbation(**step))
        together |= step
    torch.testing.assert_close(perturb(x, Perturbation(**together)), one_by_one)


def test_clip_is_a_choice() -> None:
    x = images(1, (1, 8, 8))
    assert perturb(x, Perturbation(brightness=0.5)).max() > 1
    clipped = perturb(x, Perturbation(brightness=0.5, clip=True))
    assert clipped.max() <= 1
    assert clipped.min() >= 0


@pytest.mark.parametrize("convention", [Values(), Values(dequantize=False)])
@pytest.mark.parametrize("shape", SHAPES)
def test_jpeg_is_what_a_file_brings_back(shape: tuple[int, int, int], convention: Values) -> None:
    pixels = (255 * images(2, shape)).to(torch.uint8)
    x = convention.centers(pixels)
    brought = convention.to_pixels(perturb(x, Perturbation(jpeg=10), convention)).numpy()
    for before, after in zip(pixels.numpy(), brought, strict=True):
        file = io.BytesIO()
        Image.fromarray(before[0] if shape[0] == 1 else before.transpose(1, 2, 0)).save(file, "JPEG", quality=10)
        read = np.atleast_3d(np.array(Image.open(file))).transpose(2, 0, 1)
        np.testing.assert_array_equal(after, read)
    assert np.abs(brought.astype(int) - pixels.numpy()).mean() > 5
    rough, fine = ((perturb(x, Perturbation(jpeg=quality), convention) - x).square().mean() for quality in (10, 90))
    assert fine < rough


def test_a_sweep_goes_through_jpeg_too() -> None:
    x = images(1, (3, 8, 8))
    swept = sweep(x, Perturbation(jpeg=20), "contrast", [0.5, 1.0])
    torch.testing.assert_close(swept[1:], perturb(x, Perturbation(jpeg=20)))
    assert not torch.equal(swept[1:], x)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.builds(
        Perturbation,
        contrast=st.floats(0, 2),
        brightness=st.floats(-0.5, 0.5),
        sparsity=st.floats(0.01, 1),
        blur=st.floats(0, 4),
        noise=st.floats(0, 0.5),
        seed=st.integers(0, 100),
        clip=st.booleans(),
    ),
    st.sampled_from(list(RANGES)),
    st.sampled_from(SHAPES),
)
def test_sweep_equals_one_at_a_time(perturbation: Perturbation, name: str, shape: tuple[int, int, int]) -> None:
    x = images(1, shape)
    values = np.linspace(RANGES[name].low, RANGES[name].high, 5)
    swept = sweep(x, perturbation, name, values)
    assert swept.shape == (5, *shape)
    for value, row in zip(values, swept, strict=True):
        single = perturb(x, perturbation.model_copy(update={name: float(value)}))
        torch.testing.assert_close(row, single[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_batch_equals_one_image_at_a_time(shape: tuple[int, int, int]) -> None:
    x = images(4, shape)
    perturbation = Perturbation(contrast=0.7, brightness=0.1, sparsity=0.3, blur=0.8, noise=0.05, seed=2)
    torch.testing.assert_close(
        perturb(x, perturbation), torch.cat([perturb(image[None], perturbation) for image in x]), rtol=1e-5, atol=1e-5
    )


def test_gradients_pass() -> None:
    x = images(1, (1, 8, 8)).double().requires_grad_()
    perturbation = Perturbation(contrast=0.7, sparsity=0.3, blur=0.8, noise=0.05)
    assert torch.autograd.gradcheck(lambda y: perturb(y, perturbation), x)


@pytest.mark.parametrize(
    "bad",
    [
        {"contrast": -0.1},
        {"contrast": float("nan")},
        {"sparsity": 0},
        {"blur": 5},
        {"noise": 1},
        {"seed": -1},
        {"hue": 1},
        {"jpeg": 0},
        {"jpeg": 101},
        {"jpeg": 10.5},
    ],
)
def test_values_out_of_range_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Perturbation(**bad)


def test_sweeps_that_make_no_sense_are_refused() -> None:
    x = images(1, (1, 8, 8))
    with pytest.raises(ValueError, match="no parameter 'seed'"):
        sweep(x, Perturbation(), "seed", [1])
    with pytest.raises(ValueError, match="one image"):
        sweep(x.expand(2, -1, -1, -1), Perturbation(), "blur", [1.0])
    with pytest.raises(ValueError, match="at least one value"):
        sweep(x, Perturbation(), "blur", [])
    with pytest.raises(ValueError, match="blur"):
        sweep(x, Perturbation(), "blur", [9.0])


def test_ranges_are_those_of_the_model() -> None:
    for name, limits in RANGES.items():
        Perturbation(**{name: limits.low})
        Perturbation(**{name: limits.high})
        assert limits.low <= Perturbation.model_fields[name].default <= limits.high


def test_a_slider_shows_every_step_with_its_unit() -> None:
    """The noise slider once showed 0.01 for 0.005."""
    for name, limits in RANGES.items():
        assert limits.unit, name
        assert float(f"{limits.step:.{limits.decimals}f}") == limits.step, name
    assert RANGES["noise"].decimals == 3
