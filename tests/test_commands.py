"""The two commands of the README: continuous integration runs the marked one, and both are what they should be."""

import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def marked(name: str) -> str:
    """The command in the fenced block below its mark."""
    (command,) = re.findall(rf"^<!-- command: {name} -->\n```bash\n(.+)\n```$", README, re.MULTILINE)
    return command


def test_the_run_command_installs_and_opens_the_app() -> None:
    steps = marked("run").split(" && ")
    assert steps[0] == "python3 -m venv .venv"
    assert steps[1] in (".venv/bin/pip install -q -r requirements.txt", ".venv/bin/pip install -q .")
    assert steps[2:] in ([".venv/bin/python -m explorer app"], [".venv/bin/image-density-explorer app"])


def test_the_test_command_installs_and_runs_the_tests() -> None:
    assert marked("test").split(" && ") == [
        "python3 -m venv .venv",
        ".venv/bin/pip install -q -r tests/requirements.txt",
        ".venv/bin/python -m pytest",
    ]


def ci(folder: Path) -> subprocess.CompletedProcess[str]:
    """What `.ci/run` would run in a folder."""
    return subprocess.run([folder / ".ci" / "run", "--show"], capture_output=True, text=True, check=False)


def test_ci_runs_the_marked_command(tmp_path: Path) -> None:
    assert ci(ROOT).stdout.strip() == marked("test")
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    readme = tmp_path / "README.md"
    readme.write_text(
        README.replace("<!-- command: run -->", "```bash\nrm -r everything\n```\n\n<!-- command: run -->")
    )
    assert ci(tmp_path).stdout.strip() == marked("test"), "a block that is inserted changes nothing"
    readme.write_text(README.replace("<!-- command: test -->", ""))
    refused = ci(tmp_path)
    assert refused.returncode == 1
    assert "<!-- command: test -->" in refused.stderr
