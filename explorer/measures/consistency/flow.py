"""The probability flow: log p of single images by an ODE that does not use the energy at ``t0``; see
`explorer.measures.image.flow`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from pydantic import Field

from explorer.measures.consistency.chart import Axis, Chart, Curve
from explorer.measures.consistency.check import Check, Conditions, Measured, Subject
from explorer.measures.consistency.verdict import Verdict, decide, standard_error, threshold_text, with_error
from explorer.measures.image.flow import FlowLikelihood, flow_log_prob
from explorer.measures.shared.laplacian import trace_passes, trace_probes
from explorer.measures.shared.noise import noise_generator
from explorer.progress import Progress
from explorer.units import short_unit

__all__ = ["Flow", "FlowCheck"]

_GRADIENTS = 120  # that a good model takes


class Flow(Measured):
    """log p by the flow and by the energy, of one image each."""

    flows: tuple[FlowLikelihood, ...] = Field(min_length=1)


@dataclass(frozen=True)
class FlowCheck(Check[Flow]):
    """Does the flow give the log p of the energy?

    Attributes:
        images: how many.
        nodes: of the quadrature along the flow.
        probes: of a trace that is not exact.
    """

    name = "flow"
    title = "Probability flow"
    measured = Flow
    threshold = 0.05  # of the mean over images
    unit = "bits/dimension"

    nodes: int
    probes: int

    def cost(self, conditions: Conditions) -> float:
        return self.images * (_GRADIENTS + self.nodes * trace_passes(conditions.dimensions, self.probes))

    def run(self, subject: Subject, progress: Progress) -> Flow:
        model, x, t_low = subject.model, subject.x[: self.images], subject.t_low
        probes = trace_probes(model.dimensions, self.probes)
        generator = noise_generator(subject.seed + 2)
        flows: list[FlowLikelihood] = []
        for done, image in enumerate(torch.split(x, 1)):
            y = image + t_low**0.5 * torch.randn(image.shape, generator=generator)
            flows.append(
                flow_log_prob(model, y, t_low, subject.t_max, nodes=self.nodes, probes=probes, seed=subject.seed + done)
            )
            progress(done + 1, len(x))
            if not math.isfinite(flows[-1].log_prob):  # the others would take as long, and change nothing
                break
        return Flow(images=len(flows), flows=tuple(flows))

    def judge(self, measured: Flow, conditions: Conditions) -> Verdict:
        flows = measured.flows
        differences = np.array([conditions.bits_per_dimension(flow.difference) for flow in flows])
        mean, spread = float(differences.mean()), float(np.sqrt(np.mean(differences**2)))
        error = standard_error(differences)
        outcome, where = decide(mean, self.threshold, error), conditions.smallest_noise
        if not math.isfinite(mean):
            sentence = "The ODE cannot be followed: gradients are not finite, or vary too fast."
            return self.verdict(outcome, mean, "not finite", sentence, where)
        agrees = {"passes": "agrees", "does not pass": "disagrees"}.get(outcome, "may agree")
        faster = sum(flow.seconds for flow in flows) / sum(flow.energy_seconds for flow in flows)
        gradients, traces = np.mean([flow.gradients for flow in flows]), np.mean([flow.traces for flow in flows])
        sentence = (
            f"An ODE that does not use the energy at this noise level {agrees}: log p differs by "
            f"{with_error(mean, error, 3)} bits/dimension on average over {len(flows):,} images "
            f"{threshold_text(self.threshold)}, with a root mean square of {spread:.3f}. It takes {gradients:.0f} "
            f"gradients at a tolerance of {flows[0].tolerance:g} and {traces:,.0f} Hessian-vector products; the energy "
            f"takes one forward pass and is {faster:,.0f} times faster."
        )
        return self.verdict(
            outcome, mean, f"{with_error(mean, error, 3)} {short_unit(self.unit)}", sentence, where, error
        )

    def chart(self, measured: Flow, conditions: Conditions) -> Chart:
        bits, flows = conditions.bits_per_dimension, measured.flows
        log_prob = [bits(flow.energy_log_prob) for flow in flows]
        differences = [bits(flow.difference) for flow in flows]
        images = Curve(
            "one image each",
            log_prob,
            differences,
            "image",
            joined=False,
            errors=[2 * bits(flow.standard_error) for flow in flows],
            notes=[f", {flow.gradients} gradients" for flow in flows],
        )
        error = standard_error(differences)
        mean = Curve(
            "mean, which is tested",
            [float(np.mean(log_prob))],
            [float(np.mean(differences))],
            joined=False,
            errors=() if error is None else [2 * error],
        )
        return Chart(
            title=self.title,
            sentence="log p by an ODE minus log p by the energy. The mean over images should lie in the band, within "
            "its two standard errors; single images, in gray, may lie outside.",
            x=Axis("log p by the energy", self.unit),
            y=Axis("flow − energy", self.unit, "+.4f"),
            curves=(images, mean),
            band=self.threshold,
        )
