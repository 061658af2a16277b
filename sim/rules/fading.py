"""What comes back to rest by itself: satisfaction, irritation, pressure, problems, leads, skill (docs/model.md, "Customers")."""

from __future__ import annotations

import math

from sim.compiled import rule


@rule
def left_after(days: float, rate: float) -> float:
    """Share of a distance from rest that is left after so many days at `rate` a day: exp(-rate x days)."""
    return math.exp(-rate * days)


@rule
def decayed(value: float, rest: float, left: float) -> float:
    """A quantity that was `value` and falls back to `rest`. left: see `left_after`."""
    return rest + (value - rest) * left
