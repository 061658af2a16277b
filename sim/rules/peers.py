"""Peers: the norm within a regime and the choice between regimes (docs/model.md, "Peers")."""

from __future__ import annotations

import math

from sim.compiled import rule


@rule
def chance_high(leaning: float, coupling: float, field: float) -> float:
    """Chance of leaning high, 1 / (1 + exp(-2 (J m + h))), m the status-weighted leaning of the team in [-1, 1].

    coupling J: two stable states exactly when J > 1 (h = 0). field h: what is told, and the supervisor.
    """
    return 1.0 / (1.0 + math.exp(-2.0 * (coupling * leaning + field)))


@rule
def leaning_factor(leaning: float, effect: float) -> float:
    """What a manager's leaning (-1 low, +1 high) makes of intrinsic motivation: 1 + effect x leaning."""
    return 1.0 + effect * leaning


@rule
def status_after(status: float, results: float, mean_results: float, drift: float) -> float:
    """Status after a meeting: a share `drift` of the way to one's results over the team's mean (one added to both)."""
    return status + drift * ((1.0 + results) / (1.0 + mean_results) - status)
