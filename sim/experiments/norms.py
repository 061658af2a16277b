"""Two norms: which are stable, where they tip, and how long a team waits for a switch nobody ordered.

Everything here is exact for managers alike in standing who all see each other: the mean field's fixed points, and the chain of
how many of a team lean high from one meeting to the next, by the very rule the branch uses (`sim.rules.peers.chance_high`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sim.errors import InputError
from sim.rules.peers import chance_high

GRID = 4001                  # points between which fixed points are looked for


class Leaning(NamedTuple):
    """A team's leaning, -1 (all low) to 1 (all high), that keeps itself up; stable: small departures from it die out."""

    value: float
    stable: bool


def leanings(coupling: float, field: float = 0.0) -> list[Leaning]:
    """Every leaning m with m = 2 P(high | m) - 1, from low to high. One below a coupling J of 1; above it three, as long as the
    field stays within `tipping_field`, of which the outer two are stable."""
    from scipy.optimize import brentq

    def gap(m: float) -> float:
        return 2.0 * chance_high(m, coupling, field) - 1.0 - m

    grid = np.linspace(-1.0, 1.0, GRID) + 1e-7             # off nil, which is a root where there is no field
    gaps = [gap(m) for m in grid]
    roots = [brentq(gap, low, high, xtol=1e-14) for low, high, a, b in zip(grid, grid[1:], gaps, gaps[1:], strict=False) if a * b < 0.0]
    return [Leaning(float(m), coupling * (1.0 - m * m) < 1.0) for m in roots]


def stable_leanings(coupling: float, field: float = 0.0) -> list[float]:
    """The stable ones: two exactly when the coupling passes 1 and the field stays within `tipping_field`."""
    return [found.value for found in leanings(coupling, field) if found.stable]


def tipping_field(coupling: float) -> float:
    """The field h at which the low norm gives way: J m - artanh(m) at m = sqrt(1 - 1/J). Nil for J up to 1: nothing to tip."""
    if coupling <= 1.0:
        return 0.0
    edge = math.sqrt(1.0 - 1.0 / coupling)
    return coupling * edge - math.atanh(edge)


def tipping_point(coupling: float, field: float = 0.0) -> float | None:
    """The leaning beyond which a team goes on to the high norm by itself; None where there is one norm only."""
    return next((found.value for found in leanings(coupling, field) if not found.stable), None)


def meetings_to_switch(team: int, coupling: float, field: float = 0.0, revisit: float = 0.08) -> float:
    """Mean number of meetings until a team that all leans low has passed the tipping point (the middle where there is none).

    At each meeting everybody revises the leaning with chance `revisit`, from the leaning of the others as it was.
    """
    if team < 2:
        raise InputError("team", found=str(team), expected="two managers or more")
    if not 0.0 < revisit <= 1.0:
        raise InputError("revisit", found=str(revisit), expected="a chance above 0, at most 1")
    edge = tipping_point(coupling, field)
    below = [high for high in range(team + 1) if 2.0 * high / team - 1.0 <= (0.0 if edge is None else edge) + 1e-12 and high < team]
    moves = np.array([_next_high(team, high, coupling, field, revisit) for high in below])
    inside = moves[:, : len(below)]
    waiting = np.linalg.solve(np.eye(len(below)) - inside, np.ones(len(below)))
    return float(waiting[0])


def leaning_after(meetings: int, team: int, coupling: float, revisit: float, field: float = 0.0, all_high: bool = False) -> float:
    """Expected leaning, -1 to 1, of a team after so many meetings, from all low (or all high)."""
    moves = np.array([_next_high(team, high, coupling, field, revisit) for high in range(team + 1)])
    share = np.zeros(team + 1)
    share[team if all_high else 0] = 1.0
    for _ in range(meetings):
        share = share @ moves
    return float(share @ (2.0 * np.arange(team + 1) / team - 1.0))


def _next_high(team: int, high: int, coupling: float, field: float, revisit: float) -> np.ndarray:
    """Chances of 0, 1, ... of the team leaning high after a meeting that starts with `high` of them."""
    def chance(others_high: int) -> float:
        return chance_high((2.0 * others_high - (team - 1)) / (team - 1), coupling, field)

    stay = 1.0 - revisit * (1.0 - chance(high - 1)) if high > 0 else 0.0
    turn = revisit * chance(high) if high < team else 0.0
    return np.convolve(_binomial(high, stay), _binomial(team - high, turn))


def _binomial(n: int, p: float) -> np.ndarray:
    """Chances of 0 to n."""
    found = np.ones(1)
    for _ in range(n):
        found = np.convolve(found, [1.0 - p, p])
    return found


__all__ = ["Leaning", "leaning_after", "leanings", "meetings_to_switch", "stable_leanings", "tipping_field", "tipping_point"]
