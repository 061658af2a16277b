"""Meetings: answers, excuses, pressure and beliefs (docs/model.md, "Meetings")."""

from __future__ import annotations

import math

from sim.compiled import rule


@rule
def answered(skill: float, better: float, gain: float) -> float:
    """Skill after one answered problem: moves a share `gain` of the way to the better colleagues' level, never down."""
    if better <= skill:
        return skill
    return skill + gain * (better - skill)


@rule
def worn_excuse(acceptance: float, wear: float) -> float:
    """How far an excuse is still believed (0 to 1) after one more was spent: acceptance x exp(-wear)."""
    return acceptance * math.exp(-wear)


@rule
def pressed(pressure: float, acceptance: float, step: float, attended: int, habituation: float) -> float:
    """Accountability pressure, CNY an account, after a meeting with nothing to show.

    An excuse that is believed shields; habituation dulls every further meeting: step (1 - acceptance) exp(-habituation n).
    """
    return pressure + step * (1.0 - acceptance) * math.exp(-habituation * attended)


@rule
def kalman_gain(variance: float, noise: float) -> float:
    """Weight of a new observation: the belief's variance over that plus the observation's (E19's harmless limit)."""
    return variance / (variance + noise)


@rule
def believe(belief: float, observed: float, gain: float, floor: float) -> float:
    """Belief about one's own productivity after seeing a result: mu + gain (observed - mu), not below the floor.

    At a belief of nil nobody would try, and so nobody see better: the floor keeps that from being forever.
    """
    return max(floor, belief + gain * (observed - belief))
