"""From a policy's pay elements to the knots the evaluator reads: piecewise linear, with jumps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from sim.policy.kernel import KNOT, LINE, MONTH, PAIR, QUARTER, SELF, TEAM, Schedules
from sim.policy.schema import Element, FixedSchedule, LinearSchedule, Policy, StepSchedule, TierSchedule

PERIODS = {"month": MONTH, "quarter": QUARTER}
PAYEES = {"self": SELF, "pair": PAIR, "team": TEAM}


class Knot(NamedTuple):
    """From x units on: v CNY at x and r CNY a unit beyond, until the next knot."""

    x: float
    v: float
    r: float


def knots_of(element: Element) -> list[Knot]:
    """The element's pay, CNY a period, as a function of its payee's measure; cap and floor worked in."""
    schedule = element.schedule
    if isinstance(schedule, FixedSchedule):
        knots = [Knot(0.0, schedule.amount, 0.0)]
    elif isinstance(schedule, LinearSchedule):
        knots = _linear(schedule, _unit(element, schedule.by))
    elif isinstance(schedule, TierSchedule):
        knots = _tiers(schedule, _unit(element, schedule.by))
    else:
        knots = _steps(schedule, _unit(element, schedule.by))
    low = element.floor if element.floor is not None else -np.inf
    high = element.cap if element.cap is not None else np.inf
    return _clipped(knots, low, high)


def _unit(element: Element, by: str) -> float:
    """Units of the measure in one unit of the schedule's marks."""
    return element.target.value if by == "attainment" and element.target else 1.0


def _linear(schedule: LinearSchedule, unit: float) -> list[Knot]:
    start = schedule.threshold * unit
    if start == 0.0:
        return [Knot(0.0, 0.0, schedule.rate)]
    first = schedule.rate * start if schedule.mode == "from_first" else 0.0
    return [Knot(0.0, 0.0, 0.0), Knot(start, first, schedule.rate)]


def _tiers(schedule: TierSchedule, unit: float) -> list[Knot]:
    knots = [Knot(0.0, 0.0, 0.0)] if schedule.tiers[0].start > 0.0 else []
    paid = 0.0
    for tier in schedule.tiers:
        start = tier.start * unit
        knots.append(Knot(start, tier.rate * start if schedule.mode == "retroactive" else paid, tier.rate))
        if tier.end is not None:
            paid += tier.rate * (tier.end * unit - start)
    return knots


def _steps(schedule: StepSchedule, unit: float) -> list[Knot]:
    knots = [Knot(0.0, 0.0, 0.0)] if schedule.at[0].mark > 0.0 else []
    return [*knots, *(Knot(step.mark * unit, step.pays, 0.0) for step in schedule.at)]


def _clipped(knots: Sequence[Knot], low: float, high: float) -> list[Knot]:
    """The same pay kept within [low, high], with a knot added wherever a bound begins or ceases to bind."""
    out: list[Knot] = []
    ends = [k.x for k in knots[1:]] + [np.inf]
    for place, (knot, end) in enumerate(zip(knots, ends, strict=True)):
        marks = [knot.x]
        if knot.r != 0.0:
            crossings = (knot.x + (bound - knot.v) / knot.r for bound in (low, high) if np.isfinite(bound))
            marks += sorted(x for x in crossings if knot.x < x < end)
        for x, after in zip(marks, [*marks[1:], end], strict=True):
            inside = knot.v + knot.r * ((min(after, x + 2.0) + x) / 2.0 - knot.x)
            value = min(high, max(low, knot.v + knot.r * (x - knot.x)))
            bound = inside < low or inside > high
            out.append(Knot(x, value, 0.0 if bound else knot.r))
    return out


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

