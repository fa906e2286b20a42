"""Reports and efforts that tests of several packages share."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from explorer.measures.consistency.annealing import AnnealingCheck
from explorer.measures.consistency.check import Conditions, Measured
from explorer.measures.consistency.checks import QUICK
from explorer.measures.consistency.dimensionality import (
    CleanDimensionality,
    CleanDimensionalityCheck,
    CleanLevel,
    NoisyDimensionality,
    NoisyDimensionalityCheck,
    NoisyLevel,
)
from explorer.measures.consistency.flow import Flow, FlowCheck
from explorer.measures.consistency.heat import HeatCheck, HeatEquation, HeatResidual
from explorer.measures.consistency.large_noise import LargeNoiseCheck
from explorer.measures.consistency.likelihood import GapLevel, Likelihood, LikelihoodCheck
from explorer.measures.consistency.memorization import Memorization, MemorizationCheck, MemorizationLevel
from explorer.measures.consistency.other_photographs import Estimates, OtherPhotographs, OtherPhotographsCheck
from explorer.measures.consistency.own_samples import Drift, EnergyLevel, OwnSamples, OwnSamplesCheck
from explorer.measures.consistency.partition import LogPartition, Normalization
from explorer.measures.consistency.report import Report
from explorer.measures.consistency.step_aside import RolledEnergies, StepAside, StepAsideCheck
from explorer.measures.consistency.verdict import Verdict
from explorer.measures.image.flow import FlowLikelihood

SMALL = replace(
    QUICK,
    seconds=None,  # a busy machine measures as much
    checks=(
        LargeNoiseCheck(6),
        LikelihoodCheck(6, levels=5),
        StepAsideCheck(5),
        OtherPhotographsCheck(3, levels=5),
        MemorizationCheck(4, levels=3),
        HeatCheck(4, levels=3, probes=4),
        NoisyDimensionalityCheck(4, levels=3),
        CleanDimensionalityCheck(4, levels=3, probes=4),
        FlowCheck(2, nodes=8, probes=4),
        AnnealingCheck(8, levels=5),
        OwnSamplesCheck(4, samples=4, steps=6, moves=3),
    ),
)
"""All checks in a moment."""


def pixels(count: int = 8, side: int = 8) -> np.ndarray:
    """Noise of 8 bits."""
    return np.random.default_rng(0).integers(0, 256, (count, 1, side, side), dtype=np.uint8)


def good(image_shape: tuple[int, int, int] = (1, 10, 10)) -> Report:
    """A report of a model that passes everything; 100 pixel values, so that 1 nat is 0.0144 bits/dimension."""
    d = math.prod(image_shape)
    flow = FlowLikelihood(
        log_prob=101.0,
        standard_error=1.0,
        energy_log_prob=100.0,
        tolerance=1e-4,
        gradients=100,
        traces=10,
        seconds=1.0,
        energy_seconds=0.01,
    )
    return Report(
        conditions=Conditions(
            image_shape=image_shape,
            levels=256,
            psnr=60.0,
            lowest_psnr=-20.0,
            dataset="noise",
            other="other noise",
            own=True,
        ),
        made="2026-01-01T00:00:00+00:00",
        effort="quick",
        results={
            "large_noise": normalization(0.01, 0.001),
            "likelihood": Likelihood(
                images=10, energy=1.0, i_mmse=0.0, levels=(gap_level(60.0, 1.0), gap_level(-20.0, 0.0))
            ),
            "step_aside": rolled(10.0, 10.2, 10.4, 10.6, error=0.1),
            "other_photographs": OtherPhotographs(
                images=10,
                other=Estimates(energy=2.0, i_mmse=1.0, jpeg_xl=9.0 * d, gap_error=0.1, advantage_error=0.001 * d),
                own=Estimates(energy=1.0, i_mmse=0.0, jpeg_xl=8.5 * d),
                other_images=10,
            ),
            "memorization": memorization(1.0),
            "heat_equation": HeatEquation(images=10, levels=(residual(0.004),)),
            "noisy_dimensionality": NoisyDimensionality(
                images=10, levels=(NoisyLevel(psnr=20.0, denoising=50.0, energy=51.0, standard_error=0.1),)
            ),
            "clean_dimensionality": CleanDimensionality(
                images=10, levels=(clean_level(60.5),), time_score_seconds=0.1, trace_seconds=1.0
            ),
            "flow": Flow(images=2, flows=(flow, flow)),
            "annealing": normalization(0.5, 0.2),
            "own_samples": own_samples(1.0),
        },
    )


def memorization(difference: float, error: float = 0.5) -> Memorization:
    """What was measured where own images are so much more probable, in nats."""
    level = MemorizationLevel(psnr=60.0, difference=difference, error=error, own_mse=0.9, fresh_mse=0.91)
    return Memorization(images=10, fresh=12, levels=(level, level.model_copy(update={"psnr": 20.0})))


def normalization(value: float, error: float) -> Normalization:
    return Normalization(images=10, log_partition=LogPartition(value=value, standard_error=error))


def own_samples(
    difference: float, samples_drift: float = 0.0, data_drift: float = 0.0, error: float = 0.5
) -> OwnSamples:
    """What was measured of samples whose ``-log p`` is that much above that of data, in nats."""
    level = EnergyLevel(psnr=60.0, samples=10 + difference, samples_error=error, data=10.0, data_error=error)
    drifts = (Drift(mean=drift, standard_error=error) for drift in (samples_drift, data_drift))
    of_samples, of_data = drifts
    return OwnSamples(
        images=10, samples=10, steps=6, levels=(level,), moves=9, samples_drift=of_samples, data_drift=of_data
    )


def gap_level(psnr: float, gap: float, error: float | None = 0.1) -> GapLevel:
    return GapLevel(psnr=psnr, gap=gap, mean_time_score=0.0, time_error=1.0, standard_error=error)


def rolled(*energies: float, error: float) -> StepAside:
    errors = (error,) * (len(energies) - 2)
    return StepAside(images=10, rolled=RolledEnergies(energies=energies, standard_errors=errors))


def residual(rms: float, error: float = 0.001) -> HeatResidual:
    return HeatResidual(psnr=20.0, mean=0.001, standard_error=0.001, rms=rms, trace_error=0.001, rms_error=error)


def clean_level(trace: float, error: float = 0.1) -> CleanLevel:
    return CleanLevel(psnr=20.0, time_score=60.0, trace=trace, trace_error=0.1, standard_error=error)


def empty() -> Report:
    """A report before anything was measured."""
    return good().model_copy(update={"results": {}})


def with_result(report: Report, name: str, measured: Measured) -> Report:
    """The report with another result of one check."""
    return report.model_copy(update={"results": report.results | {name: measured}})


def outcome(report: Report, name: str) -> Verdict:
    """The verdict of one check."""
    return next(verdict for verdict in report.verdicts() if verdict.check == name)
