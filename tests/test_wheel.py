"""The package as a stranger gets it: built, installed outside the repository, used from a folder of their own."""

import csv
import io
import socket
import subprocess
import sys
import sysconfig
import time
import tomllib
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent
PATIENCE = 300  # seconds, on a busy machine


def pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as ``pip install .`` builds it, by the same backend, which is here already."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT))
    return next(folder.glob("image_density_explorer-*.whl"))


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a new environment that has the wheel, and sees the dependencies that the tests have."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    programs = folder / "bin"
    pip("--python", str(programs / "python"), "install", "--no-deps", "--no-index", str(wheel))
    packages = next(folder.glob("lib/python*/site-packages"))
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return programs


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> Path:
    """The folder that the user is in: not in the repository, which nothing points to."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    for name in ("PYTHONPATH", "VIRTUAL_ENV"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def output(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def below(folder: str, *patterns: str) -> set[str]:
    """Files of the repository that are not hidden, as paths from its root."""
    found = (path for pattern in patterns for path in (ROOT / folder).rglob(pattern))
    return {path.relative_to(ROOT).as_posix() for path in found if path.is_file() and not path.name.startswith(".")}


def test_the_wheel_has_what_the_app_and_the_library_need_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        assert any(name.endswith("licenses/LICENSE") for name in archive.namelist())
    beside = {"app.py", ".streamlit/config.toml", *below("pages", "*.py"), *below("checkpoints", "*")}
    assert names >= {f"explorer/_app/{name}" for name in beside}
    assert names >= {"explorer/py.typed", *below("explorer", "*.py", "*.js", "*.css", "*.svg", "*.toml")}
    assert "explorer/training/recipes/natural64.toml" in names
    assert "explorer/_app/checkpoints/natural64/catalogs/photos/meta.json" in names
    assert all(name.startswith("explorer/") for name in names)
    assert not [name for name in names if name.endswith(".pyc") or "tests/" in name or "benchmarks" in name]


def test_the_backend_that_builds_here_is_the_one_that_builds_for_everybody() -> None:
    pinned = (ROOT / "tests" / "requirements.txt").read_text(encoding="utf-8").split()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(project["build-system"]["requires"]) <= set(pinned)


def test_the_installed_command_scores_an_image(programs: Path, elsewhere: Path) -> None:
    where = output(programs / "python", "-c", "import explorer; print(explorer.__file__)").strip()
    assert Path(where).is_relative_to(programs.parent), "the package is that of the wheel"
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40), np.uint8)
    Image.fromarray(pixels).save("picture.png")
    for command in ([programs / "image-density-explorer"], [programs / "python", "-m", "explorer"]):
        (row,) = csv.DictReader(io.StringIO(output(*command, "score", "picture.png", "--model", "natural32")))
        assert np.isfinite(float(row["log_prob_nats"]))


@contextmanager
def running(command: list[str | Path]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def get(address: str) -> str:
    with urllib.request.urlopen(address, timeout=5) as answer:
        assert answer.status == 200
        return answer.read().decode()


def test_the_installed_app_answers(programs: Path, elsewhere: Path) -> None:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    address = f"http://localhost:{port}"
    end = time.monotonic() + PATIENCE
    with running([programs / "image-density-explorer", "app", "--port", str(port), "--no-browser"]) as server:
        while True:
            try:
                assert get(f"{address}/_stcore/health") == "ok"
                break
            except OSError:
                assert server.poll() is None, "the server has ended"
                assert time.monotonic() < end
                time.sleep(0.5)
        assert "<title>" in get(address)


_EVERY_PAGE = """
from streamlit.testing.v1 import AppTest
from explorer.home import APP_SCRIPT
from explorer.webapp.shell.navigation import SECTIONS, page_file

app = AppTest.from_file(str(APP_SCRIPT), default_timeout=300).run()
for page in (page for pages in SECTIONS.values() for page in pages):
    app.switch_page(page_file(page.name)).run()
    print(page.name, [error.message for error in app.exception])
"""


def test_every_page_is_in_the_installed_app(programs: Path, elsewhere: Path) -> None:
    lines = output(programs / "python", "-c", _EVERY_PAGE).splitlines()
    assert sorted(lines) == sorted(f"{path.stem} []" for path in (ROOT / "pages").glob("*.py"))
