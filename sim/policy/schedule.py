"""From a policy's pay elements to the tables that simulated payroll and expectations read, in floats.

What an element pays is defined once, in sim/policy/plan.py; payroll on records evaluates that exactly (sim/policy/exact.py). Here each
number is rounded once: an element of one input becomes a schedule (`knots_of`), any other a joint line (`_joint`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from sim.policy.base import MONTHS_OF
from sim.policy.kernel import (
    AFTERWARDS, ALWAYS, ENTITLED, FURTHER, GATE, HALF_YEAR, IN_LAST_MONTH, IN_PERIOD, IN_YEAR, JOINT, KNOT, LINE, MODIFIER, MONTH, PAIR,
    QUARTER, REWARD_GATE, SCORE, SCORE_FIRST, SELF, SIMPLE, TEAM, TERM, TIMES, YEAR, Schedules,
)
from sim.policy.plan import (
    FAR, NO_INPUT, PASSED, ZERO, Compiled, Fn, Input, Row, Score, as_written, compiled, mark_of, pieces_along, target_of, targets_of,
)
from sim.policy.schema import Element, Policy

PERIODS = {"month": MONTH, "quarter": QUARTER, "half_year": HALF_YEAR, "year": YEAR}
PAYEES = {"self": SELF, "pair": PAIR, "team": TEAM}
OVER = {"period": IN_PERIOD, "last_month": IN_LAST_MONTH, "year_to_date": IN_YEAR}
ROUNDINGS = ("half_up", "half_even", "down", "up")
MOST_BITS = 60                        # elements that can refer to one another


class Knot(NamedTuple):
    """From x units on: v CNY at x and r CNY a unit beyond, until the next knot."""

    x: float
    v: float
    r: float


def knots_of(element: Element) -> list[Knot]:
    """The element's pay, CNY a period, as a function of its first input, in floats; bounds worked in.

    Where the element reads several inputs, the others stand at their targets, with gates open. Units beyond a credit cap do not count.
    """
    plan = compiled("", element)
    knots = [Knot(float(piece.x), float(piece.v), float(piece.r)) for piece in pieces_along(plan)]
    limit = credit_limit(plan, 0)
    return knots if limit is None else level_from(knots, float(limit))


def credit_limit(plan: Compiled, place: int) -> Fraction | None:
    """The most units of an input that count."""
    if plan.element.credit_cap is None or not 0 <= place < len(plan.inputs):
        return None
    source = plan.inputs[place]
    own = isinstance(source, Input) and source.credited and source.reading.measure == plan.element.measure
    return as_written(plan.element.credit_cap) if own else None


def level_from(knots: Sequence[Knot], mark: float) -> list[Knot]:
    """The schedule, with nothing added from a mark on."""
    below = [knot for knot in knots if knot.x <= mark] or list(knots[:1])
    last = below[-1]
    if last.x >= mark:
        return [*below[:-1], last._replace(r=0.0)]
    return [*below, Knot(mark, last.v + last.r * (mark - last.x), 0.0)]


def is_simple(plan: Compiled) -> bool:
    """Whether pay is a piecewise linear function of one result of the whole period, so that a schedule says it all."""
    readings = [each for each in plan.inputs if isinstance(each, Input)]
    return not readings or len(readings) == 1 and readings[0].reading.over == "period" and not readings[0].reading.annualised and not is_curved(plan)


def is_curved(plan: Compiled) -> bool:
    """Whether one measure can enter a product twice with a slope."""
    products = [[*term, *plan.modifiers] for term in plan.terms]
    return any(len(sloped) > len(set(sloped)) for sloped in (_sloped(plan, product) for product in products))


def _sloped(plan: Compiled, product: Sequence[Fn]) -> list[str]:
    """The measures that functions rise or fall with, once for each function."""
    return [measure for fn in product if fn.rated != NO_INPUT and any(row.rate or row.per_share for row in fn.rows)
            for measure in sorted(_measures(plan, fn.rated))]


def _measures(plan: Compiled, place: int) -> set[str]:
    source = plan.inputs[place]
    return {source.reading.measure} if isinstance(source, Input) else {name for _, fn in source.parts for name in _measures(plan, fn.rated)}


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


def held(knots: Sequence[Knot], low: float = -math.inf, high: float = math.inf) -> list[Knot]:
    """The schedule between two bounds, CNY."""
    found: list[Knot] = []
    for knot, after in zip(knots, [*knots[1:], None], strict=True):
        cuts = {knot.x}
        for level in (low, high):
            x = knot.x + (level - knot.v) / knot.r if knot.r and math.isfinite(level) else knot.x
            if x > knot.x and (after is None or x < after.x):
                cuts.add(x)
        marks = sorted(cuts)
        for x, stop in zip(marks, [*marks[1:], after.x if after else None], strict=True):
            middle = knot.v + knot.r * ((x + 1.0 if stop is None else 0.5 * (x + stop)) - knot.x)
            bound = low if middle < low else high if middle > high else None
            found.append(Knot(x, knot.v + knot.r * (x - knot.x), knot.r) if bound is None else Knot(x, bound, 0.0))
    return found


# --- tables -----------------------------------------------------------------------------------------------------------


Part = tuple[dict[str, float], Sequence[Knot]]         # numbers by field, and knots


class Line(NamedTuple):
    """One line before it is put into tables: numbers by field, its knots, and its parts."""

    fields: dict[str, float]
    knots: Sequence[Knot]
    functions: Sequence[Part] = ()
    inputs: Sequence[Part] = ()
    releases: Sequence[Part] = ()


def _tables(rows: Sequence[Line], terms: dict[str, int] | None = None) -> Schedules:
    """The lines, the whole plan's row, then the parts of lines."""
    knots: list[Knot] = []
    table: list[dict[str, float]] = [{} for _ in rows]
    table.append({"draw": -1, "guarantee": -1, "ceiling": -1, **(terms or {}), "timed": bool(terms),
                  "uneven": any(row.fields["joint"] != SIMPLE or row.fields.get("when", ALWAYS) != ALWAYS for row in rows)})
    for place, row in enumerate(rows):
        fields: dict[str, float] = {"cap": math.inf, "floor": -math.inf, "weight": 1.0, "first": len(knots)}
        knots += row.knots
        for which in ("functions", "inputs", "releases"):
            fields[which] = len(table)
            for each, own in getattr(row, which):
                table.append({**each, "first": len(knots), "stop": len(knots) + len(own)})
                knots += own
            fields[f"{which}_stop"] = len(table)
        table[place] = {**fields, "stop": len(knots), **row.fields}
    lines = np.zeros(len(table), dtype=LINE).view(np.recarray)
    for line, fields in zip(lines, table, strict=True):
        line.count = len(rows)
        for name, value in fields.items():
            line[name] = value
    return Schedules(lines, np.array([tuple(knot) for knot in knots], dtype=KNOT).view(np.recarray))


def tables_like(tables: Schedules, knots: Sequence[Sequence[Knot]]) -> Schedules:
    """The same lines with other schedules in them; only for lines of one input."""
    lines, stops = tables.lines.copy(), np.cumsum([len(own) for own in knots], dtype=np.int64)
    for place, own in enumerate(knots):
        lines[place].first, lines[place].stop = stops[place] - len(own), stops[place]
    return Schedules(lines, np.array([tuple(knot) for own in knots for knot in own], dtype=KNOT).view(np.recarray))


def pay_tables(policy: Policy, measures: Sequence[str]) -> tuple[Schedules, Schedules]:
    """A policy's pay, line by line in the file's order; and merged, one schedule a measure, period and payee, for planning.

    Merging keeps the certainty equivalent exact where several elements pay on one uncertain count. In planning, an element that
    another is `less` counts so much less often, and a guarantee or ceiling bounds the sum of what it stands for; an advance, a
    draw, carry-over and what is held back move pay in time alone, which managers do not discount.
    measures: the measures known to the caller, whose places are the codes.
    """
    names = list(policy.pay)
    lines = [_line(element, measures) for element in policy.pay.values()]
    paid = [line._replace(fields={**line.fields, **_payment(element, names)}, releases=_releases(element))
            for line, element in zip(lines, policy.pay.values(), strict=True)]
    terms = _terms(policy, names)
    return _tables(paid, terms), _tables(list(_planned(policy, lines, len(measures))), terms)


def _line(element: Element, measures: Sequence[str]) -> Line:
    plan = compiled("", element)
    fields: dict[str, float] = {"period": PERIODS[element.period], "payee": PAYEES[element.payee], "own": element.payee == "self"}
    if not is_simple(plan):
        return _joint(plan, fields, measures)
    read = next((each.reading.measure for each in plan.inputs if isinstance(each, Input)), None)
    return Line({**fields, "measure": measures.index(read) if read else -1, "joint": SIMPLE}, knots_of(element))


def _joint(plan: Compiled, fields: dict[str, float], measures: Sequence[str]) -> Line:
    """An element of several inputs: its functions as schedules of their lookup."""
    targets = targets_of(plan)
    inputs: list[Part] = [({"measure": measures.index(each.reading.measure), "over": OVER[each.reading.over], "annualised": each.reading.annualised}
                           if isinstance(each, Input) else {"measure": -1}, ()) for each in plan.inputs]
    functions = [_function(plan, fn, role, targets, weight, score) for fn, role, weight, score in _roles(plan)]
    ends = {"cap": math.inf if plan.cap is None else float(plan.cap), "floor": -math.inf if plan.floor is None else float(plan.floor)}
    scored = any(isinstance(each, Score) for each in plan.inputs)
    signed = any(gate.rewards_only for gate in plan.gates) and any(knot.v < 0 or knot.r < 0 for _, knots in functions for knot in knots)
    room = 4 + sum(len(knots) for _, knots in functions)
    return Line({**fields, **ends, "measure": 0, "joint": JOINT, "room": room, "curved": is_curved(plan),
                 "bounded": scored or signed or plan.cap is not None or plan.floor is not None}, (), functions, inputs)


def _roles(plan: Compiled) -> Iterator[tuple[Fn, int, Fraction, int]]:
    """Functions in the kernel's order: what each does, its weight in a score, and the score's place."""
    for place, each in enumerate(plan.inputs):
        if isinstance(each, Score):
            yield from ((fn, SCORE if n else SCORE_FIRST, weight, place) for n, (weight, fn) in enumerate(each.parts))
    for term in plan.terms:
        yield from ((fn, TIMES if n else TERM, ZERO, -1) for n, fn in enumerate(term))
    yield from ((fn, MODIFIER, ZERO, -1) for fn in plan.modifiers)
    yield from ((gate.fn, REWARD_GATE if gate.rewards_only else GATE, ZERO, -1) for gate in plan.gates)


def _function(plan: Compiled, fn: Fn, role: int, targets: Sequence[Fraction | None], weight: Fraction, score: int) -> Part:
    asked = targets[fn.lookup] if fn.lookup != NO_INPUT else None
    own = fn.lookup == fn.rated
    marks = [mark_of(row.x, fn, asked) for row in fn.rows]
    knots = []
    for place, (mark, row) in enumerate(zip(marks, fn.rows, strict=True)):
        amount, slope = _straight(row, targets[fn.rated] if fn.rated != NO_INPUT else None)
        x = mark + PASSED if fn.strict and place else mark
        if x <= -FAR:                                         # a first row for whatever lies below the next
            x = min(ZERO, marks[1])
        knots.append(Knot(float(x), float(amount + slope * x if own else amount), float(slope)))
    if own and (limit := credit_limit(plan, fn.rated)) is not None:
        knots = level_from(knots, float(limit))
    return {"role": role, "lookup": fn.lookup, "rated": fn.rated, "score": score, "weight": float(weight)}, knots


def _straight(row: Row, target: Fraction | None) -> tuple[Fraction, Fraction]:
    """A row as an amount and a slope by the rated input."""
    amount, slope = row.amount + row.marked, row.rate
    if row.per_target:
        amount += row.per_target * (target or ZERO)
    if row.per_share:
        slope += row.per_share / (target or Fraction(1))
    return amount, slope


# --- planning ---------------------------------------------------------------------------------------------------------


def _planned(policy: Policy, lines: Sequence[Line], measures: int) -> Iterator[Line]:
    """What managers reckon with: merged schedules, then joint lines, each with a row a measure."""
    guarantee = policy.terms.guarantee
    limited = guarantee is not None and guarantee.until_month is not None
    for when in ((ENTITLED, AFTERWARDS) if limited else (ALWAYS,)):
        yield from _planned_for(policy, lines, measures, when)


def _planned_for(policy: Policy, lines: Sequence[Line], measures: int, when: int) -> Iterator[Line]:
    terms, names = policy.terms, list(policy.pay)
    weights = [1 - sum(name in (element.less or ()) for element in policy.pay.values()) for name in names]
    rest = [place for place in range(len(lines)) if weights[place]]
    groups: dict[tuple[float, ...], list[Sequence[Knot]]] = {}
    bounded: list[Line] = []
    if terms.guarantee is not None and when != AFTERWARDS:
        meant = [place for place in rest if names[place] in terms.guarantee.of]
        rest = [place for place in rest if place not in meant]
        bounded += _together([lines[place] for place in meant], low=terms.guarantee.amount)
    if terms.ceiling is not None:
        bounded, rest = _together([*(lines[place] for place in rest), *bounded], high=terms.ceiling.amount), []
    for line, weight in [*((lines[place], weights[place]) for place in rest), *((line, 1) for line in bounded)]:
        if line.fields["joint"] == SIMPLE and line.fields["measure"] >= 0:
            knots = line.knots if weight == 1 else [Knot(knot.x, weight * knot.v, weight * knot.r) for knot in line.knots]
            groups.setdefault(tuple(line.fields[key] for key in ("measure", "period", "payee", "own")), []).append(knots)
    for key, parts in groups.items():
        yield Line({**dict(zip(("measure", "period", "payee", "own"), key, strict=True)), "joint": SIMPLE, "when": when}, summed(parts))
    for place in rest:
        if lines[place].fields["joint"] == JOINT:
            more = {**lines[place].fields, "when": when, "weight": float(weights[place])}
            yield lines[place]._replace(fields=more)
            yield from (Line({**more, "measure": m, "joint": FURTHER}, ()) for m in range(1, measures))


def _together(lines: Sequence[Line], low: float = -math.inf, high: float = math.inf) -> list[Line]:
    """Schedules of one measure, bounded in sum: as one line, or none where nothing varies."""
    varying = [line for line in lines if line.fields["measure"] >= 0]
    return [Line(varying[0].fields, held(summed([line.knots for line in lines]), low, high))] if varying else []


# --- pay over time ----------------------------------------------------------------------------------------------------


def _bits(of: Iterable[str] | None, names: Sequence[str]) -> int:
    return sum(1 << names.index(name) for name in dict.fromkeys(of or ()) if name in names)


def _payment(element: Element, names: Sequence[str]) -> dict[str, int]:
    found = {"less": _bits(element.less, names), "advance_of": 1, "hold_of": 1}
    if element.payment is not None:
        found["carry"] = _bits(element.payment.carry_over, names)
        if element.payment.advance is not None:
            share = as_written(element.payment.advance)
            found["advance"], found["advance_of"] = share.numerator, share.denominator
        if element.payment.hold_back is not None:
            share = as_written(element.payment.hold_back.share)
            found["hold"], found["hold_of"] = share.numerator, share.denominator
    return found


def _releases(element: Element) -> list[Part]:
    holding = element.payment.hold_back if element.payment is not None else None
    shares = [] if holding is None else [(each.after_months, as_written(each.share)) for each in sorted(holding.release, key=lambda each: each.after_months)]
    return [({"after": after, "part": share.numerator, "whole": share.denominator}, ()) for after, share in shares]


def _terms(policy: Policy, names: Sequence[str]) -> dict[str, int] | None:
    """What the whole plan's pay over time needs; None where pay has no history of its own and is rounded half up."""
    terms = policy.terms
    timed = any(element.less or element.payment is not None for element in policy.pay.values())
    if not (timed or terms.draw or terms.guarantee or terms.ceiling or terms.rounding != "half_up"):
        return None
    found = {"rounding": ROUNDINGS.index(terms.rounding)}
    for name, term in (("draw", terms.draw), ("guarantee", terms.guarantee)):
        if term is not None:
            found |= {name: round(as_written(term.amount) * 100), f"{name}_of": _bits(term.of, names), f"{name}_until": term.until_month or 10**9}
    if terms.ceiling is not None:
        found |= {"ceiling": round(as_written(terms.ceiling.amount) * 100), "ceiling_months": MONTHS_OF[terms.ceiling.period]}
    return found


# --- what the simulation cannot pay -----------------------------------------------------------------------------------


def not_simulated(policy: Policy, measures: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Everything in a policy's pay that the simulation does not know: the place in the file, and what is there in words."""
    if policy.overrides:
        yield "overrides", "other pay for some"
    if policy.crediting.event != "opened" or policy.crediting.events or policy.crediting.excluded_origins:
        yield "crediting", "credit by the dates or origins of deals"
    for name, element in policy.pay.items():
        yield from ((f"pay.{name}{'.' if place else ''}{place}", what) for place, what in _beyond(policy, element, measures))
    yield from _terms_beyond(policy)


def _beyond(policy: Policy, element: Element, measures: Sequence[str]) -> Iterator[tuple[str, str]]:
    if element.period not in PERIODS:
        yield "period", f"pay by the {element.period.replace('_', ' ')}"
    if unknown := [measure for measure in element.measures() if measure not in measures]:
        yield "", f"the measure {unknown[0]}"
    if any(_ruled(reading) for reading in _targets_in(element)):
        yield "", "a target that is not a plain value"
    bundled = policy.practices.mentor_pairing.bundled
    if element.credit is not None and (element.credit.rule != "direct" or element.credit.grades):
        yield "credit", "credit for others' results"
    if element.credit_cap is not None and (element.payee != "self" or bundled):
        yield "credit_cap", "a cap on the credit of each of a group"
    for key, what in (("windfall", "a limit on single deals"), ("ramp", "a quota by month of service"), ("in_force", "a first or last day"),
                      ("budget", "a budget for all payees")):
        if getattr(element, key) is not None:
            yield key, what
    if element.split is not None and element.split.rule != "equally":
        yield "split", "a split other than equally"
    if element.payment is not None:
        yield from _payment_beyond(element)


def _targets_in(element: Element) -> Iterator[object]:
    yield element.target
    yield from (reading.target for reading in element.readings())


def _ruled(target: object) -> bool:
    return target is not None and (target.rent is not None or target_of(target) is None)     # type: ignore[attr-defined, arg-type]


def _payment_beyond(element: Element) -> Iterator[tuple[str, str]]:
    payment = element.payment
    assert payment is not None
    if payment.clawback is not None:
        yield "payment.clawback", "pay taken back when deals are reversed"
    if payment.calculated not in (None, element.period):
        yield "payment.calculated", "pay worked out on the way"
    if payment.every is not None and MONTHS_OF[payment.every] > MONTHS_OF[element.period]:
        yield "payment.every", "pay that waits for the end of a longer period"
    if payment.delay_months is not None:
        yield "payment.delay_months", "pay some months later"
    if payment.hold_back is not None and payment.hold_back.malus:
        yield "payment.hold_back.malus", "gates read when held pay is released"
    if payment.advance is not None and element.period != "month":
        plan = compiled("", element)
        whole = all(fn.money or fn.by == "attainment" or fn.lookup == NO_INPUT for fn in plan.functions()) and element.credit_cap is None
        if element.period not in PERIODS or not is_simple(plan) or not whole:
            yield "payment.advance", "an advance on more than one result, or on marks that a month does not cut"


def _terms_beyond(policy: Policy) -> Iterator[tuple[str, str]]:
    terms = policy.terms
    linked = (terms.draw or terms.guarantee or any(element.less or element.payment and element.payment.carry_over for element in policy.pay.values()))
    if linked and len(policy.pay) > MOST_BITS:
        yield "pay", f"more than {MOST_BITS} elements that refer to one another"
    parts = [("guarantee", "month", terms.guarantee.of)] if terms.guarantee else []
    parts += [("ceiling", terms.ceiling.period, tuple(policy.pay))] if terms.ceiling else []
    trued_up = {name for element in policy.pay.values() for name in element.less or ()}
    for name, period, of in parts:
        meant = [policy.pay[each] for each in of if each in policy.pay]
        plans = [compiled("", element) for element in meant]
        read = {each.reading.measure for plan in plans for each in plan.inputs if isinstance(each, Input)}
        alone = all(element.payee == "self" or not element.measures() for element in meant) and all(is_simple(plan) for plan in plans)
        at_once = all(element.period == period and not element.less and element.payment is None for element in meant) and not trued_up.intersection(of)
        if not alone or not at_once or len(read) > 1:
            yield f"terms.{name}", f"a {name} over other elements than those by the {period}, of one measure, paid at once to the manager alone"


def payout_curve(element: Element, units: Iterable[float]) -> list[float]:
    """What an element pays, CNY a period, at each of these results: the payout curve."""
    from sim.policy.kernel import pay_at

    table = _tables([Line({"measure": 0, "joint": SIMPLE}, knots_of(element))])
    return [float(pay_at(table, 0, float(x))) for x in units]


__all__ = ["Knot", "as_written", "knots_of", "not_simulated", "pay_tables", "payout_curve", "summed", "tables_like"]
