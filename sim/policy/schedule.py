"""From a policy's pay elements to what the evaluators read: piecewise linear schedules, with jumps.

`pieces_of` is the one definition of what an element pays, in exact fractions. Payroll on records reads the pieces as they are
(sim/policy/exact.py); simulated payroll and expectations read them as floats, each number rounded once (`knots_of`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Literal, NamedTuple

import numpy as np

from sim.policy.kernel import KNOT, LINE, MONTH, PAIR, QUARTER, SELF, TEAM, Schedules
from sim.policy.schema import Element, FixedSchedule, LinearSchedule, Policy, StepSchedule, TierSchedule

PERIODS = {"month": MONTH, "quarter": QUARTER}
PAYEES = {"self": SELF, "pair": PAIR, "team": TEAM}
MARK_DECIMALS = 8                         # of a unit: so that two thirds of twelve, written 0.666666666667, are eight
OUT_OF_REACH = Fraction(10) ** 30         # units: no measure comes near; a bound that a tiny rate meets only there never binds

Why = Literal["fixed", "below", "rate", "step"]
Bound = Literal["", "cap", "floor"]


class Rule(NamedTuple):
    """What the schedule itself says: from x units on, v CNY at x and r CNY a unit beyond. why: in which words to tell it.

    fixed: whatever the result; below: the first mark is not reached; rate: so much a unit; step: an amount for reaching x.
    """

    x: Fraction
    v: Fraction
    r: Fraction
    why: Why


class Piece(NamedTuple):
    """From x units on, until the next piece: v CNY at x and r CNY a unit beyond. bound: what holds pay there, if anything."""

    x: Fraction
    v: Fraction
    r: Fraction
    bound: Bound
    rule: Rule


class Knot(NamedTuple):
    """From x units on: v CNY at x and r CNY a unit beyond, until the next knot."""

    x: float
    v: float
    r: float


def as_written(number: float) -> Fraction:
    """The number as it is written: 0.1 is a tenth, although no float is."""
    return Fraction(repr(float(number)))


def knots_of(element: Element) -> list[Knot]:
    """The element's pay, CNY a period, as a function of its payee's measure, in floats; cap and floor worked in."""
    return [Knot(float(piece.x), float(piece.v), float(piece.r)) for piece in pieces_of(element)]


def pieces_of(element: Element) -> list[Piece]:
    """The element's pay, CNY a period, as a function of its payee's measure, exactly; cap and floor worked in."""
    schedule = element.schedule
    if isinstance(schedule, FixedSchedule):
        rules = [Rule(Fraction(0), as_written(schedule.amount), Fraction(0), "fixed")]
    elif isinstance(schedule, LinearSchedule):
        rules = _linear(schedule, _unit(element, schedule.by))
    elif isinstance(schedule, TierSchedule):
        rules = _tiers(schedule, _unit(element, schedule.by))
    else:
        rules = _steps(schedule, _unit(element, schedule.by))
    return _bounded(rules, element.floor, element.cap)


def _unit(element: Element, by: str) -> Fraction:
    """Units of the measure in one unit of the schedule's marks."""
    return as_written(element.target.value) if by == "attainment" and element.target else Fraction(1)


def _mark(number: float, unit: Fraction) -> Fraction:
    """Where a mark of the schedule lies, in units of the measure."""
    return round(as_written(number) * unit, MARK_DECIMALS)


def _from_zero(rules: list[Rule]) -> list[Rule]:
    """The rules, with nothing paid below the first mark."""
    nothing = Rule(Fraction(0), Fraction(0), Fraction(0), "below")
    return [nothing, *rules] if rules[0].x > 0 else rules


def _linear(schedule: LinearSchedule, unit: Fraction) -> list[Rule]:
    start, rate = _mark(schedule.threshold, unit), as_written(schedule.rate)
    return _from_zero([Rule(start, rate * start if schedule.mode == "from_first" else Fraction(0), rate, "rate")])


def _tiers(schedule: TierSchedule, unit: Fraction) -> list[Rule]:
    rules, paid = [], Fraction(0)
    for tier in schedule.tiers:
        start, rate = _mark(tier.start, unit), as_written(tier.rate)
        rules.append(Rule(start, rate * start if schedule.mode == "retroactive" else paid, rate, "rate"))
        if tier.end is not None:
            paid += rate * (_mark(tier.end, unit) - start)
    return _from_zero(rules)


def _steps(schedule: StepSchedule, unit: Fraction) -> list[Rule]:
    return _from_zero([Rule(_mark(step.mark, unit), as_written(step.pays), Fraction(0), "step") for step in schedule.at])


def _bounded(rules: Sequence[Rule], floor: float | None, cap: float | None) -> list[Piece]:
    """The same pay kept within the bounds, with a piece begun wherever a bound begins or ceases to bind."""
    bounds: list[tuple[Bound, Fraction]] = [(name, as_written(value)) for name, value in (("floor", floor), ("cap", cap)) if value is not None]
    pieces = []
    for rule, after in zip(rules, [*rules[1:], None], strict=True):
        end = after.x if after else OUT_OF_REACH
        crossings = (rule.x + (value - rule.v) / rule.r for _, value in bounds) if rule.r else ()
        marks = [rule.x, *sorted({x for x in crossings if rule.x < x < end})]
        for x, stop in zip(marks, [*marks[1:], end], strict=True):
            inside = rule.v + rule.r * ((x + stop) / 2 - rule.x)          # no bound is crossed between two marks
            piece = Piece(x, rule.v + rule.r * (x - rule.x), rule.r, "", rule)
            for name, value in bounds:
                if inside < value if name == "floor" else inside > value:
                    piece = Piece(x, value, Fraction(0), name, rule)
            pieces.append(piece)
    return pieces


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

