"""Which package may use which. An import in the other direction fails here."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# A package may use those of the levels below its own; packages of one level do not use each other.
LEVELS = [
    {"errors", "escaping", "units", "process", "progress"},
    {"scales", "wide"},
    {"jpeg_xl"},
    {"home", "locks", "decoding", "wavelets"},
    {"images"},
    {"perturbations"},
    {"models", "data"},
    {"measures"},
    {"training", "catalog", "figures"},
    {"jobs"},
    {"webapp"},
    {"cli"},
    {"__main__"},
]
LEVEL = {package: level for level, packages in enumerate(LEVELS) for package in packages}
MEASURES = [{"shared"}, {"image", "sampling"}, {"geometry"}, {"dataset", "wells"}, {"consistency"}]
SOURCES = sorted(path for folder in ("explorer", "pages") for path in (ROOT / folder).rglob("*.py"))


def imported(path: Path) -> list[list[str]]:
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return [name.split(".") for name in names]


def parts(path: Path) -> tuple[str, ...]:
    return path.relative_to(ROOT / "explorer").with_suffix("").parts


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows_point_one_way(path: Path) -> None:
    modules = imported(path)
    if path.is_relative_to(ROOT / "pages"):
        assert all(module[:3] == ["explorer", "webapp", path.stem] for module in modules), "a page calls its package"
        return
    if path == ROOT / "explorer" / "__init__.py":
        return
    here = parts(path)[0]
    for module in modules:
        if module[0] == "streamlit":
            assert here == "webapp", "streamlit belongs to webapp"
        if module[0] == "explorer" and len(module) > 1 and module[1] != here:
            assert LEVEL[module[1]] < LEVEL[here], f"{here} may not use {module[1]}"


@pytest.mark.parametrize("path", sorted((ROOT / "explorer" / "webapp").rglob("*.py")), ids=str)
def test_a_page_uses_no_other_page(path: Path) -> None:
    inside = parts(path)[1]
    pages = {file.stem for file in (ROOT / "pages").glob("*.py")}
    may = {"widgets"} if inside == "widgets" else {"shell", "widgets"} if inside == "shell" else None
    for module in imported(path):
        if module[:2] == ["explorer", "webapp"] and len(module) > 2 and module[2] != inside:
            if may is not None:
                assert module[2] in may, f"{inside} may not use {module[2]}"
            else:
                assert module[2] not in pages, f"the page {inside} may not use {module[2]}"
        if path.name == "page.py":
            assert module[0] not in {"torch", "duckdb", "PIL"}, "a page does no math and no I/O"


@pytest.mark.parametrize("path", sorted((ROOT / "explorer" / "measures").rglob("*.py")), ids=str)
def test_measures_of_few_things_know_none_of_many(path: Path) -> None:
    level = {package: number for number, packages in enumerate(MEASURES) for package in packages}
    here = parts(path)[1]
    for module in imported(path):
        if module[:2] == ["explorer", "measures"] and len(module) > 2 and module[2] != here:
            assert level[module[2]] < level[here], f"measures.{here} may not use measures.{module[2]}"


def test_modules_stay_small() -> None:
    long = {str(path.relative_to(ROOT)): n for path in SOURCES if (n := path.read_text().count("\n")) > 400}
    assert not long


def test_percentages_have_one_form() -> None:
    """Python and Plotly write no space before the sign; `explorer.units.format_percent` does."""
    without = [str(path.relative_to(ROOT)) for path in SOURCES if re.search(r":[^{}]*%\}", path.read_text("utf-8"))]
    assert not without
