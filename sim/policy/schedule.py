"""From a policy's pay elements to the tables that simulated payroll and expectations read, in floats.

What an element pays is defined once, in sim/policy/plan.py; payroll on records evaluates that exactly (sim/policy/exact.py). Here each
number is rounded once: an element of one input becomes a schedule (`knots_of`), any other a joint line (`_joint`). Where overrides
hold for some, every variant of the plan becomes tables of its own (`sim.policy.kernel.variant`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from sim.policy.base import MONTHS_OF
from sim.policy.counting import Counting, is_meant
from sim.policy.kernel import (
    AFTERWARDS, ALWAYS, CONSTANT, ENTITLED, FACTOR, FOR_GOOD, FURTHER, GATE, HALF_YEAR, IN_LAST_MONTH, IN_PERIOD, IN_YEAR, JOINT, KNOT, LINE,
    MADE, MODIFIER, MONTH, NO_BASE, PAIR, PERIOD_BEFORE, QUARTER, RESULT, REWARD_GATE, SCORE, SCORE_FIRST, SELF, SIMPLE, TEAM, TERM, TIMES, YEAR,
    YEAR_BEFORE, Schedules,
)
from sim.policy.measures import pay_measures
from sim.policy.plan import (
    FAR, NO_INPUT, ONE, PASSED, ZERO, Compiled, Fn, Input, Row, Score, as_written, compiled, mark_of, pay_below, pieces_along, target_of, targets_of,
)
from sim.policy.readings import Reading, Target
from sim.policy.schema import Element, Policy

PERIODS = {"month": MONTH, "quarter": QUARTER, "half_year": HALF_YEAR, "year": YEAR}
PAYEES = {"self": SELF, "pair": PAIR, "team": TEAM}
OVER = {"period": IN_PERIOD, "last_month": IN_LAST_MONTH, "year_to_date": IN_YEAR}
ROUNDINGS = ("half_up", "half_even", "down", "up")
BASES = {"period_before": PERIOD_BEFORE, "year_before": YEAR_BEFORE}
CREDITS = {"direct": 0, "roll_up": 1, "overlay": 2}
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
    readings = [each.reading for each in plan.inputs if isinstance(each, Input)]
    if not readings:
        return True
    target = readings[0].target
    moved = plan.element.ramp is not None or target is not None and (target.rent is not None or target.own_base is not None)
    return len(readings) == 1 and readings[0].over == "period" and not readings[0].annualised and not is_curved(plan) and not moved


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
    table: list[Mapping[str, float]] = [{} for _ in rows]
    table.append({"draw": -1, "guarantee": -1, "ceiling": -1, **(terms or {}), "timed": bool(terms),
                  "uneven": any(row.fields["joint"] != SIMPLE or row.fields.get("when", ALWAYS) != ALWAYS or row.fields.get("since", 0)
                                or row.fields.get("until", FOR_GOOD) != FOR_GOOD for row in rows)})
    for place, row in enumerate(rows):
        fields: dict[str, float] = {"cap": math.inf, "floor": -math.inf, "weight": 1.0, "first": len(knots), "until": FOR_GOOD}
        knots += row.knots
        fields["stop"] = len(knots)
        for which in ("functions", "inputs", "releases"):
            fields[which] = len(table)
            for each, own in getattr(row, which):
                first, stop = ("ramp", "ramp_stop") if which == "inputs" else ("first", "stop")
                table.append({**each, first: len(knots), stop: len(knots) + len(own)})
                knots += own
            fields[f"{which}_stop"] = len(table)
        table[place] = {**fields, **row.fields}
    names = LINE.names or ()
    lines = np.array([tuple({**fields, "count": len(rows)}.get(name, 0) for name in names) for fields in table], dtype=LINE)
    return Schedules(lines.view(np.recarray), np.array([tuple(knot) for knot in knots], dtype=KNOT).view(np.recarray))


def _stacked(blocks: Sequence[Schedules]) -> Schedules:
    """Variants of one plan, each in tables of its own, as one."""
    if len(blocks) == 1:
        return blocks[0]
    lines, knots = ([0, *np.cumsum([len(part) for part in parts])] for parts in zip(*blocks, strict=True))
    ends = np.zeros(len(blocks), dtype=LINE)
    ends["functions"], ends["functions_stop"], ends["first"], ends["stop"] = lines[:-1], lines[1:], knots[:-1], knots[1:]
    whole = np.concatenate([*(block.lines.view(np.ndarray).view(LINE) for block in blocks), ends])
    whole["index"][0] = lines[-1]
    uneven = np.array([start + block.lines[0].count for start, block in zip(lines, blocks, strict=False)])
    whole["uneven"][uneven] = True                        # not the same for everybody
    all_knots = np.concatenate([block.knots.view(np.ndarray).view(KNOT) for block in blocks])
    return Schedules(whole.view(np.recarray), all_knots.view(np.recarray))


def tables_like(tables: Schedules, knots: Sequence[Sequence[Knot]]) -> Schedules:
    """The same lines with other schedules in them; only for lines of one input."""
    lines, stops = tables.lines.copy(), np.cumsum([len(own) for own in knots], dtype=np.int64)
    for place, own in enumerate(knots):
        lines[place].first, lines[place].stop = stops[place] - len(own), stops[place]
    return Schedules(lines, np.array([tuple(knot) for own in knots for knot in own], dtype=KNOT).view(np.recarray))


def pay_tables(policy: Policy, measures: Sequence[str]) -> tuple[Schedules, Schedules]:
    """A policy's pay, line by line in the file's order; and merged, one schedule a measure, period and payee, for planning.

    Both in the variants that overrides make of the plan, in the order of `Policy.variants`; an element that a variant lacks pays nothing.

    Merging keeps the certainty equivalent exact where several elements pay on one uncertain count. In planning, an element that
    another is `less` counts so much less often, and a guarantee or ceiling bounds the sum of what it stands for; an advance, a
    draw, carry-over and what is held back move pay in time alone, which managers do not discount.
    measures: the measures known to the caller, whose places are the codes.
    """
    known, counting = policy.elements(), Counting(policy, measures)
    plans = [policy.pay_with(overrides) for overrides in policy.variants()]
    terms = _terms(policy, list(known), [element for pay in plans for element in pay.values()])
    paid, planned = [], []
    for pay in plans:
        lines = {name: _line(element, counting) for name, element in pay.items()}
        rows = []
        for name, element in known.items():
            line, own = lines.get(name, NOTHING), pay.get(name)
            payment = _payment(own or element, list(known))
            if own is None:                               # what it carries over is still repaid
                payment = {"carry": payment.get("carry", 0), "advance_of": 1, "hold_of": 1}
            rows.append(line._replace(fields={**line.fields, **payment}, releases=_releases(own) if own else ()))
        paid.append(_tables(rows, terms))
        planned.append(_tables(list(_planned(policy, pay, list(lines.values()), counting)), terms))
    return _stacked(paid), _stacked(planned)


NOTHING = Line({"period": MONTH, "payee": SELF, "own": True, "measure": -1, "joint": SIMPLE}, (Knot(0.0, 0.0, 0.0),))


def _line(element: Element, counting: Counting) -> Line:
    plan = compiled("", element)
    fields: dict[str, float] = {"period": PERIODS[element.period], "payee": PAYEES[element.payee], "own": element.payee == "self"}
    if element.credit is not None and element.credit.rule != "direct":
        fields |= {"credit": CREDITS[element.credit.rule], "grades": counting.grades(element.credit.grades), "own": False}
    if (limits := element.in_force) is not None:
        fields |= {"since": _month(limits.first) if limits.first else 0, "until": _month(limits.last) if limits.last else FOR_GOOD}
    read = next((each.reading.measure for each in plan.inputs if isinstance(each, Input)), None)
    code = counting.code(read) if read else -1
    if not is_simple(plan) or code is None:
        return _joint(plan, fields, counting)
    knots = knots_of(element)
    if read and pay_measures()[read].signed and knots[0].x == 0.0 and (below := pay_below(plan)) is not None:
        knots = [Knot(0.0, float(below), 0.0), *knots]        # a loss is paid by the first of two at 0
    return Line({**fields, "measure": code, "joint": SIMPLE, "meant": read is not None and is_meant(read)}, knots)


def _month(day: date) -> int:
    """A month, counted from year 0."""
    return day.year * 12 + day.month - 1


def _inputs(plan: Compiled, counting: Counting) -> tuple[list[Part], list[Part], dict[int, int], dict[int, int]]:
    """Rows of a joint line's inputs, one a place; rows of what else adds to them; and by place the place of the factor on the target,
    and of that on marks in units (a ramp's)."""
    heads: list[Part] = []
    others: list[Part] = []
    for place, each in enumerate(plan.inputs):
        rows: list[Part] = [({"measure": -1, "kind": MADE, "place": place}, ())]
        if isinstance(each, Input):
            rows = [({**row, "place": place, "over": OVER[each.reading.over], "annualised": each.reading.annualised}, ())
                    for row in _counted(each.reading.measure, counting)]
        heads.append(rows[0])
        others += rows[1:]
    by_share: dict[int, int] = {}
    by_unit: dict[int, int] = {}
    for place, each in enumerate(plan.inputs):
        if isinstance(each, Input):
            ramp = _ramp(plan) if each.credited else ()
            moved = _moved(each.reading)
            row = {"measure": -1, "kind": FACTOR, "over": OVER[each.reading.over], "lookup": place}
            for chosen, fields in ((by_share, moved), (by_unit, {})):
                if ramp or fields:
                    chosen[place] = len(heads)
                    heads.append(({**row, **fields, "place": len(heads), "slot": len(by_share) + len(by_unit) - 1}, ramp))
    return heads, others, by_share, by_unit


def _counted(measure: str, counting: Counting) -> list[dict[str, float]]:
    """What adds up to a measure in the simulation: rows of inputs."""
    constant, parts = counting.of(measure)
    rows: list[dict[str, float]] = [{"measure": code, "kind": RESULT, "times": times, "meant": is_meant(measure)} for code, times in parts]
    if constant or not rows:
        level = pay_measures()[measure].over != "sum"
        rows.append({"measure": -1, "kind": CONSTANT, "times": constant, "level": level, "meant": is_meant(measure)})
    return rows


def _moved(reading: Reading) -> dict[str, float]:
    """What moves a target from person to person."""
    if reading.target is None:
        return {}
    rent, base = reading.target.rent, reading.target.own_base
    if base is not None:
        return {"based_on": BASES[base.of], "times": base.times, "start": base.start or 0.0}
    return {"based_on": NO_BASE, "strength": rent.strength} if rent is not None else {}


def _ramp(plan: Compiled) -> list[Knot]:
    """Up to which month of service which share of the quota is asked."""
    return [Knot(float(step.until_month), step.quota, 0.0) for step in plan.element.ramp or ()]


def _joint(plan: Compiled, fields: dict[str, float], counting: Counting) -> Line:
    """An element of several inputs: its functions as schedules of their lookup."""
    targets = [ONE if isinstance(each, Input) and each.reading.target is not None and each.reading.target.own_base is not None else target
               for each, target in zip(plan.inputs, targets_of(plan), strict=True)]
    heads, others, by_share, by_unit = _inputs(plan, counting)
    functions: list[Part] = []
    for fn, role, weight, score in _roles(plan):
        part, knots = _function(plan, fn, role, targets, weight, score)
        functions.append(({**part, **_factors(fn, by_share, by_unit)}, knots))
    counts = all(row["kind"] != CONSTANT and row["measure"] <= 1 and row.get("times", 1.0) == 1.0 for row, _ in heads)
    fields, inputs = {**fields, "places": len(heads), "plain": bool(others) or not counts}, [*heads, *others]
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


def _factors(fn: Fn, by_share: Mapping[int, int], by_unit: Mapping[int, int]) -> dict[str, float]:
    """Which factors move a function's marks and rates, and whether its amounts grow with the target."""
    chosen = by_share if fn.by == "attainment" else by_unit if fn.money and fn.lookup == fn.rated else {}
    shared = any(row.per_share for row in fn.rows)
    grows = not shared and any(row.rate or row.marked or row.per_target for row in fn.rows)
    alike = fn.lookup == fn.rated or any(row.per_target for row in fn.rows)
    of_rate = by_share.get(fn.rated, -1) if shared else chosen.get(fn.rated, -1) if grows and alike else -1
    return {"asked": chosen.get(fn.lookup, -1), "shared": of_rate, "grows": grows and of_rate >= 0}


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


GROUPED = ("measure", "period", "payee", "own", "meant", "since", "until", "credit", "grades")


def _planned(policy: Policy, pay: Mapping[str, Element], lines: Sequence[Line], counting: Counting) -> Iterator[Line]:
    """What managers reckon with: merged schedules, then joint lines, each with a row a measure."""
    guarantee = policy.terms.guarantee
    limited = guarantee is not None and guarantee.until_month is not None
    for when in ((ENTITLED, AFTERWARDS) if limited else (ALWAYS,)):
        yield from _planned_for(policy, pay, lines, counting, when)


def _planned_for(policy: Policy, pay: Mapping[str, Element], lines: Sequence[Line], counting: Counting, when: int) -> Iterator[Line]:
    terms, names = policy.terms, list(pay)
    weights = [1 - sum(name in (element.less or ()) for element in pay.values()) for name in names]
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
            groups.setdefault(tuple(line.fields.get(key, FOR_GOOD if key == "until" else 0) for key in GROUPED), []).append(knots)
    for key, parts in groups.items():
        yield Line({**dict(zip(GROUPED, key, strict=True)), "joint": SIMPLE, "when": when, "read": True}, summed(parts))
    for place in rest:
        if lines[place].fields["joint"] == JOINT:
            more = {**lines[place].fields, "when": when, "weight": float(weights[place])}
            read = {int(row["measure"]): bool(row.get("meant", False)) for row, _ in lines[place].inputs}
            rows = [{"measure": m, "read": m < 2 or m in read, "meant": read.get(m, False)} for m in range(len(counting.measures))]
            yield lines[place]._replace(fields={**more, **rows[0]})
            yield from (Line({**more, **row, "joint": FURTHER}, ()) for row in rows[1:])


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
        found["every"] = MONTHS_OF[element.payment.every] if element.payment.every else 0
        found["delay"] = element.payment.delay_months or 0
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


def _terms(policy: Policy, names: Sequence[str], elements: Sequence[Element]) -> dict[str, int] | None:
    """What the whole plan's pay over time needs; None where pay has no history of its own and is rounded half up."""
    terms = policy.terms
    timed = any(element.less or element.payment is not None for element in elements)
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
    """Everything in a policy's pay that the simulation does not know: the place in the file, and what is there in words.

    In a simulated branch a deal is opened, funded and received on one day, and no customer moves in from another branch: whichever
    event or origin `crediting` names, the same deals count.
    """
    counting = Counting(policy, measures)
    yield from counting.unknown()
    for name, element in policy.pay.items():
        yield from ((f"pay.{name}{'.' if place else ''}{place}", what) for place, what in _beyond(policy, element, counting))
    for n, override in enumerate(policy.overrides):
        pay = policy.pay_with((n,))
        yield from ((f"overrides.#{n + 1}.pay.{name}{'.' if place else ''}{place}", what) for name in override.pay if name in pay
                    for place, what in _beyond(policy, pay[name], counting))
    yield from _terms_beyond(policy)


def _beyond(policy: Policy, element: Element, counting: Counting) -> Iterator[tuple[str, str]]:
    if unknown := [measure for measure in element.measures() if not counting.knows(measure)]:
        yield "", f"the measure {unknown[0]}"
    for target in _targets_in(element):
        if target is not None and target.own_base is not None and target.own_base.start is None:
            yield "", "a target from the own base without `start`, which a run needs before it has a period to look back to"
        elif target is not None and target.own_base is None and target_of(target) is None:
            yield "", "a target that must be recorded"
    bundled = policy.practices.mentor_pairing.bundled
    moved = element.ramp is not None or any(target is not None and (target.rent or target.own_base) for target in _targets_in(element))
    if moved and (element.payee != "self" or bundled or element.credit is not None):
        yield "target", "a target of one's own beside a group's pay or credit for others' results"
    if element.credit is not None and element.credit.rule == "direct" and element.credit.grades:
        yield "credit.grades", "credit for the results of some grades alone"
    if element.credit is not None and element.credit.rule != "direct" and (element.payee != "self" or bundled or any(
            isinstance(each, Input) and not each.credited for each in compiled("", element).inputs)):
        yield "credit", "credit for others' results beside a group's pay, gates or factors"
    if element.credit_cap is not None and (element.payee != "self" or bundled):
        yield "credit_cap", "a cap on the credit of each of a group"
    if element.ramp is not None and (element.credit_cap is not None or not all(step.accelerators for step in element.ramp)):
        yield "ramp", "a ramp that bounds what counts"
    for key, what in (("windfall", "a limit on single deals"), ("budget", "a budget for all payees")):
        if getattr(element, key) is not None:
            yield key, what
    if element.split is not None and element.split.rule != "equally":
        yield "split", "a split other than equally"
    if element.payment is not None:
        yield from _payment_beyond(element, counting)


def _targets_in(element: Element) -> Iterator[Target | None]:
    yield element.target
    yield from (reading.target for reading in element.readings())


def _payment_beyond(element: Element, counting: Counting) -> Iterator[tuple[str, str]]:
    payment = element.payment
    assert payment is not None
    if payment.clawback is not None:
        yield "payment.clawback", "pay taken back when deals are reversed"
    if payment.calculated not in (None, element.period):
        yield "payment.calculated", "pay worked out on the way"
    if payment.hold_back is not None and payment.hold_back.malus:
        yield "payment.hold_back.malus", "gates read when held pay is released"
    if payment.advance is not None and element.period != "month":
        plan = compiled("", element)
        whole = all(fn.money or fn.by == "attainment" or fn.lookup == NO_INPUT for fn in plan.functions()) and element.credit_cap is None
        if not is_simple(plan) or not whole or element.credit is not None or any(
                counting.knows(measure) and counting.code(measure) is None for measure in element.measures()):
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
