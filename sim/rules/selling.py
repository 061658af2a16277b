"""Selling: what an offer finds, what pushing adds, what it costs, and what past returns do to demand (docs/model.md, "Selling")."""

from __future__ import annotations

import math

from sim.compiled import rule


@rule
def purchases(need: float, pitch: float, satisfaction: float, trust: float, mood: float) -> float:
    """Mean purchases an offer finds: need x pitch x (1 + trust (satisfaction - 0.5)) x mood.

    need: purchases a perfect offer would find, gamma distributed between customers, so that counts over many like offers are
    negative binomial (T17). pitch: 0 to 1. mood: 1 but for funds. Satisfaction 0.5 or trust 0: trust does nothing.
    """
    return need * pitch * max(0.0, 1.0 + trust * (satisfaction - 0.5)) * mood


@rule
def perceived(need: float, mean: float, insight: float) -> float:
    """The need a manager sees: one's own at insight 1 (a review of the customer's assets), the segment's mean at 0."""
    return mean + insight * (need - mean)


@rule
def pushed(worth: float, scruple: float, strength: float) -> float:
    """Purchases an offer gains by pressing: strength x worth / (worth + scruple), whatever the need.

    worth: CNY in pay a sale brings. scruple: CNY at which half of the pressing that is possible is used; worth 0: none.
    """
    if worth <= 0.0:
        return 0.0
    return strength * worth / (worth + scruple)


@rule
def fit(needed: float, pressed: float) -> float:
    """Chance that a sale fits the customer: the part of its mean that need accounts for. Nothing pressed: 1."""
    return needed / (needed + pressed) if needed + pressed > 0.0 else 1.0


@rule
def mood(past_return: float, pull: float, advice: float) -> float:
    """Demand for funds after a monthly return of late: exp(pull (1 - advice) past_return). advice: share undone, below 1."""
    return math.exp(pull * (1.0 - advice) * past_return)


@rule
def rival_pull(rate: float, assets: float, unit: float, power: float) -> float:
    """Hazard a day of a rival's better rate: rate at `unit` CNY of assets, times (assets / unit)^power. power 0: size is idle."""
    if assets <= 0.0 or rate <= 0.0:
        return 0.0
    return rate * math.pow(assets / unit, power)


@rule
def attention(worth: float, best: float, focus: float) -> float:
    """Weight of a customer class whose contact is worth this much: (worth / best)^focus; focus 0, or nothing worth while: 1."""
    if best <= 0.0 or focus <= 0.0:
        return 1.0
    return math.pow(max(0.0, worth) / best, focus)
