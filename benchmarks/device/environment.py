"""What the numbers were measured on, and the tests that a GPU can break."""

from __future__ import annotations

import importlib.util
import os
import platform
import subprocess
import sys
import time

import torch

from benchmarks.app import ROOT
from benchmarks.device.bench import Bench

__all__ = ["environment", "tests"]


def environment(bench: Bench) -> None:
    """What the numbers were measured on."""
    bench.add("python", platform.python_version())
    bench.add("torch", str(torch.__version__))
    bench.add("CPU threads", torch.get_num_threads())
    if bench.device.type == "cuda":
        properties = torch.cuda.get_device_properties(bench.device)
        free, total = torch.cuda.mem_get_info(bench.device)
        bench.add("device", properties.name)
        bench.add("compute capability", f"{properties.major}.{properties.minor}")
        bench.add("memory", total / 2**30, "GiB")
        bench.add("free memory", free / 2**30, "GiB")
        bench.add("cuDNN", str(torch.backends.cudnn.version()))
        bench.add(
            "TF32 convolutions, matrix products",
            f"{bool(torch.backends.cudnn.allow_tf32)}, {torch.backends.cuda.matmul.allow_tf32}",
        )
    else:
        bench.add("device", bench.device.type)


def tests(bench: Bench) -> None:
    """The tests that a GPU can break, in a process of their own."""
    if importlib.util.find_spec("pytest") is None:
        bench.add("tests/test_devices.py", "not run: pytest is missing")
        return
    # Other versions of the libraries warn of other things than those that the project pins.
    options = ["-p", "no:cacheprovider", "-W", "default", "-k", "not other"]
    command = [sys.executable, "-m", "pytest", *options, "tests/test_devices.py"]
    environ = os.environ | {"EXPLORER_TEST_DEVICE": str(bench.device)}
    began = time.perf_counter()
    found = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=max(60.0, bench.left), check=False
    )
    lines = found.stdout.strip().splitlines() or ["nothing printed"]
    bench.add("tests/test_devices.py", lines[-1])
    bench.add("time", time.perf_counter() - began, "s")
    if found.returncode:
        print(found.stdout[-8000:], found.stderr[-2000:], flush=True)
        raise RuntimeError("Tests failed on this device.")
