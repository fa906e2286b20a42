"""How much the checks measure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from explorer.measures.consistency.check import Check, Conditions

__all__ = ["Effort"]


@dataclass(frozen=True)
class Effort:
    """Checks, each with how much it measures.

    Attributes:
        name: for the report.
        checks: in the order in which they are run.
        seconds: about what they may take; where a model is slow they get fewer images. None for no limit.
    """

    name: str
    checks: tuple[Check[Any], ...]
    seconds: float | None = None

    @property
    def images(self) -> int:
        """The most images that a check takes."""
        return max(check.images for check in self.checks)

    def applicable(self, conditions: Conditions) -> tuple[Check[Any], ...]:
        """The checks that mean something for such a model."""
        return tuple(check for check in self.checks if check.not_applicable(conditions) is None)

    def fitted(self, pass_seconds: float, conditions: Conditions) -> Effort:
        """The same with fewer images where the checks that apply would take longer than `seconds`.

        Args:
            pass_seconds: time of one forward and backward pass of one image.
            conditions: what the checks are made on.
        """
        passes = sum(check.cost(conditions) for check in self.applicable(conditions))
        if self.seconds is None or passes * pass_seconds <= self.seconds:
            return self
        share = self.seconds / (pass_seconds * passes)
        return replace(self, checks=tuple(check.fitted(share) for check in self.checks))
