"""The one exception that is meant for people."""

from __future__ import annotations

__all__ = ["ExplorerError"]


class ExplorerError(ValueError):
    """Something that the user can mend. The message is a sentence: what is wrong, and what to do.

    Pages show it in place of the result; the command line prints it and exits with status 1. Everything else that is
    raised is a bug.
    """
