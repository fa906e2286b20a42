"""Training to the end, for the scripts beside this one."""

from __future__ import annotations

import time

import typer

from explorer.models.base import EnergyModel
from explorer.training.trainer import Trainer

__all__ = ["averaged", "take_all_steps"]

_TELL_EVERY = 500  # steps


def averaged(trainer: Trainer) -> EnergyModel:
    """The network with averaged weights, where it is an energy."""
    model = trainer.averaged
    assert isinstance(model, EnergyModel)
    return model


def take_all_steps(trainer: Trainer, name: str) -> float:
    """Take every step that is left, and say how far it is; returns the CPU minutes."""
    began = time.process_time()
    while trainer.step < trainer.config.steps:
        trainer.take_step()
        if trainer.step % _TELL_EVERY == 0:
            typer.echo(f"  {name}: step {trainer.step:,} of {trainer.config.steps:,}", err=True)
    return (time.process_time() - began) / 60
