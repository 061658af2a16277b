"""Pay as it is felt where it is told as a loss: the schedules by which managers plan, never those by which they are paid."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from sim.errors import InputError
from sim.policy.kernel import Schedules, pay_at, plan_row
from sim.policy.schedule import Knot, tables_like
from sim.policy.schema import Policy
from sim.rules.psychology import felt


FAR = 1e9                    # no result is further below nil


def framed(merged: Schedules, policy: Policy, aversion: float) -> Schedules:
    """The merged schedules as felt: told as a loss, what is missing to the full amount counts `aversion` times.

    aversion = 1, or a plan told as a gain: the schedules themselves. Errors: InputError where pay has no top and
    `practices.framing.units` does not say which result keeps all of it.
    """
    framing = policy.practices.framing
    if framing is None or framing.frame == "gain" or aversion == 1.0:
        return merged
    if plan_row(merged).uneven:
        raise InputError(policy.files[0] if policy.files else policy.name, "practices.framing", found="a frame beside pay of several inputs, "
                         "or beside a guarantee for a time", expected="pay of one input, for everybody alike, where a plan is told as a loss")
    return tables_like(merged, [felt_knots(knots, _full(merged, place, framing.units, policy), aversion)
                                for place, knots in enumerate(_knots(merged))])


def felt_knots(knots: list[Knot], reference: float, aversion: float) -> list[Knot]:
    """A schedule as felt about a reference amount: still piecewise linear, with a knot more where a piece crosses the reference."""
    pieces = _cut(knots, reference)
    found = []
    for piece, after in pairwise([*pieces, None]):
        inside = 0.5 * (after.x - piece.x) if after else 1.0
        short = piece.v + piece.r * inside < reference
        value = felt(piece.v, reference, aversion)
        found.append(Knot(piece.x, value, piece.r * (aversion if short else 1.0)))
    return found


def _cut(knots: list[Knot], reference: float) -> list[Knot]:
    """The same schedule with a knot wherever a piece passes the reference amount; the first piece also goes on below its knot."""
    found = []
    for place, (piece, after) in enumerate(pairwise([*knots, None])):
        crossing = piece.x + (reference - piece.v) / piece.r if piece.r != 0.0 else piece.x
        if place == 0 and -FAR < crossing < piece.x:
            found += [Knot(crossing - 1.0, reference - piece.r, piece.r), Knot(crossing, reference, piece.r)]
        found.append(piece)
        if piece.x < crossing and (after is None or crossing < after.x):
            found.append(Knot(crossing, reference, piece.r))
    return found


def _knots(merged: Schedules) -> list[list[Knot]]:
    return [[Knot(*map(float, knot)) for knot in merged.knots[line.first:line.stop]] for line in merged.lines[:merged.lines[0].count]]


def _full(merged: Schedules, place: int, units: float | None, policy: Policy) -> float:
    """All that a schedule can pay: its top, or what it pays at these units."""
    last = merged.knots[merged.lines[place].stop - 1]
    if units is not None:
        return float(pay_at(merged, place, units))
    if last.r > 0.0:
        file = policy.files[0] if policy.files else policy.name
        raise InputError(file, "practices.framing.units", found="nothing, beside pay without a top",
                         expected="the units that keep all of it, as the plan is told as a loss")
    knots = merged.knots[merged.lines[place].first:merged.lines[place].stop]
    return float(np.max(knots.v))


__all__ = ["felt_knots", "framed"]
