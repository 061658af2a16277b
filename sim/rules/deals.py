"""Staged deals and the reception of walk-in customers (docs/model.md, "Deals" and "Reception")."""

from __future__ import annotations

import math

from sim.compiled import rule
from sim.rules.prospecting import reach


@rule
def progress(hours: float, eta: float, skill: float, unskilled: float, skilled: float) -> float:
    """Hours of a deal's work done by `hours` spent on deals in a day: hours^eta, times a pace linear in skill."""
    if hours <= 0.0:
        return 0.0
    return (unskilled + (skilled - unskilled) * skill) * reach(hours, eta)


@rule
def survival(rival: float, days: float) -> float:
    """Chance that no rival takes a deal in `days`: exp(-rival days). rival 0: 1."""
    return math.exp(-rival * days)


@rule
def step_passed(chance: float, skipped_before: bool, cost: float) -> float:
    """Chance that a visitor stays through a reception step: less by the share `cost` after a step that was skipped."""
    return chance * (1.0 - cost) if skipped_before else chance
