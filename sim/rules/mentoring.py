"""Mentoring: what flows, and what the mentor does with the mentee's day (docs/model.md, "Mentoring")."""

from __future__ import annotations

import math

from sim.compiled import rule


@rule
def taught(mentee: float, mentor: float, hours: float, rate: float, harm: float) -> float:
    """Mentee's skill after a day of mentoring: toward the mentor's at `rate` per hour given; downward `harm` times as fast.

    A good mentor helps, a bad one harms; harm = 0: nobody unlearns; hours = 0: nothing flows.
    """
    gap = mentor - mentee
    if gap < 0.0:
        gap *= harm
    return mentee + gap * (1.0 - math.exp(-rate * hours))


@rule
def errand_share(value_as_errand: float, value_on_own: float, most: float) -> float:
    """Share of the mentee's hours the mentor takes for errands, by own expected pay.

    most x (errand - own) / (errand + own), not below 0: no gain, no errands; worth nothing on their own: `most`.
    """
    total = value_as_errand + value_on_own
    if total <= 0.0:
        return 0.0
    return most * max(0.0, (value_as_errand - value_on_own) / total)


@rule
def dependence_after(dependence: float, errands: float, growth: float, recovery: float) -> float:
    """Dependence (0 to 1) a day later: grows with the share of errands, recovers otherwise."""
    return min(1.0, max(0.0, dependence + growth * errands * (1.0 - dependence) - recovery * (1.0 - errands) * dependence))
