"""What entry points set for their process, and what importing the library leaves alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
_SHOW = "import os, sys; print('torch' in sys.modules, os.environ.get('OMP_WAIT_POLICY'))"


def run(code: str, **environment: str) -> str:
    without = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    command = [sys.executable, "-c", f"{code}\n{_SHOW}"]
    done = subprocess.run(command, cwd=ROOT, env=without | environment, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


def test_importing_the_library_changes_nothing_in_the_process() -> None:
    assert run("import explorer; explorer.load") == "True None"


@pytest.mark.parametrize(("given", "found"), [({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE")])
def test_an_entry_point_sets_what_the_user_has_not_set(given: dict[str, str], found: str) -> None:
    assert run("from explorer.process import prepare_process; prepare_process()", **given) == f"False {found}"


@pytest.mark.parametrize(
    ("encoding", "printed"),
    [
        ("utf-8", "é − 1 ± 2… → ∂ 像 \\udce9"),
        ("latin-1", "é - 1 ± 2... -> d \\u50cf \\udce9"),
        ("ascii", "e - 1 +- 2... -> d \\u50cf \\udce9"),
    ],
)
def test_what_a_terminal_lacks_is_printed_in_plain_characters(encoding: str, printed: str) -> None:
    """The last one stands for a byte in the name of a file that is no text."""
    code = "from explorer.process import prepare_process; prepare_process(); print('é − 1 ± 2… → ∂ 像 \\udce9')"
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=True)
    assert done.stdout.decode(encoding).strip() == printed
    code = code.replace("print(", "import sys; sys.stderr.write(")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=True)
    assert done.stderr.decode(encoding).strip() == printed


_COMMAND_LINE = """
import sys
from explorer.__main__ import main
sys.argv = ["explorer", "--help"]
try:
    main()
except SystemExit:
    pass
"""

_APP = """
from streamlit.testing.v1 import AppTest
AppTest.from_file("app.py", default_timeout=120).run()
"""


@pytest.mark.parametrize("entry", [_COMMAND_LINE, _APP], ids=["command line", "app"])
def test_entry_points_prepare_their_process(entry: str, home: Path) -> None:
    assert run(entry, EXPLORER_HOME=str(home)).endswith("PASSIVE")
