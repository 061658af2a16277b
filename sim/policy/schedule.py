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


def _tables(rows: Sequence[Row]) -> Schedules:
    stops = np.cumsum([len(knots) for *_, knots in rows], dtype=np.int64)
    lines = np.zeros(len(rows), dtype=LINE).view(np.recarray)
    for place, (measure, period, payee, own, knots) in enumerate(rows):
        lines[place] = (measure, period, payee, stops[place] - len(knots), stops[place], own)
    return Schedules(lines, np.array([tuple(knot) for *_, knots in rows for knot in knots], dtype=KNOT).view(np.recarray))


def tables_like(tables: Schedules, knots: Sequence[Sequence[Knot]]) -> Schedules:
    """The same lines with other schedules in them."""
    return _tables([(int(line.measure), int(line.period), int(line.payee), bool(line.own), own)
                    for line, own in zip(tables.lines, knots, strict=True)])


def pay_tables(policy: Policy, measures: Sequence[str]) -> tuple[Schedules, Schedules]:
    """A policy's pay, line by line in the file's order; and merged, one schedule a measure, period and payee, for planning.

    Merging keeps the certainty equivalent exact where several elements pay on one uncertain count.
    measures: the measures known to the caller, whose places are the codes.
    """
    lines = [_row(element, measures) for element in policy.pay.values()]
    groups: dict[tuple[int, int, int, bool], list[Sequence[Knot]]] = {}
    for measure, period, payee, own, knots in lines:
        if measure >= 0:
            groups.setdefault((measure, period, payee, own), []).append(knots)
    return _tables(lines), _tables([(*key, summed(parts)) for key, parts in groups.items()])


def _row(element: Element, measures: Sequence[str]) -> Row:
    measure = measures.index(element.measure) if element.measure else -1
    return measure, PERIODS[element.period], PAYEES[element.payee], element.payee == "self", knots_of(element)


def payout_curve(element: Element, units: Iterable[float]) -> list[float]:
    """What an element pays, CNY a period, at each of these results: the payout curve."""
    from sim.policy.kernel import pay_at

    table = _tables([_row(element, [element.measure or ""])])
    return [float(pay_at(table, 0, float(x))) for x in units]


__all__ = ["Knot", "as_written", "knots_of", "pay_tables", "payout_curve", "summed", "tables_like"]
