"""README and docs: their tables are those of the results, and what they name, link and run is there."""

from __future__ import annotations

import importlib
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import typer
from PIL import Image
from typer.main import get_command

from benchmarks.render import COMPUTED, MARKED, render, texts
from benchmarks.result import FOLDER, load
from explorer.cli import app
from explorer.models.checkpoints import CheckpointConfig

ROOT = Path(__file__).parent.parent
TEXTS = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in texts()}
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
WITHOUT_TABLE = {"app", "driving", "pictures", "render"}
README_LINES = 150


def blocks(language: str) -> list[tuple[str, str]]:
    """The fenced blocks of a language, with the file that each is in."""
    return [(name, found[3]) for name, text in TEXTS.items() for found in FENCE.finditer(text) if found[2] == language]


def commands() -> list[str]:
    """What README, docs and results tell to run with ``python -m``: the module and its arguments."""
    shown = [line for _, block in blocks("bash") for line in block.splitlines()]
    shown += [code for text in TEXTS.values() for code in re.findall(r"`([^`\n]+)`", FENCE.sub("", text))]
    found = [re.search(r"python -m ((?:explorer|benchmarks)\b.*)", line) for line in shown]
    return sorted({shlex.join(shlex.split(match[1], comments=True)) for match in found if match})


@pytest.mark.parametrize("name", TEXTS)
def test_tables_are_those_of_the_results(name: str, home: Path) -> None:
    assert render(TEXTS[name]) == TEXTS[name], "run: python -m benchmarks.render"


def test_every_result_is_in_one_text() -> None:
    shown = [found["name"] for text in TEXTS.values() for found in MARKED.finditer(text)]
    assert sorted(shown) == sorted([*COMPUTED, *(path.stem for path in FOLDER.glob("*.json"))])


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_results_say_where_they_are_from_and_name_no_place(path: Path) -> None:
    result = load(path.stem)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", result.date)
    assert result.commit
    assert result.command.startswith("python -m benchmarks.")
    assert "/" not in result.command


def test_readme_is_short() -> None:
    assert TEXTS["README.md"].count("\n") <= README_LINES


@pytest.mark.parametrize("name", TEXTS)
def test_links_lead_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", TEXTS[name])):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        assert file.exists(), f"{name} links to {target}"
        assert not anchor or anchor in anchors(file), f"{name} links to {target}"


def anchors(path: Path) -> set[str]:
    """Of the headings of a file, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", TEXTS)
def test_paths_of_the_repository_exist(name: str) -> None:
    folders = "app.py|pages|explorer|checkpoints|tests|benchmarks|docs"
    for path in re.findall(rf"`((?:{folders})/[\w./-]*)`", FENCE.sub("", TEXTS[name])):
        if "NAME" not in path:
            assert (ROOT / path).exists(), f"{name} names {path}"


@pytest.mark.parametrize("shown", commands())
def test_commands_can_be_parsed(shown: str) -> None:
    module, *arguments = shlex.split(shown)
    if module == "explorer":
        command = get_command(app)
    else:
        name = module if (ROOT / module.replace(".", "/")).with_suffix(".py").exists() else f"{module}.__main__"
        command = get_command(script_of(importlib.import_module(name)))
    parse(command, arguments)


def script_of(module: ModuleType) -> typer.Typer:
    """The command line of a benchmark: of several commands, or its `main` alone."""
    if hasattr(module, "app"):
        script: typer.Typer = module.app
        return script
    script = typer.Typer()
    script.command()(module.main)
    return script


def parse(command: typer.core.TyperCommand, arguments: list[str]) -> None:
    """Parse arguments without running anything; raises what the command line would say of them."""
    if not arguments or "--help" in arguments:
        return
    context = command.make_context(command.name, list(arguments))
    if isinstance(command, typer.core.TyperGroup):
        _, inner, rest = command.resolve_command(context, arguments)
        parse(inner, rest)


def programs() -> list[tuple[str, str]]:
    """The code that runs by itself; what begins with the name of a file is a recipe, see `tests/test_recipes.py`."""
    return [(name, code) for name, code in blocks("python") if not code.startswith("# ")]


@pytest.mark.parametrize(("name", "code"), programs(), ids=lambda value: value.splitlines()[0][:40])
def test_code_runs(name: str, code: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pixels = np.random.default_rng(0).integers(0, 256, (80, 96, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.jpg")
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{name}: {ran.stderr}"


@pytest.mark.parametrize(("name", "text"), blocks("json"), ids=str)
def test_configurations_are_read(name: str, text: str) -> None:
    assert CheckpointConfig.model_validate_json(text), name


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda path: path.stem)
def test_every_benchmark_that_is_run_keeps_its_table(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if '__name__ == "__main__"' in text and path.stem not in WITHOUT_TABLE:
        assert "write: WriteOption" in text
