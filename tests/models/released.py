"""Write a folder in the format of the paper's released checkpoints, with random weights, and compute its energy anew.

The network here is written from the description of the format alone, and shares no code with the project.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import types
from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

CONSTANT = 321.5
SCALES, WIDTH, LAYERS = 2, 4, 3


def write(folder: Path, *, channels: int = 1, **changes: Any) -> dict[str, Tensor]:
    """Write `args.json` and `model.pth.tar`, and return the weights."""
    folder.mkdir(parents=True, exist_ok=True)
    lengths = "".join(f",'num_layers_{part}_block':{LAYERS}" for part in ("encoder", "mid", "decoder"))
    args = {
        "dataset": "ImageNet64",
        "grayscale": channels == 1,
        "spatial_size": None,
        "min_noise_level": {"x": 90.0, "unit": "psnr"},
        "max_noise_level": {"x": -30.0, "unit": "psnr"},
        "model": "EnergyModel",
        "network": "UNet",
        "network_kwargs": f"{{'num_scales':{SCALES},'group_size':1,'base_width':{WIDTH}{lengths}}}",
        "reparam_kwargs": "{'conversion':'inner_product'}",
        "train_batch_size": 128,
        "lr": 0.0005,
    } | changes
    (folder / "args.json").write_text(json.dumps(args))
    state = weights(channels)
    save(folder / "model.pth.tar", {"step": 7, "state_dict": state}, args)
    return state


def save(path: Path, content: dict[str, Any], args: dict[str, Any]) -> None:
    """Pickle as the authors' code does: instances of classes of modules that readers do not have."""
    modules = {"noise": ("NoiseLevel", "DenoisingError"), "networks": (), "networks.model": ("LogTensor",)}
    modules |= {"data": ("DatasetInfo",)}
    main = sys.modules["__main__"]
    classes = {}
    try:
        for module, names in modules.items():
            sys.modules[module] = types.ModuleType(module)
            for name in names:
                classes[name] = type(name, (), {"__module__": module})
                setattr(sys.modules[module], name, classes[name])
        main.PerformanceInfo = type("PerformanceInfo", (), {"__module__": "__main__"})

        def performance() -> Any:
            info = main.PerformanceInfo()
            info.loss, info.log_normalization_constant = 0.5, CONSTANT
            info.noise_levels = classes["NoiseLevel"]()
            info.noise_levels._variance = torch.tensor([1.0, 0.1])
            info.noise_levels.dataset_info = classes["DatasetInfo"]()
            info.cross_entropies = classes["LogTensor"]()
            info.denoising_errors = classes["DenoisingError"]()
            return info

        everything = {"args": argparse.Namespace(**args), "train_perf": performance(), "test_perf": performance()}
        torch.save(everything | content, path)
    finally:
        for module in modules:
            sys.modules.pop(module, None)
        if hasattr(main, "PerformanceInfo"):
            del main.PerformanceInfo


def weights(channels: int) -> OrderedDict[str, Tensor]:
    """Random weights under the released names."""
    generator = torch.Generator().manual_seed(0)
    state: OrderedDict[str, Tensor] = OrderedDict()

    def random(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator) / math.sqrt(max(1, math.prod(shape[1:])))

    for layer, inputs in ((0, 64), (2, 256)):
        state[f"network.noise_var_embedding.time_embed.{layer}.weight"] = random(256, inputs)
        state[f"network.noise_var_embedding.time_embed.{layer}.bias"] = 0.1 * random(256)

    def conv(name: str, *shape: int, width: int | None) -> None:
        block, index = name.rsplit(".", 1)
        state[f"network.{name}.weight"] = random(*shape)
        if width is not None:
            norm = f"network.{block}.{int(index) + 1}"
            state[f"{norm}.weight"] = 1 + 0.1 * random(width)
            state[f"{norm}.conditioning_embedding.weight"] = random(width, 256)
            state[f"{norm}.conditioning_embedding.bias"] = 0.1 * random(width)

    for k in range(SCALES):
        w, below = WIDTH * 2**k, WIDTH * 2 ** (k - 1)
        first = (w, channels, 3, 3) if k == 0 else (w, below, 2, 2)
        conv(f"encoder.{k}.0", *first, width=w)
        for layer in range(1, LAYERS):
            conv(f"encoder.{k}.{3 * layer}", w, w, 3, 3, width=w)
    w, above = WIDTH * 2**SCALES, WIDTH * 2 ** (SCALES - 1)
    conv("middle_block.0", w, above, 2, 2, width=w)
    for layer in range(1, LAYERS - 1):
        conv(f"middle_block.{3 * layer}", w, w, 3, 3, width=w)
    conv(f"middle_block.{3 * (LAYERS - 1)}", w, above, 2, 2, width=above)
    for k in range(SCALES):
        w = WIDTH * 2**k
        conv(f"decoder.{k}.0", w, 2 * w, 3, 3, width=w)
        for layer in range(1, LAYERS - 1):
            conv(f"decoder.{k}.{3 * layer}", w, w, 3, 3, width=w)
        last = f"decoder.{k}.{3 * (LAYERS - 1)}"
        if k > 0:
            conv(last, w, w // 2, 2, 2, width=w // 2)
        else:
            conv(last, channels, w, 3, 3, width=None)
    return state


def energy(state: dict[str, Tensor], y: Tensor, t: Tensor) -> Tensor:
    """``1/2 <y, s(y, t)>`` in the numbers' own precision, without the constant."""
    state = {name.removeprefix("network."): value.to(y.dtype) for name, value in state.items()}
    f = torch.exp(-torch.linspace(0.0, math.log(100.0), 32, dtype=y.dtype))
    e = torch.cat((torch.cos(t[:, None] * f), torch.sin(t[:, None] * f)), 1)
    for layer in (0, 2):
        name = f"noise_var_embedding.time_embed.{layer}"
        e = F.silu(e @ state[f"{name}.weight"].T + state[f"{name}.bias"])

    def norm_gelu(x: Tensor, name: str) -> Tensor:
        x = x - x.mean((2, 3), keepdim=True)
        v = x.pow(2).mean((2, 3), keepdim=True)
        x = x * torch.sqrt(v.mean(1, keepdim=True) / (v + 1e-5) + 1e-5) * state[f"{name}.weight"].view(1, -1, 1, 1)
        condition = e @ state[f"{name}.conditioning_embedding.weight"].T + state[f"{name}.conditioning_embedding.bias"]
        return F.gelu(x * (1 + condition)[:, :, None, None])

    def block(x: Tensor, name: str, *, down: bool, up: bool, plain_end: bool = False) -> Tensor:
        for layer in range(LAYERS):
            kernel = state[f"{name}.{3 * layer}.weight"]
            if down and layer == 0:
                x = F.conv2d(x, kernel, stride=2)
            elif up and layer == LAYERS - 1:
                x = F.conv_transpose2d(x, kernel, stride=2)
            else:
                x = F.conv2d(x, kernel, padding=1)
            if not (plain_end and layer == LAYERS - 1):
                x = norm_gelu(x, f"{name}.{3 * layer + 1}")
        return x

    x, skips = y, []
    for k in range(SCALES):
        x = block(x, f"encoder.{k}", down=k > 0, up=False)
        skips.append(x)
    x = block(x, "middle_block", down=True, up=True)
    for k in reversed(range(SCALES)):
        x = block(torch.cat((x, skips[k]), 1), f"decoder.{k}", down=False, up=k > 0, plain_end=k == 0)
    return 0.5 * (y * x).flatten(1).sum(1)
