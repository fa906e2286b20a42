"""The log of the integral of ``exp(-U)``, as two checks estimate it."""

from __future__ import annotations

from pydantic import BaseModel

from explorer.measures.consistency.check import STORED, Measured

__all__ = ["LogPartition", "Normalization"]


class LogPartition(BaseModel):
    """An estimate of a log normalization, in nats; 0 for a normalized energy.

    Attributes:
        value: estimate.
        standard_error: of `value`.
    """

    model_config = STORED

    value: float
    standard_error: float


class Normalization(Measured):
    """An estimate of ``log Z`` of one image's density, in nats, and how many images it was made from."""

    log_partition: LogPartition
