"""What the checks of a model measured, as data that can be stored, and what it means."""

from __future__ import annotations

import re
import textwrap
from typing import Any

from pydantic import BaseModel, SerializeAsAny, field_validator

from explorer.data.offered import list_datasets
from explorer.measures.consistency.chart import Chart
from explorer.measures.consistency.check import STORED, Conditions, Measured
from explorer.measures.consistency.checks import CHECKS
from explorer.measures.consistency.verdict import Verdict

__all__ = ["Report"]

_PART = re.compile(r" \((train|validation|all)\)$")
_MEASURED = {check.name: check.measured for check in CHECKS}


class Report(BaseModel):
    """What was measured, and under which conditions. ``print(report)`` shows all verdicts.

    Attributes:
        conditions: what the checks were made on.
        made: when, in UTC, ISO 8601.
        effort: `quick` or `full`.
        seconds: how long the checks took.
        results: by name of the check; those that were not run are missing. Results of checks that this version does
            not know are left out.
    """

    model_config = STORED

    conditions: Conditions
    made: str
    effort: str
    seconds: float = 0.0
    results: dict[str, SerializeAsAny[Measured]] = {}

    @field_validator("results", mode="before")
    @classmethod
    def _of_its_check(cls, results: Any) -> Any:
        if not isinstance(results, dict):
            return results
        return {name: _MEASURED[name].model_validate(data) for name, data in results.items() if name in _MEASURED}

    @property
    def source(self) -> str:
        """Name of the data set, as in the ``config.json`` of a checkpoint. Reports of earlier versions have what people
        call it, with the part of it in brackets."""
        if self.conditions.source:
            return self.conditions.source
        title = _PART.sub("", self.conditions.dataset)
        return next((info.spec for info in list_datasets() if info.builtin and info.title == title), title)

    @property
    def subject(self) -> tuple[str, str]:
        """Which data set, and which part of it."""
        in_name = _PART.search(self.conditions.dataset)
        return self.source, self.conditions.split or (in_name[1] if in_name else "")

    def verdicts(self) -> list[Verdict]:
        """One verdict for each check; those that were not run say so."""
        return [check.outcome(self.results.get(check.name), self.conditions) for check in CHECKS]

    def charts(self) -> list[Chart]:
        """The figures of what was measured."""
        measured = ((check, self.results[check.name]) for check in CHECKS if check.name in self.results)
        charts = (check.chart(result, self.conditions) for check, result in measured)
        return [chart for chart in charts if chart is not None]

    def __str__(self) -> str:
        verdicts = self.verdicts()
        titles, values = (max(map(len, column)) for column in zip(*((v.title, v.value) for v in verdicts), strict=True))
        table = [f"{v.title:{titles}}  {v.value:{values}}  {v.outcome}" for v in verdicts]
        sentences = [textwrap.fill(f"{v.title}. {v.sentence}", 100) for v in verdicts]
        return "\n".join([*table, "", *sentences])
