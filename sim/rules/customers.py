"""Customers: satisfaction, irritation and churn, all in closed form between contacts (docs/model.md, "Customers")."""

from __future__ import annotations

from sim.compiled import rule


@rule
def contacted(satisfaction: float, irritation: float, gain: float, annoyance: float) -> float:
    """Satisfaction (0 to 1) after a contact: gains a share of what is missing, loses annoyance x irritation squared.

    irritation is the decayed number of recent contacts, so that contact frequency has an ideal point (E38).
    """
    return min(1.0, max(0.0, satisfaction + gain * (1.0 - satisfaction) - annoyance * irritation * irritation))


@rule
def exposure(satisfaction: float, rest: float, days: float, rate: float, left: float, response: float) -> float:
    """Days of hazard, weighted by discontent: the integral over `days` of 1 + response (0.5 - satisfaction(t)).

    A customer leaves when the personal hazard times the exposure passes an exponential threshold; response <= 2 keeps
    the hazard positive. Satisfaction 0.5 throughout gives `days` (T14 with equal satisfaction). left: see `left_after`.
    """
    settled = (1.0 + response * (0.5 - rest)) * days
    if rate <= 0.0:
        return settled - response * (satisfaction - rest) * days
    return settled - response * (satisfaction - rest) * (1.0 - left) / rate
