"""Leaving: the hazard a customer bears in full, by cause, in closed form (docs/model.md, "Leaving")."""

from __future__ import annotations

import math

from sim.compiled import rule
from sim.rules.customers import exposure
from sim.rules.fading import left_after


@rule
def scar_borne(scar: float, days: float, fade: float) -> float:
    """Hazard borne in `days` from a scar of so much a day that fades: scar (1 - exp(-fade days)) / fade; fade 0: scar x days."""
    if scar <= 0.0:
        return 0.0
    if fade <= 0.0:
        return scar * days
    return -scar * math.expm1(-fade * days) / fade


@rule
def hazard_borne(hazard: float, rival: float, scars: float, satisfaction: float, rest: float, days: float, rate: float,
                 response: float, loyalty: float, fade: float) -> float:
    """Hazard borne in `days`: the customer's own and the rival's, each weighted by discontent, and that of scars.

    hazard, rival, scars: a day, at satisfaction 0.5. No rival and no scar: hazard x exposure (T14).
    """
    left = left_after(days, rate)
    total = hazard * exposure(satisfaction, rest, days, rate, left, response) + scar_borne(scars, days, fade)
    if rival > 0.0:
        total += rival * exposure(satisfaction, rest, days, rate, left, loyalty)
    return total


@rule
def neglect_part(hazard: float, satisfaction: float, response: float) -> float:
    """The part of the customer's own hazard that discontent adds: hazard x response x (0.5 - satisfaction), not below 0."""
    return hazard * response * max(0.0, 0.5 - satisfaction)
