"""The list of all checks, in the order in which they are run and shown, with how much each measures."""

from __future__ import annotations

from typing import Any

from explorer.measures.consistency.annealing import AnnealingCheck
from explorer.measures.consistency.check import Check
from explorer.measures.consistency.dimensionality import CleanDimensionalityCheck, NoisyDimensionalityCheck
from explorer.measures.consistency.effort import Effort
from explorer.measures.consistency.flow import FlowCheck
from explorer.measures.consistency.heat import HeatCheck
from explorer.measures.consistency.large_noise import LargeNoiseCheck
from explorer.measures.consistency.likelihood import LikelihoodCheck
from explorer.measures.consistency.memorization import MemorizationCheck
from explorer.measures.consistency.other_photographs import OtherPhotographsCheck
from explorer.measures.consistency.own_samples import OwnSamplesCheck
from explorer.measures.consistency.step_aside import StepAsideCheck

__all__ = ["CHECKS", "FULL", "QUICK"]

_QUICK_AND_FULL: tuple[tuple[Check[Any], Check[Any]], ...] = (
    (LargeNoiseCheck(64), LargeNoiseCheck(500)),
    (LikelihoodCheck(64, levels=17), LikelihoodCheck(500, levels=33)),
    (StepAsideCheck(32), StepAsideCheck(128)),
    (OtherPhotographsCheck(32, levels=17), OtherPhotographsCheck(500, levels=33)),
    (MemorizationCheck(64, levels=5), MemorizationCheck(500, levels=9)),
    (HeatCheck(16, levels=9, probes=4), HeatCheck(64, levels=17, probes=16)),
    (NoisyDimensionalityCheck(16, levels=6), NoisyDimensionalityCheck(64, levels=11)),
    (CleanDimensionalityCheck(16, levels=6, probes=4), CleanDimensionalityCheck(64, levels=11, probes=16)),
    (FlowCheck(4, nodes=24, probes=4), FlowCheck(16, nodes=48, probes=16)),
    (AnnealingCheck(64, levels=150), AnnealingCheck(128, levels=1000)),
    (OwnSamplesCheck(64, samples=16, steps=42, moves=30), OwnSamplesCheck(500, samples=128, steps=60, moves=60)),
)

QUICK = Effort("quick", tuple(quick for quick, _ in _QUICK_AND_FULL), seconds=60.0)
"""All checks on few images, in about a minute."""
FULL = Effort("full", tuple(full for _, full in _QUICK_AND_FULL))
"""More images, more noise levels, smaller errors."""
CHECKS = FULL.checks
