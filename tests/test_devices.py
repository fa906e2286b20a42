"""Models, measures and training on a device that is not the CPU.

Two halves. On the *other device* (`tests.other_device`) nothing has a value, and tensors of two devices raise: it finds
what would stop on a GPU, on any machine. On the *real device*, the CPU unless ``EXPLORER_TEST_DEVICE`` names another
(``cuda``, ``mps``), every number is compared with the CPU's, whose weights lie in memory in another order.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from explorer.catalog.columns import dimension_psnrs
from explorer.catalog.profile import measure_profile
from explorer.catalog.scoring import as_scored, model_columns, reference_marks
from explorer.images import Values
from explorer.measures.consistency.annealing import anneal
from explorer.measures.consistency.heat import heat_residuals
from explorer.measures.consistency.large_noise import large_noise_error
from explorer.measures.consistency.running import run_checks
from explorer.measures.dataset.nll import gaussian_entropy, negative_log_likelihood
from explorer.measures.geometry.bases import denoiser_basis
from explorer.measures.image.curves import noise_curves, perturbation_curve
from explorer.measures.image.dimensionality import flipd, flipd_by_trace, local_dimensionality
from explorer.measures.image.features import layer_powers, score_powers
from explorer.measures.image.flow import flow_log_prob
from explorer.measures.image.probe import denoise_once, probe
from explorer.measures.shared.laplacian import laplacian
from explorer.measures.shared.noise import noise_generator
from explorer.measures.shared.noise_levels import noise_levels
from explorer.measures.shared.scoring import log_prob_batched
from explorer.models.analytic import Gaussian, GaussianScaleMixture, SubspaceMixture
from explorer.models.anchor import SpectralGaussian
from explorer.models.base import EnergyModel
from explorer.models.checkpoints import Checkpoint, load_checkpoint
from explorer.models.dense import DenseEnergy
from explorer.models.devices import inference_batch_size, pick_device
from explorer.models.dual import DualEnergy, DualEnergyConfig, NoiseRange
from explorer.models.radial import RadialEnergy
from explorer.models.released import InnerProductConfig, InnerProductEnergy
from explorer.models.unet import UNetConfig
from explorer.perturbations import Perturbation
from explorer.training.trainer import Batch, HeatPoints, Trainer
from explorer.training.validation import save_denoised_examples, validate
from tests.conftest import write_tiny_checkpoint
from tests.measures.consistency.examples import SMALL
from tests.other_device import OTHER, OtherDevice
from tests.training.bars import bars, config, pixels

DEVICE = os.environ.get("EXPLORER_TEST_DEVICE", "cpu")
SHAPE = (1, 8, 8)
NOISE = NoiseRange(t_min=1e-5, t0=1e-4, t_max=100.0)
UNET = UNetConfig(base_width=4, num_scales=1, embedding_dim=8)


def images(count: int = 8, shape: tuple[int, int, int] = SHAPE) -> Tensor:
    """Gray levels that vary slowly, with fine noise on them."""
    generator = torch.Generator().manual_seed(0)
    slope = torch.linspace(-0.3, 0.3, shape[2]) * torch.rand(count, shape[0], 1, 1, generator=generator)
    return (0.5 + slope + 0.02 * torch.randn(count, *shape, generator=generator)).clamp(0, 1)


def dual(anchor: bool, amplitude: bool, shape: tuple[int, int, int] = SHAPE) -> DualEnergy:
    model = DualEnergy(
        DualEnergyConfig(image_shape=shape, noise=NOISE, unet=UNET, anchor=anchor, amplitude=amplitude, frequencies=2)
    )
    model.fit_statistics(images(20, shape))
    return model


def covariance() -> Tensor:
    root = torch.randn(64, 64, generator=torch.Generator().manual_seed(1))
    return 0.05 * root @ root.T / 64


def basis() -> Tensor:
    return torch.linalg.qr(torch.randn(64, 5, generator=torch.Generator().manual_seed(2))).Q


MODELS: dict[str, Callable[[], EnergyModel]] = {
    "anchor, amplitude": lambda: dual(True, True),
    "anchor": lambda: dual(True, False),
    "amplitude": lambda: dual(False, True),
    "neither": lambda: dual(False, False),
    "color": lambda: dual(True, True, (3, 8, 8)),
    "released": lambda: InnerProductEnergy(InnerProductConfig(image_shape=SHAPE, noise=NOISE, unet=UNET)),
    "spectral Gaussian": lambda: SpectralGaussian(SHAPE, 1e-3).fit(images(20)),
    "dense": lambda: DenseEnergy(NOISE, images(20), width=16, depth=1),
    "radial": lambda: RadialEnergy(SHAPE, NOISE, mean_square=0.3),
    "Gaussian": lambda: Gaussian(torch.full(SHAPE, 0.5), covariance(), t0=1e-3),
    "mixture": lambda: GaussianScaleMixture(torch.full(SHAPE, 0.5), covariance(), (0.5, 2.0), t0=1e-3),
    "subspaces": lambda: SubspaceMixture(SHAPE, (basis(),), 0.1, t0=1e-3),
}

Measure = Callable[[Checkpoint, Tensor], object]
T = 0.01


def gray(checkpoint: Checkpoint) -> np.ndarray:
    """Eight 8-bit images of the model's size, of noise."""
    return np.random.default_rng(0).integers(0, 256, (8, *checkpoint.model.image_shape), np.uint8)


def _curve(checkpoint: Checkpoint, name: str) -> object:
    return perturbation_curve(
        checkpoint.model, checkpoint.values, gray(checkpoint)[0], Perturbation(noise=0.1, blur=0.5), name, 3
    ).log_prob


def _derivatives(checkpoint: Checkpoint, x: Tensor) -> object:
    result = checkpoint.model.derivatives(x.to(checkpoint.model.device), T)
    return [result.energy, T**0.5 * result.score, T * result.time_score]


def _laplacian(checkpoint: Checkpoint, x: Tensor, probes: int | None) -> object:
    result = laplacian(checkpoint.model, x.to(checkpoint.model.device), T, probes, noise_generator(0))
    return [result.value, result.energy, T**0.5 * result.score, T * result.time_score]


def _nll(checkpoint: Checkpoint, x: Tensor) -> object:
    levels = noise_levels(checkpoint.model, x, [1e-3, 0.1, 10.0])
    nll = negative_log_likelihood(x, levels)
    return [nll.energy, nll.i_mmse, *(level.time_error for level in levels)]


def _probe(checkpoint: Checkpoint, _: Tensor) -> object:
    found = probe(checkpoint.model, checkpoint.values, gray(checkpoint)[0], Perturbation(contrast=0.8, noise=0.05))
    return [found.log_prob, found.original_log_prob]


def _noise_curves(checkpoint: Checkpoint, x: Tensor) -> object:
    found = noise_curves(checkpoint.model, checkpoint.values, x[0].cpu().numpy(), [40.0, 20.0, 0.0], 2)
    return [found.dimensionality, found.log_prob]


def _denoised(checkpoint: Checkpoint, x: Tensor) -> object:
    found = denoise_once(checkpoint.model, checkpoint.values, x[0].cpu().numpy(), T)
    return [found.noisy, found.denoised, T**0.5 * found.score]


def _columns(checkpoint: Checkpoint, _: Tensor) -> object:
    scored = as_scored(checkpoint.model, checkpoint.values, gray(checkpoint))
    return list(model_columns(checkpoint.model, scored, dimension_psnrs(checkpoint.model)).values())


def _marks(checkpoint: Checkpoint, _: Tensor) -> object:
    marks = reference_marks(checkpoint.model, checkpoint.values)
    return [marks.constant, marks.mid_gray, marks.noise]


def _heat(checkpoint: Checkpoint, x: Tensor) -> object:
    return [1 + level.mean for level in heat_residuals(checkpoint.model, x, [T, 1.0], probes=2)]  # 1: it is near 0


def _flow(checkpoint: Checkpoint, x: Tensor) -> object:
    return flow_log_prob(checkpoint.model, x[:1], 1e-2, 10.0, nodes=4, probes=2).log_prob


def _basis(checkpoint: Checkpoint, x: Tensor) -> object:
    found = denoiser_basis(checkpoint.model, x[:1], T)
    return [1 + found.eigenvalues, found.trace]  # 1: many are near 0


MEASURES: dict[str, Measure] = {
    "log p": lambda c, x: c.model.log_prob(x.to(c.model.device)),
    "log p in batches": lambda c, x: log_prob_batched(c.model, x, batch_size=3),
    "derivatives": _derivatives,
    "denoised": lambda c, x: c.model.denoise(x.to(c.model.device), T),
    "probe": _probe,
    "denoised once": _denoised,
    "curve of contrast": lambda c, _: _curve(c, "contrast"),
    "curve of noise": lambda c, _: _curve(c, "noise"),
    "curves over noise": _noise_curves,
    "dimensionality": lambda c, x: list(local_dimensionality(c.model, x, [T, 1.0], draws=2)),
    "flipd": lambda c, x: flipd(c.model, x, T),
    "flipd by trace": lambda c, x: list(flipd_by_trace(c.model, x, T, 2)),
    "laplacian": lambda c, x: _laplacian(c, x, 2),
    "basis": _basis,
    "exact laplacian": lambda c, x: _laplacian(c, x[:2], None),
    "heat": _heat,
    "NLL": _nll,
    "entropy of a Gaussian": lambda _, x: gaussian_entropy(x, 1.0),
    "normalization": lambda c, x: large_noise_error(c.model, x, 100.0).value,
    "annealing": lambda c, x: 100 + anneal(c.model, x, 1e-2, 10.0, levels=4, groups=2).value,  # 100: it is near 0
    "flow": _flow,
    "layers": lambda c, x: layer_powers(c.model)(x),
    "scores": lambda c, x: score_powers(c.model)(x),
    "columns of a catalog": _columns,
    "marks of a catalog": _marks,
    "profile": lambda c, x: measure_profile(c.model, x, [20.0, 0.0]).log_prob.median,
}


@pytest.fixture
def smallest(home: Path) -> Checkpoint:
    """A checkpoint of 4 x 4 pixels on the other device."""
    write_tiny_checkpoint(home / "checkpoints" / "smallest", (1, 4, 4), levels=17)
    checkpoint = load_checkpoint("smallest", "cpu")
    checkpoint.model.to(OTHER)
    return checkpoint


@pytest.mark.parametrize(
    "mixed",
    [
        lambda a, b: a + b,
        lambda a, b: b.add_(a),
        lambda a, b: a @ b,
        lambda a, b: nn.functional.linear(a, b),
        lambda a, b: torch.conv2d(a[None, None], b[None, None]),
        lambda a, b: torch.cat((a, b)),
        lambda a, b: torch.where(a > 0, a, b),
        lambda a, b: b[a.long()],
    ],
)
def test_the_other_device_refuses_to_mix(mixed: Callable[[Tensor, Tensor], Tensor]) -> None:
    a, b = torch.zeros(3, 3, device=OTHER), torch.zeros(3, 3)
    with OtherDevice():
        assert mixed(a, torch.zeros_like(a)).device.type == OTHER
        assert a[b.long()].device.type == OTHER  # as with a GPU
        with pytest.raises(RuntimeError, match="device"):
            mixed(a, b)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_stays_on_the_other_device(name: str) -> None:
    model = MODELS[name]().to(OTHER)
    y, t = images(3, model.image_shape).to(OTHER), torch.full((3,), T, device=OTHER)
    with OtherDevice():
        found = [model.energy(y, t), model.log_prob(y), model.log_prob(y, T), *model.derivatives(y, t)]
        assert all(value.device.type == OTHER for value in found)
        assert found[4].shape == model.denoise(y, T).shape == y.shape
        assert model.device.type == OTHER
        for wrong in ((y.to("cpu"), t), (y.to("cpu"), t.to("cpu")), (y, t.to("cpu"))):
            with pytest.raises(RuntimeError, match="device"):
                model.energy(*wrong)


def test_distributions_are_sampled_on_the_other_device() -> None:
    generator = torch.Generator().manual_seed(0)
    with OtherDevice():
        gaussian, mixture = (MODELS[name]().to(OTHER) for name in ("Gaussian", "mixture"))
        assert gaussian.sample(4, generator).device.type == OTHER  # type: ignore[operator]
        assert mixture.sample(4, generator).device.type == OTHER  # type: ignore[operator]
        assert math.isfinite(gaussian.dimensionality(T))  # type: ignore[operator]
        subspaces = SubspaceMixture(SHAPE, (basis().to(OTHER),), 0.1, 1e-3)
        assert subspaces.sample_from(0, 4, generator).device.type == OTHER


@pytest.mark.parametrize("where", ["cpu", OTHER])
def test_statistics_on_the_other_device_come_from_images_on_any(where: str) -> None:
    generator = torch.Generator().manual_seed(0)
    with OtherDevice():
        x = images(20).to(where)
        SpectralGaussian(SHAPE).to(OTHER).fit(x)
        MODELS["anchor"]().to(OTHER).fit_statistics(x)  # type: ignore[attr-defined]
        assert math.isfinite(gaussian_entropy(x, 1.0))
        for name in ("neither", "radial"):
            model = MODELS[name]().to(OTHER)
            model.normalize(x.to(OTHER), generator)  # type: ignore[attr-defined]
            assert model.device.type == OTHER


@pytest.mark.parametrize("where", ["cpu", OTHER])
@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_takes_its_images_to_the_other_device(name: str, where: str, smallest: Checkpoint) -> None:
    with OtherDevice():
        MEASURES[name](smallest, images(8, smallest.model.image_shape).to(where))


def test_the_checks_run_on_the_other_device(smallest: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.measures.shared.laplacian._EXACT", 0)
    with OtherDevice():
        report = run_checks(smallest.model, smallest.values, gray(smallest), SMALL)
    assert {"likelihood", "flow", "annealing", "own_samples"} <= report.results.keys()


@pytest.mark.filterwarnings("ignore:for .* copying from a non-meta parameter:UserWarning")
@pytest.mark.parametrize("settings", [{}, {"heat_weight": 0.0}, {"anchor": False}])
def test_a_training_step_stays_on_the_other_device(settings: dict[str, object], tmp_path: Path) -> None:
    trainer = Trainer(config(device=OTHER, **settings), bars(config()))
    trainer.micro_batch = 9  # two of them
    with OtherDevice():
        trainer.take_step()
        assert all(parameter.grad.device.type == OTHER for parameter in trainer.model.parameters())
        validate(trainer.averaged, trainer.config, pixels(8))
        save_denoised_examples(trainer.averaged, trainer.config, pixels(8), tmp_path / "denoised.png")
        trainer.save(tmp_path / "state")
        trainer.restore(tmp_path / "state")
        assert trainer.step == 1


def test_whoever_picks_a_device_gets_float32_that_is_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    pick_device("cpu")
    assert torch.backends.cudnn.allow_tf32 is False
    assert torch.backends.cuda.matmul.allow_tf32 is False


def close(found: object, expected: object, tolerance: float) -> None:
    """Equal to `tolerance` of the root mean square of what is expected."""
    parts = [value if isinstance(value, list | tuple) else [value] for value in (found, expected)]
    assert len(parts[0]) == len(parts[1])
    for one, other in zip(*parts, strict=True):
        a, b = (torch.as_tensor(value).detach().cpu().double() for value in (one, other))
        assert a.isfinite().all()
        torch.testing.assert_close(a, b, rtol=0, atol=tolerance * float(b.square().mean().sqrt()))


TOLERANCES = {"flow": 1e-3, "annealing": 1e-3}
"""Of measurements that take many steps, in which rounding adds up; 10^-4 for the others."""


@pytest.fixture(scope="module", params=["digits"])
def pair(request: pytest.FixtureRequest) -> tuple[Checkpoint, Checkpoint]:
    """A checkpoint that ships, on the device and on the CPU."""
    here, there = load_checkpoint(request.param, DEVICE), load_checkpoint(request.param, "cpu")
    there.model.to(memory_format=torch.contiguous_format)
    return here, there


@pytest.mark.parametrize("name", MEASURES)
def test_the_device_measures_what_the_cpu_measures(name: str, pair: tuple[Checkpoint, Checkpoint]) -> None:
    torch.set_flush_denormal(True)
    found, expected = (MEASURES[name](checkpoint, images()) for checkpoint in pair)
    close(found, expected, TOLERANCES.get(name, 1e-4))


@pytest.mark.parametrize("name", ["natural32", "color32", "natural64"])
def test_a_shipped_model_is_the_same_on_the_device(name: str) -> None:
    here, there = load_checkpoint(name, DEVICE), load_checkpoint(name, "cpu")
    there.model.to(memory_format=torch.contiguous_format)
    x = images(2, there.model.image_shape)
    for t in (there.model.t0, 1e-3, 1.0):
        results = [checkpoint.model.derivatives(x.to(checkpoint.model.device), t) for checkpoint in (here, there)]
        close(results[0].energy, results[1].energy, 1e-5)
        close(results[0].score, results[1].score, 1e-3)
        close(
            t * results[0].time_score / results[1].score[0].numel() + 1,
            t * results[1].time_score / x[0].numel() + 1,
            1e-4,
        )


@pytest.mark.parametrize("name", MODELS)
def test_every_kind_of_model_is_the_same_on_the_device(name: str) -> None:
    torch.manual_seed(0)
    model = MODELS[name]()
    x = images(3, model.image_shape)
    expected = model.derivatives(x, T)
    found = model.to(DEVICE).derivatives(x.to(DEVICE), T)
    assert found.energy.device.type == torch.device(DEVICE).type
    close(found.energy, expected.energy, 1e-4)
    close(found.score, expected.score, 1e-3)
    close(found.time_score, expected.time_score, 1e-3)


def with_the_batches_of(here: Trainer, there: Trainer) -> Trainer:
    """A GPU draws its batches itself, from other random numbers: to compare, it is given those of the CPU."""

    def batch(step: int) -> Batch:
        drawn = there.batch(step)
        heat = drawn.heat and HeatPoints(*(part.to(DEVICE) for part in vars(drawn.heat).values()))
        return Batch(drawn.x.to(DEVICE), drawn.eps.to(DEVICE), drawn.t.to(DEVICE), heat)

    here.batch = batch  # type: ignore[method-assign]
    return here


def same_losses(here: Trainer, there: Trainer, tolerance: float) -> None:
    torch.testing.assert_close(here.take_step().cpu(), there.take_step().cpu(), rtol=tolerance, atol=0)


def gradient(trainer: Trainer) -> Tensor:
    return torch.cat([parameter.grad.flatten().cpu() for parameter in trainer.model.parameters()])


@pytest.mark.parametrize("bfloat16", [False, True])
def test_training_steps_are_the_same_on_the_device(bfloat16: bool, tmp_path: Path) -> None:
    there = Trainer(config(device="cpu"), bars(config()))
    here = with_the_batches_of(Trainer(config(device=DEVICE, bfloat16=bfloat16), bars(config())), there)
    here.micro_batch = 5
    for _ in range(3):  # the first moves the output layer away from zero
        same_losses(here, there, 2e-2 if bfloat16 else 1e-3)
    similarity = float(torch.cosine_similarity(gradient(here), gradient(there), dim=0))
    assert similarity > (0.99 if bfloat16 else 0.99999)
    here.save(tmp_path / "state")
    again = Trainer(config(device=DEVICE, bfloat16=bfloat16), bars(config()))
    again.restore(tmp_path / "state")
    assert again.step == 3
    again.micro_batch = 5
    same_losses(with_the_batches_of(again, there), here, 1e-4)


@pytest.mark.skipif(DEVICE == "cpu", reason="to compile takes minutes on a CPU")
@pytest.mark.parametrize("bfloat16", [False, True])
def test_compiled_steps_are_the_same_on_the_device(bfloat16: bool) -> None:
    there = Trainer(config(device="cpu"), bars(config()))
    here = with_the_batches_of(Trainer(config(device=DEVICE, bfloat16=bfloat16, compile=True), bars(config())), there)
    for _ in range(3):
        same_losses(here, there, 2e-2 if bfloat16 else 1e-3)
    assert float(torch.cosine_similarity(gradient(here), gradient(there), dim=0)) > (0.99 if bfloat16 else 0.9999)


def test_a_whole_batch_fits_into_the_memory_of_the_device() -> None:
    checkpoint = load_checkpoint("natural32", DEVICE)
    model = checkpoint.model
    count = inference_batch_size(model.dimensions, model.device)
    found = model.derivatives(images(count, model.image_shape).to(DEVICE), T)
    assert found.energy.isfinite().all()


def test_values_are_the_same_on_the_device() -> None:
    gray_levels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    values, pixels_here = Values(levels=17), gray_levels.to(DEVICE)
    generator = torch.Generator().manual_seed(0)
    assert torch.equal(values.centers(pixels_here).cpu(), values.centers(gray_levels))
    assert values.dequantized(pixels_here, generator).device.type == torch.device(DEVICE).type


def test_distributions_are_made_and_sampled_on_the_device() -> None:
    samples = []
    for device in (DEVICE, "cpu"):
        mean, spread = torch.full(SHAPE, 0.5, device=device), covariance().to(device)
        mixture = GaussianScaleMixture(mean, spread, (0.5, 2.0), t0=1e-3)
        assert mixture.device.type == torch.device(device).type
        samples.append(mixture.log_prob(mixture.sample(4, torch.Generator().manual_seed(0))))
    close(samples[0], samples[1], 1e-3)


def test_a_device_draws_the_same_batch_at_each_call() -> None:
    trainer = Trainer(config(device=DEVICE), bars(config()))
    first, again, other = trainer.batch(3), trainer.batch(3), trainer.batch(4)
    assert first.x.device.type == torch.device(DEVICE).type
    assert torch.equal(first.x, again.x)
    assert torch.equal(first.eps, again.eps)
    assert torch.equal(first.t, again.t)
    assert not torch.equal(first.x, other.x)
    assert float(first.x.min()) >= 0
    assert float(first.x.max()) <= 1
