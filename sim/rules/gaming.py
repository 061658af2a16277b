"""Gaming: moving deals between periods, discounts, false reports, accounts for the count (docs/model.md, "Gaming")."""

from __future__ import annotations

from sim.compiled import rule


@rule
def pulled(now: float, later: float, weight: float, cost: float) -> float:
    """Units moved from the next period into this one: (p1 - d p2)/k at a cost of k x^2/2 (T8); below nil: held back.

    now, later: CNY a unit in this and the next period. weight d: of the next period. What one period gains the other loses.
    """
    return (now - weight * later) / cost


@rule
def moving_gain(units: float, gained: float, later: float, weight: float, cost: float) -> float:
    """Gain, CNY, of moving whole units: pay gained now - d p2 x - k x^2/2. With gained = p1 x it is greatest at `pulled`."""
    return gained - weight * later * units - 0.5 * cost * units * units


@rule
def price_cut(worth: float, hurdle: float, response: float, reluctance: float, authority: float) -> float:
    """Share of the price given away to win an account: response x (worth - hurdle) / reluctance, within the authority.

    Greatest gain of (worth - hurdle) x response x d - reluctance d^2/2; below the hurdle, CNY an account in pay, nobody asks. It
    bends upward in worth, so that pay whose worth swings about its mean gives away more than even pay (E27).
    """
    return min(authority, max(0.0, response * (worth - hurdle) / reluctance))


@rule
def lure(discount: float, response: float) -> float:
    """Factor on conversion that a discount buys: 1 + response x discount."""
    return 1.0 + response * discount


@rule
def cheating_gain(gained: float, detection: float, sanction: float, scruples: float) -> float:
    """Gain, CNY, of a false report: pay gained - p F - scruples. Whoever has none cheats where the gain passes p F (T9)."""
    return gained - detection * sanction - scruples
