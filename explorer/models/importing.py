"""Read a checkpoint that Guth, Kadkhodaie and Simoncelli released with their paper (2025, arXiv 2506.05310).

Such a folder has `args.json` and `model.pth.tar`, a pickle. A pickle is a program; this one is read by torch's
restricted unpickler, which knows tensors and containers, and beside them only the few names that these files need: each
stands for an inert bag of attributes. Any other name is refused before anything is called.
"""

from __future__ import annotations

import argparse
import ast
import json
import pickle
import re
import reprlib
import zipfile
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor

from explorer.errors import ExplorerError, first_problem
from explorer.home import check_name, data_home, write_folder_atomically
from explorer.images import Values
from explorer.models.checkpoints import CheckpointConfig, save_checkpoint, weights_misfit
from explorer.models.dual import NoiseRange
from explorer.models.released import InnerProductConfig, InnerProductEnergy
from explorer.models.unet import UNetConfig
from explorer.units import noise_variance_from_psnr

__all__ = ["import_released", "read_released", "released_card"]

_MAX_ARGS_BYTES = 1_000_000
_MAX_WEIGHTS_BYTES = 2 * 2**30
_MAX_PICKLE_BYTES = 16 * 2**20
_MAX_NAME = 100
_EMBEDDING_DIM = 256
_LARGEST_CONSTANT = 1e30  # nats; a float32 holds it
_SIZES = {"ImageNet64": 64, "ImageNet32": 32}

_NETWORK_DEFAULTS = {
    "base_width": 64,
    "num_scales": 3,
    "group_size": 1,
    "num_layers_encoder_block": 2,
    "num_layers_mid_block": 2,
    "num_layers_decoder_block": 2,
}
_BLOCK_LENGTHS = {
    "num_layers_encoder_block": "encoder_layers",
    "num_layers_mid_block": "middle_layers",
    "num_layers_decoder_block": "decoder_layers",
}


def _inert(name: str) -> tuple[type, str]:
    """A class with nothing but attributes, and the name in the file that it stands for."""
    return type(name.rpartition(".")[2], (), {"__doc__": f"Attributes of a {name}, without its code."}), name


_STAND_INS = [
    _inert(name)
    for name in (
        "__main__.PerformanceInfo",
        "noise.NoiseLevel",
        "noise.DenoisingError",
        "networks.model.LogTensor",
        "data.DatasetInfo",
    )
]


def import_released(folder: Path, name: str, size: int | None = None) -> Path:
    """Make a checkpoint in the data folder from a released one, and return its folder.

    Args:
        folder: has `args.json` and `model.pth.tar`.
        name: of the new checkpoint.
        size: height and width of its images in pixels; taken from the name of its data set when None. The network is
            convolutional and runs at any multiple of its coarsest scale, but it was trained at one size.

    Raises:
        ExplorerError: the folder is not such a checkpoint or is damaged, it has no energy, or the name is taken.
    """
    target = data_home() / "checkpoints" / check_name(name)
    if target.exists():
        raise ExplorerError(f"A checkpoint called {name!r} exists already; choose another name.")
    model, config = read_released(folder, size)
    try:
        with write_folder_atomically(target) as new:
            save_checkpoint(new, model, config, released_card(name, config))
    except OSError as error:
        raise ExplorerError(f"{target} cannot be written ({error.strerror or error}). Free some space.") from error
    return target


def read_released(folder: Path, size: int | None = None) -> tuple[InnerProductEnergy, CheckpointConfig]:
    """The model of a released checkpoint and its description; see `import_released`.

    Raises:
        ExplorerError: as for `import_released`.
    """
    args = _read_args(folder / "args.json")
    model_config = _model_config(args, size)
    content = _read_weights(folder / "model.pth.tar")
    state = content.get("state_dict")
    if not isinstance(state, dict):
        raise ExplorerError(f"{folder / 'model.pth.tar'} is damaged: it has no weights (state_dict).")
    constant = getattr(content.get("test_perf"), "log_normalization_constant", None)
    if isinstance(constant, Tensor) and constant.numel() == 1:
        constant = constant.item()
    if isinstance(constant, bool) or not isinstance(constant, int | float) or not abs(constant) <= _LARGEST_CONSTANT:
        raise ExplorerError(
            f"{folder / 'model.pth.tar'} has no normalization constant (test_perf.log_normalization_constant), so that "
            "its energies are no log-probabilities. Import a checkpoint that was evaluated after training."
        )
    weights = _our_weights(state, model_config.unet, folder)
    weights["log_normalization"] = torch.tensor(float(constant))
    with torch.device("meta"):
        expected = {key: value.shape for key, value in InnerProductEnergy(model_config).state_dict().items()}
    misfit = weights_misfit(weights, expected)
    if misfit:
        raise ExplorerError(f"The weights in {folder} do not fit the network that args.json describes: {misfit}")
    weights = {key: value.float() for key, value in weights.items()}
    if not all(torch.isfinite(value).all() for value in weights.values()):
        raise ExplorerError(f"The weights in {folder} contain NaN or infinity.")
    model = InnerProductEnergy(model_config)
    model.load_state_dict(weights)
    config = CheckpointConfig(
        model=model_config,
        values=Values(dequantize=False),
        dataset=str(args.get("dataset", ""))[:_MAX_NAME].encode("utf-8", "replace").decode(),
        training={
            "source": "released with arXiv 2506.05310",
            "steps": _number(content.get("step")),
            "batch_size": _number(args.get("train_batch_size")),
            "learning_rate": _number(args.get("lr")),
        },
    )
    return model.requires_grad_(False).eval(), config


def _number(value: object) -> float | None:
    """A number that is only told; None for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST_CONSTANT:
        return value
    return None


def _read_args(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MAX_ARGS_BYTES:
            raise ExplorerError(f"{path} is too large to be the arguments of a training run.")
        args = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ExplorerError(
            f"{path.parent} is not a checkpoint released with the paper: it needs args.json and model.pth.tar."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise ExplorerError(f"{path} cannot be read: it is not a JSON file.") from error
    if not isinstance(args, dict):
        raise ExplorerError(f"{path} is damaged: it does not hold the arguments of a training run.")
    return args


def _model_config(args: dict[str, Any], size: int | None) -> InnerProductConfig:
    if args.get("model") == "DenoiserModel":
        raise ExplorerError(
            "This checkpoint is a DenoiserModel: it was trained to denoise only, so it knows the gradient of log p but "
            "no energy, and cannot say how probable an image is. Import an EnergyModel."
        )
    conversion = _literal(args, "reparam_kwargs").get("conversion")
    if args.get("model") != "EnergyModel" or args.get("network") != "UNet" or conversion != "inner_product":
        found = ", ".join(reprlib.repr(name) for name in (args.get("model"), args.get("network"), conversion))
        raise ExplorerError(
            "Only energy models of the paper are known here (model EnergyModel, network UNet, conversion "
            f"inner_product); this checkpoint has {found}."
        )
    network = _NETWORK_DEFAULTS | _literal(args, "network_kwargs")
    unknown = sorted(str(key) for key in network.keys() - _NETWORK_DEFAULTS.keys())
    if unknown:
        raise ExplorerError(
            f"The network of this checkpoint has settings that are not known here: {reprlib.repr(unknown)}."
        )
    if not isinstance(args.get("grayscale"), bool):
        raise ExplorerError("args.json does not say whether the images are gray (grayscale: true or false).")
    side = size or args.get("spatial_size") or _SIZES.get(str(args.get("dataset")))
    if not isinstance(side, int):
        raise ExplorerError("The checkpoint does not say how large its images are. Say it with --size.")
    width, group = network["base_width"], network["group_size"]
    if not isinstance(width, int) or not isinstance(group, int) or group < 1 or width % group:
        raise ExplorerError("The checkpoint cannot be imported: base_width does not divide into groups of group_size.")
    try:
        return InnerProductConfig(
            image_shape=(1 if args["grayscale"] else 3, side, side),
            noise=NoiseRange(
                t_min=_variance(args, "min_noise_level"), t0=0.0, t_max=_variance(args, "max_noise_level")
            ),
            unet=UNetConfig(
                base_width=network["base_width"],
                num_scales=network["num_scales"],
                group_size=network["group_size"],
                embedding_dim=_EMBEDDING_DIM,
                **{ours: network[theirs] for theirs, ours in _BLOCK_LENGTHS.items()},
            ),
        )
    except ValidationError as error:
        field, message, _ = first_problem(error)
        raise ExplorerError(f"The checkpoint cannot be imported: {field or 'its shape'}: {message}.") from error


def _literal(args: dict[str, Any], key: str) -> dict[str, Any]:
    """A dict that is written as a Python literal in a string; ``dict()`` is the empty one."""
    text = args.get(key, "dict()")
    try:
        value = {} if text == "dict()" else ast.literal_eval(str(text))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise ExplorerError(f"args.json is damaged: {key} is not a dict of plain values.") from error
    if not isinstance(value, dict):
        raise ExplorerError(f"args.json is damaged: {key} is not a dict of plain values.")
    return value


def _variance(args: dict[str, Any], key: str) -> float:
    level = args.get(key)
    psnr = level.get("x") if isinstance(level, dict) and level.get("unit") == "psnr" else None
    if isinstance(psnr, bool) or not isinstance(psnr, int | float) or not -100 <= psnr <= 200:
        raise ExplorerError(f"args.json does not give {key} as a PSNR in dB.")
    return float(noise_variance_from_psnr(float(psnr)))


def _read_weights(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MAX_WEIGHTS_BYTES:
            raise ExplorerError(f"{path} is larger than 2 GiB, too large for a checkpoint of the paper.")
        _check_archive(path)
        with torch.serialization.safe_globals([*_STAND_INS, argparse.Namespace]):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise ExplorerError(f"{path.parent} has no model.pth.tar.") from error
    except pickle.UnpicklingError as error:
        foreign = re.search(r"GLOBAL ([\w.]+)", str(error))
        what = f" (it asks for {foreign[1]})" if foreign else ""
        raise ExplorerError(
            f"{path} was refused: it is damaged, or holds more than the weights and figures of a checkpoint{what}. "
            "Nothing in it was run."
        ) from error
    except ExplorerError:
        raise
    except Exception as error:  # a hostile file can fail in any way, and none of them is a bug here
        raise ExplorerError(f"{path} is damaged: it cannot be read as a checkpoint.") from error
    if not isinstance(content, dict):
        raise ExplorerError(f"{path} is damaged: it does not hold a checkpoint.")
    return content


def _check_archive(path: Path) -> None:
    """Refuse what torch.save does not write: older formats, which have another reader, and members that inflate."""
    if not zipfile.is_zipfile(path):
        raise ExplorerError(f"{path} is damaged: it is not a file that torch.save wrote.")
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise ExplorerError(f"{path} was refused: its content is compressed, which torch.save never does.")
    if sum(member.file_size for member in members) > _MAX_WEIGHTS_BYTES:
        raise ExplorerError(f"{path} was refused: it holds more than 2 GiB.")
    if any(member.file_size > _MAX_PICKLE_BYTES for member in members if member.filename.endswith("data.pkl")):
        raise ExplorerError(f"{path} was refused: the description of its content is too large.")


def _our_weights(state: dict[Any, Any], unet: UNetConfig, folder: Path) -> dict[str, Tensor]:
    """The tensors under our names, as they are: they are converted when their shapes are known to be right."""
    weights: dict[str, Tensor] = {}
    for name, value in state.items():
        plain = isinstance(value, Tensor) and value.layout == torch.strided and value.device.type == "cpu"
        if not isinstance(name, str) or not plain or not value.is_floating_point():
            raise ExplorerError(f"The weights in {folder} are damaged: {str(name)[:80]} is not a tensor of numbers.")
        ours = _our_name(name, unet)
        if ours in weights:
            raise ExplorerError(f"The weights in {folder} are damaged: {name[:80]} is there twice.")
        weights[ours] = value
    return weights


def _our_name(theirs: str, unet: UNetConfig) -> str:
    """The name of a tensor in `InnerProductEnergy`, or the name as it is when it is none of the released network's.

    They count convolution, normalization and GELU as three entries of a block, and decoder blocks from the finest.
    """
    name = theirs.removeprefix("network.")
    if name == f"decoder.0.{3 * (unet.decoder_layers - 1)}.weight":
        return "unet.output.weight"
    embedding = re.fullmatch(r"noise_var_embedding\.time_embed\.(\d+)\.(weight|bias)", name)
    if embedding:
        return f"embedding.layers.{embedding[1]}.{embedding[2]}"
    layer = re.fullmatch(r"(encoder\.\d+|middle_block|decoder\.\d+)\.(\d+)\.(conditioning_embedding\.)?(\w+)", name)
    if not layer:
        return name
    block, entry, conditioning, parameter = layer[1], int(layer[2]), layer[3], layer[4]
    if block.startswith("decoder"):
        block = f"decoder.{unet.num_scales - 1 - int(block.rpartition('.')[2])}"
    module = "conv" if entry % 3 == 0 else "norm.condition" if conditioning else "norm"
    return f"unet.{block.replace('middle_block', 'middle')}.{entry // 3}.{module}.{parameter}"


def released_card(name: str, config: CheckpointConfig) -> str:
    """The text of `card.md`, from what `config.json` says."""
    assert isinstance(config.model, InnerProductConfig)
    channels, height, width = config.model.image_shape
    unet, run = config.model.unet, config.training
    return "\n".join(
        (
            f"# {name}",
            "",
            f"Energy model of {height} x {width} {'grayscale' if channels == 1 else 'color'} images of "
            f"`{config.dataset}`, released by Guth, Kadkhodaie and Simoncelli with their paper (2025, "
            "arXiv 2506.05310) and imported by `python -m explorer import`.",
            "",
            "- Values: x = k / 255, k the 8-bit pixel, without dequantization; log p is reported at t = 0.",
            f"- U-Net of base width {unet.base_width} over {unet.num_scales + 1} resolutions; "
            f"{run.get('steps', '?')} steps of {run.get('batch_size', '?')} images.",
            "",
        )
    )
