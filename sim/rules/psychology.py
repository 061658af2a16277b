"""Pay as it is felt: losses, references, crowding out, impatience (docs/model.md, "Pay as it is felt"). Off by default where
the evidence is contested."""

from __future__ import annotations

import math

from sim.compiled import rule


@rule
def felt(pay: float, reference: float, aversion: float) -> float:
    """Pay as it is felt, CNY: what is missing to the reference counts `aversion` times. aversion = 1: pay itself."""
    return pay - (aversion - 1.0) * max(0.0, reference - pay)


@rule
def disappointment(pay: float, reference: float, effect: float) -> float:
    """Loss of morale (0 to 1) where pay falls below what one is used to: effect x the missing share. effect = 0: none."""
    if reference <= 0.0 or pay >= reference:
        return 0.0
    return min(1.0, effect * (reference - pay) / reference)


@rule
def crowded_out(pressure: float, pay_worth: float, own_worth: float, crowding: float) -> float:
    """What a bonus takes from the force of reviews, CNY a unit: pressure x crowding x the bonus' share of a unit's worth.

    Acts on review x bonus only: no pressure, or no pay at the margin, nothing. At most all of the pressure.
    """
    total = pay_worth + own_worth
    if pay_worth <= 0.0 or total <= 0.0:
        return 0.0
    return pressure * min(1.0, crowding * pay_worth / total)


@rule
def impatience(days: float, bias: float, rate: float) -> float:
    """Weight today of pay due in `days`: bias x exp(-rate x days), 1 on the day itself (beta-delta). bias = 1, rate = 0: 1."""
    if days <= 0.0:
        return 1.0
    return bias * math.exp(-rate * days)


@rule
def misheard(observed: float, error: float, draw: float) -> float:
    """A result, over what was expected, as a report shows it: off by a normal error. error = 0: as it is."""
    return observed + error * draw
