"""From a policy's pay elements to the tables that simulated payroll and expectations read: piecewise linear, in floats.

What an element pays is defined once, in sim/policy/plan.py; payroll on records evaluates that exactly (sim/policy/exact.py). Here each
number is rounded once (`knots_of`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from sim.policy.kernel import KNOT, LINE, MONTH, PAIR, QUARTER, SELF, TEAM, Schedules
from sim.policy.plan import as_written, compiled, pieces_along
from sim.policy.schema import Element, Policy

PERIODS = {"month": MONTH, "quarter": QUARTER}
PAYEES = {"self": SELF, "pair": PAIR, "team": TEAM}


class Knot(NamedTuple):
    """From x units on: v CNY at x and r CNY a unit beyond, until the next knot."""

    x: float
    v: float
    r: float


def knots_of(element: Element) -> list[Knot]:
    """The element's pay, CNY a period, as a function of its first input, in floats; bounds worked in.

    Where the element reads several inputs, the others stand at their targets, with gates open.
    """
    return [Knot(float(piece.x), float(piece.v), float(piece.r)) for piece in pieces_along(compiled("", element))]


def summed(parts: Iterable[Sequence[Knot]]) -> list[Knot]:
    """The sum of several schedules over the same measure, as one."""
    schedules = list(parts)
    marks = sorted({knot.x for schedule in schedules for knot in schedule})
    total = []
    for x in marks:
        value = rate = 0.0
        for schedule in schedules:
            knot = next((k for k in reversed(schedule) if k.x <= x), schedule[0])
            value += knot.v + knot.r * (x - knot.x)
            rate += knot.r
        total.append(Knot(x, value, rate))
    return total


Row = tuple[int, int, int, bool, Sequence[Knot]]      # measure, period, payee, own, knots
NIL = (Knot(0.0, 0.0, 0.0),)
NOTHING: Row = (-1, MONTH, SELF, True, NIL)           # an element that an override takes away


def _tables(variants: Sequence[Sequence[Row]]) -> Schedules:
    rows = [(variant, row) for variant, rows in enumerate(variants) for row in rows]
    stops = np.cumsum([len(row[-1]) for _, row in rows], dtype=np.int64)
    lines = np.zeros(len(rows), dtype=LINE).view(np.recarray)
    for place, (variant, (measure, period, payee, own, knots)) in enumerate(rows):
        lines[place] = (measure, period, payee, stops[place] - len(knots), stops[place], own, variant)
    return Schedules(lines, np.array([tuple(knot) for _, row in rows for knot in row[-1]], dtype=KNOT).view(np.recarray))


def pay_tables(policy: Policy, measures: Sequence[str]) -> tuple[Schedules, Schedules]:
    """A policy's pay, line by line in the file's order; and merged, one schedule a measure, period and payee, for planning.

    Merging keeps the certainty equivalent exact where several elements pay on one uncertain count. Where overrides give some
    another plan, the tables hold a variant each, in the order of `Policy.variants`, all with the same number of lines.
    measures: the measures known to the caller, whose places are the codes.
    """
    plans = [policy.pay_with(places) for places in policy.variants()]
    names = list(dict.fromkeys(name for plan in plans for name in plan))
    lines = [[_row(plan[name], measures) if name in plan else NOTHING for name in names] for plan in plans]
    merged = [_merged(rows) for rows in lines]
    keys = list(dict.fromkeys(key for groups in merged for key in groups))
    return _tables(lines), _tables([[(*key, groups.get(key, NIL)) for key in keys] for groups in merged])


def _merged(lines: Sequence[Row]) -> dict[tuple[int, int, int, bool], list[Knot]]:
    groups: dict[tuple[int, int, int, bool], list[Sequence[Knot]]] = {}
    for measure, period, payee, own, knots in lines:
        if measure >= 0:
            groups.setdefault((measure, period, payee, own), []).append(knots)
    return {key: summed(parts) for key, parts in groups.items()}


def line_names(policy: Policy) -> list[str]:
    """The elements in the order of the tables' lines: those of the plan, then those that only overrides know."""
    return list(dict.fromkeys(name for places in policy.variants() for name in policy.pay_with(places)))


def lines_a_variant(tables: Schedules) -> int:
    """How many lines belong to one variant."""
    return int((tables.lines.variant == 0).sum())


def _row(element: Element, measures: Sequence[str]) -> Row:
    measure = measures.index(element.measure) if element.measure else -1
    return measure, PERIODS[element.period], PAYEES[element.payee], element.payee == "self", knots_of(element)


def payout_curve(element: Element, units: Iterable[float]) -> list[float]:
    """What an element pays, CNY a period, at each of these results: the payout curve."""
    from sim.policy.kernel import pay_at

    table = _tables([[_row(element, [element.measure or ""])]])
    return [float(pay_at(table, 0, float(x))) for x in units]


__all__ = ["Knot", "as_written", "knots_of", "line_names", "lines_a_variant", "pay_tables", "payout_curve", "summed"]
