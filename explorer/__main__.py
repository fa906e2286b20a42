"""The command line: ``image-density-explorer`` where the package is installed, ``python -m explorer`` everywhere."""

from __future__ import annotations

from explorer.process import prepare_process

__all__ = ["main"]


def main() -> None:
    """Run the command line in a process of its own."""
    prepare_process()
    from explorer.cli import main as run_command_line  # brings torch

    run_command_line()


if __name__ == "__main__":
    main()
