"""Learning by doing, and forgetting (docs/model.md, "Learning")."""

from __future__ import annotations

import math

from sim.compiled import rule
from sim.rules.fading import decayed


@rule
def learn(skill: float, contacts: float, rate: float, ceiling: float) -> float:
    """Skill after self-sourced contacts: exponential approach to a ceiling (T11 with k = rate).

    skill, ceiling: share of full competence, 0 to 1. contacts: number since the last update. rate: per contact.
    rate = 0 leaves skill unchanged; contacts without end reach the ceiling; skill above the ceiling is kept.
    """
    if skill >= ceiling or contacts <= 0.0:
        return skill
    return skill - (ceiling - skill) * math.expm1(-rate * contacts)


@rule
def forget(skill: float, left: float, floor: float) -> float:
    """Skill after idle days: exponential approach to what is never forgotten. left: see `left_after`; 1 forgets nothing."""
    return decayed(skill, floor, left) if skill > floor else skill
