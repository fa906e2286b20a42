"""The house: which room may use which. A change that turns an arrow around fails here."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

FLOORS = [
    {"errors", "home", "units", "decoding", "images", "perturbations", "wavelets"},
    {"models", "data"},
    {"measures"},
    {"training", "catalog", "figures"},
    {"jobs"},
    {"webapp"},
    {"cli"},
    {"__main__"},
]
LEVEL = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
SOURCES = sorted(path for folder in ("explorer", "pages") for path in (ROOT / folder).rglob("*.py"))


def imported(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.append(str(node.module))
    return names


def room(path: Path) -> str:
    return path.relative_to(ROOT / "explorer").with_suffix("").parts[0]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows_point_one_way(path: Path) -> None:
    modules = [name.split(".") for name in imported(path)]
    if path.is_relative_to(ROOT / "pages"):
        assert not any(module[0] in {"torch", "duckdb", "PIL"} for module in modules), "a page does no math and no I/O"
        return
    if path == ROOT / "explorer" / "__init__.py":
        return
    here = room(path)
    for module in modules:
        if module[0] == "streamlit":
            assert here == "webapp", "streamlit belongs to webapp"
        if module[0] == "explorer" and len(module) > 1 and module[1] != here:
            lower = LEVEL[module[1]] < LEVEL[here] or LEVEL[here] == 0
            assert lower, f"{here} may not use {module[1]}"


def test_modules_stay_small() -> None:
    long = {str(path.relative_to(ROOT)): n for path in SOURCES if (n := path.read_text().count("\n")) > 400}
    assert not long
