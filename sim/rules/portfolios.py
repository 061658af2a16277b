"""Portfolios: who is endowed with what, and what a fair target is (docs/model.md, "Portfolios")."""

from __future__ import annotations

from sim.compiled import rule


@rule
def rent_target(value: float, strength: float, own: float, mean: float) -> float:
    """A target by differential rent (casebook C3): value x (1 + strength (own / mean - 1)).

    own, mean: endowed assets of the manager and the mean of the branch. strength 0, or nobody endowed: the same for all.
    """
    if mean <= 0.0:
        return value
    return value * (1.0 + strength * (own / mean - 1.0))


@rule
def own_base(base: float, times: float) -> float:
    """A target from one's own earlier result (casebook C4): base + |base| (times - 1), so that a loss is to become smaller. times 1: the base."""
    return base + abs(base) * (times - 1.0)


@rule
def room_taken(load: float, span: float) -> float:
    """Share of a manager's span in use after one more customer of a kind of which `span` are the most; span 0: no limit."""
    return load + 1.0 / span if span > 0.0 else load


@rule
def snake(place: int, managers: int) -> int:
    """Whose turn it is when customers are dealt out from the richest down, forth and back: 0..n-1, n-1..0, and so on."""
    turn, seat = place // managers, place % managers
    return seat if turn % 2 == 0 else managers - 1 - seat
