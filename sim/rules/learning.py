"""Learning by doing, and forgetting (docs/model.md, "Learning")."""

from __future__ import annotations

import math

from sim.compiled import rule


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
def forget(skill: float, days: float, rate: float, floor: float) -> float:
    """Skill after idle days: exponential approach to what is never forgotten. rate: per day; 0 forgets nothing."""
    if skill <= floor:
        return skill
    return floor + (skill - floor) * math.exp(-rate * days)
