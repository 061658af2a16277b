"""The small print under every figure: what made it."""

from __future__ import annotations

from sim.experiments.compare import Comparison
from sim.experiments.simulate import Runs
from sim.report.words import percent, say


def footer(result: Runs | Comparison, lang: str) -> str:
    """Seed, replications, version and scenario, and the confidence level of a comparison."""
    made = result.provenance
    sure = say("figure.confidence", lang, confidence=percent(result.confidence, lang)) if isinstance(result, Comparison) else ""
    return say("figure.footer", lang, seed=made["seed"], replications=made["replications"], confidence=sure,
               version=made["incentivelab"], scenario=made["scenario"], digest=made["scenario_digest"])
