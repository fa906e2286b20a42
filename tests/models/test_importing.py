"""Checkpoints released with the paper: the same numbers as the original, and nothing in them is run."""

import contextlib
import json
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from explorer.errors import ExplorerError
from explorer.models.checkpoints import load_checkpoint
from explorer.models.importing import import_released, read_released
from tests.models import released

REFERENCE = Path(__file__).parents[3] / "shared" / "reference" / "tiny_grayscale16"
LEVELS = (0.0, 1e-6, 1e-4, 1e-2, 1.0, 1000.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "released"


@pytest.mark.parametrize("channels", [1, 3])
def test_it_computes_what_the_description_says_at_every_noise_level(folder: Path, channels: int) -> None:
    state = released.write(folder, channels=channels)
    model, config = read_released(folder, 16)
    assert model.image_shape == config.model.image_shape == (channels, 16, 16)
    y = torch.rand(len(LEVELS), channels, 16, 16, generator=torch.Generator().manual_seed(1))
    t = torch.tensor(LEVELS)
    exact_y, exact_t = y.double().requires_grad_(), t.double().requires_grad_()
    energy = released.energy(state, exact_y, exact_t)
    gradient, time_score = torch.autograd.grad(energy.sum(), (exact_y, exact_t))
    result = model.derivatives(y, t)
    torch.testing.assert_close(result.energy - released.CONSTANT, energy.float(), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(-result.score, gradient.float(), rtol=1e-4, atol=1e-4 * float(gradient.abs().max()))
    largest = float(time_score.abs().max())
    torch.testing.assert_close(result.time_score, time_score.float(), rtol=1e-4, atol=1e-4 * largest)


def test_it_matches_the_original_implementation() -> None:
    if not REFERENCE.is_dir():
        pytest.skip("The reference checkpoint is not beside the project.")
    model, _ = read_released(REFERENCE, 16)
    assert float(model.log_normalization) == pytest.approx(123.456)
    model.log_normalization.zero_()  # energies here are so small that adding it would round them
    expected = np.load(REFERENCE / "expected.npz")
    y, t = torch.from_numpy(expected["noisy"]), torch.from_numpy(expected["noise_variance"])
    assert float(t.min()) == 0
    result = model.derivatives(y, t)
    np.testing.assert_allclose(result.energy, expected["energy"], rtol=1e-4)
    np.testing.assert_allclose(result.time_score, expected["time_score"], rtol=1e-4)
    scale = np.abs(expected["score"]).max()
    np.testing.assert_allclose(-result.score, expected["score"], rtol=1e-4, atol=1e-5 * scale)
    np.testing.assert_allclose(model.denoise(y, t), expected["denoised"], rtol=1e-4, atol=1e-6)


def test_an_import_is_a_checkpoint_like_any_other(home: Path, folder: Path) -> None:
    released.write(folder, channels=3)
    path = import_released(folder, "paper", 16)
    checkpoint = load_checkpoint("paper", "cpu")
    assert checkpoint.path == path
    assert checkpoint.model.t0 == 0
    assert not checkpoint.values.dequantize
    x = torch.rand(2, 3, 16, 16)
    torch.testing.assert_close(checkpoint.model.log_prob(x), read_released(folder, 16)[0].log_prob(x))
    assert "2506.05310" in (path / "card.md").read_text()
    with pytest.raises(ExplorerError, match="exists already"):
        import_released(folder, "paper", 16)


def test_an_import_that_is_cut_short_leaves_nothing_and_can_be_done_again(
    home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> None:
        assert not (home / "checkpoints" / "paper").exists(), "not before it is whole"
        raise KeyboardInterrupt

    released.write(folder)
    with monkeypatch.context() as patch:
        patch.setattr("explorer.models.checkpoints.save_description", cut)
        with pytest.raises(KeyboardInterrupt):
            import_released(folder, "paper")
    assert not list((home / "checkpoints").iterdir())
    assert import_released(folder, "paper").is_dir()
    with pytest.raises(ExplorerError, match="exists already"):
        import_released(folder, "paper")


def test_the_size_comes_from_the_data_set(folder: Path) -> None:
    released.write(folder)
    assert read_released(folder)[0].image_shape == (1, 64, 64)
    released.write(folder, dataset="mine")
    with pytest.raises(ExplorerError, match="--size"):
        read_released(folder)
    with pytest.raises(ExplorerError, match="multiples of 4"):
        read_released(folder, 18)


def test_a_denoiser_is_told_why_it_has_no_energy(folder: Path) -> None:
    released.write(folder, model="DenoiserModel", reparam_kwargs="dict()")
    with pytest.raises(ExplorerError, match="knows the gradient of log p but no energy"):
        read_released(folder, 16)


class Malicious:
    """Unpickled by an ordinary unpickler, it makes a folder."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("where", ["test_perf", "args", "extra", "state_dict"])
def test_a_malicious_pickle_is_refused_without_effect(folder: Path, tmp_path: Path, where: str) -> None:
    state = released.write(folder)
    trace = tmp_path / "it ran"
    payload: Any = {"network.encoder.0.0.weight": Malicious(trace)} if where == "state_dict" else Malicious(trace)
    released.save(folder / "model.pth.tar", {"state_dict": state, where: payload}, {})
    with pytest.raises(ExplorerError, match="Nothing in it was run"):
        read_released(folder, 16)
    assert not trace.exists()
    pickle.loads(pickle.dumps(payload))  # the attack is real
    assert trace.exists()


def test_a_bare_malicious_pickle_is_refused_without_effect(folder: Path, tmp_path: Path) -> None:
    released.write(folder)
    trace = tmp_path / "it ran"
    (folder / "model.pth.tar").write_bytes(pickle.dumps(Malicious(trace)))
    with pytest.raises(ExplorerError, match="damaged"):
        read_released(folder, 16)
    assert not trace.exists()


def test_arguments_are_never_evaluated(folder: Path, tmp_path: Path) -> None:
    trace = tmp_path / "it ran"
    released.write(folder, network_kwargs=f"__import__('os').mkdir({str(trace)!r})")
    with pytest.raises(ExplorerError, match="network_kwargs"):
        read_released(folder, 16)
    assert not trace.exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"grayscale": "yes"}, "gray"),
        ({"network_kwargs": "{'num_scales': 2, 'attention': True}"}, "attention"),
        ({"network_kwargs": "{'num_scales': 99}"}, "num_scales"),
        ({"network_kwargs": "[1]"}, "network_kwargs"),
        ({"network_kwargs": "{'group_size': 3}"}, "group_size"),
        ({"network_kwargs": "{[]: 1}"}, "network_kwargs"),
        ({"network_kwargs": "{1: 2, 'a': 3}"}, "not known here"),
        ({"network": "x" * 100_000}, "^.{0,400}$"),
        ({"network": "Transformer"}, "Transformer"),
        ({"min_noise_level": 3}, "min_noise_level"),
        ({"max_noise_level": {"x": 95.0, "unit": "psnr"}}, "t_min < t_max"),
        ({"reparam_kwargs": "{'conversion':'sum'}"}, "sum"),
    ],
)
def test_arguments_that_do_not_fit_are_told(folder: Path, changes: dict[str, Any], message: str) -> None:
    released.write(folder, **changes)
    with pytest.raises(ExplorerError, match=message):
        read_released(folder, 16)


def test_weights_of_another_network_are_told(folder: Path) -> None:
    released.write(folder, network_kwargs="{'num_scales':2,'base_width':8}")
    with pytest.raises(ExplorerError, match="do not fit"):
        read_released(folder, 16)


def test_damaged_files_are_told(folder: Path) -> None:
    with pytest.raises(ExplorerError, match=r"args\.json and model\.pth\.tar"):
        read_released(folder, 16)
    released.write(folder)
    whole = (folder / "model.pth.tar").read_bytes()
    for damaged in (b"", b"no checkpoint", whole[: len(whole) // 2]):
        (folder / "model.pth.tar").write_bytes(damaged)
        with pytest.raises(ExplorerError, match="damaged"):
            read_released(folder, 16)
    (folder / "model.pth.tar").unlink()
    with pytest.raises(ExplorerError, match="has no model"):
        read_released(folder, 16)
    (folder / "args.json").write_text("{")
    with pytest.raises(ExplorerError, match="JSON"):
        read_released(folder, 16)
    (folder / "args.json").write_text(json.dumps([1]))
    with pytest.raises(ExplorerError, match="damaged"):
        read_released(folder, 16)


def test_a_checkpoint_without_its_constant_is_no_probability(folder: Path) -> None:
    state = released.write(folder)
    released.save(folder / "model.pth.tar", {"state_dict": state, "test_perf": {}}, {})
    with pytest.raises(ExplorerError, match="normalization constant"):
        read_released(folder, 16)


def test_a_flipped_byte_never_crashes(folder: Path) -> None:
    released.write(folder)
    path = folder / "model.pth.tar"
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        assert any(name.endswith("data.pkl") for name in archive.namelist())
    rng = np.random.default_rng(0)
    for _ in range(40):
        damaged = bytearray(whole)
        for position in rng.integers(0, min(len(whole), 6000), 3):
            damaged[position] ^= int(rng.integers(1, 256))
        path.write_bytes(bytes(damaged))
        with contextlib.suppress(ExplorerError):  # any other error is a bug
            read_released(folder, 16)


def test_an_archive_that_inflates_is_refused(folder: Path) -> None:
    released.write(folder)
    path = folder / "model.pth.tar"
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(ExplorerError, match="compressed"):
        read_released(folder, 16)


def test_weights_that_only_claim_a_size_are_refused_before_they_take_memory(folder: Path) -> None:
    state = released.write(folder)
    huge = torch.zeros(1, dtype=torch.float64).as_strided((10**6, 10**6), (0, 0))
    name = "network.encoder.0.0.weight"
    released.save(folder / "model.pth.tar", {"state_dict": state | {name: huge}}, {})
    with pytest.raises(ExplorerError, match="do not fit"):
        read_released(folder, 16)
    for odd in ({7: torch.zeros(1)}, {name: "text"}, {"encoder.0.0.weight": state[name]}):
        released.save(folder / "model.pth.tar", {"state_dict": state | odd}, {})
        with pytest.raises(ExplorerError, match="damaged"):
            read_released(folder, 16)


@pytest.mark.parametrize("told", ["\ud800", "x" * 100_000, 10**400, float("nan"), [1], None], ids=range(6))
def test_what_is_only_told_never_keeps_a_checkpoint_out(home: Path, folder: Path, told: Any) -> None:
    released.write(folder, dataset=told, train_batch_size=told, lr=told)
    import_released(folder, "told", 16)
    assert load_checkpoint("told", "cpu").config.training["steps"] == 7
    assert len((home / "checkpoints" / "told" / "card.md").read_text(encoding="utf-8")) < 2000


def test_a_constant_beyond_all_numbers_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(released, "CONSTANT", 10**400)
    released.write(folder)
    with pytest.raises(ExplorerError, match="no normalization constant"):
        read_released(folder, 16)
