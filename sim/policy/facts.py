"""What a plan promises, before anybody has worked under it: pay at target, its mix and its leverage.

Money is CNY a month to one payee. On-target earnings are base + target incentive. Leverage has two usages: what is paid at
excellence over the target incentive, and the most that can be paid over base. All of it is read from the file; recorded targets,
overrides and what is paid at another time (advances, holdbacks, draws) are left aside, gates are open and factors 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, NamedTuple

from sim.policy.base import MONTHS_OF
from sim.policy.elements import Element
from sim.policy.measures import unit_of
from sim.policy.plan import (
    NO_INPUT, ONE, ZERO, Compiled, Fn, Input, Piece, Result, as_written, compile_element, mark_of, pieces_along, usual, value_at,
)
from sim.policy.readings import Reading
from sim.policy.schedules import FixedSchedule, MatrixSchedule, TierSchedule
from sim.policy.schema import Policy

if TYPE_CHECKING:
    import pandas as pd

EXCELLENCE = 1.5                      # attainment
MEMBERS = {"self": 1, "pair": 2}      # of a team nobody knows
WHOLE = {"CNY": 10_000}               # units that a lookup's rate is drawn for, where the paid measure has no target; else 1
PLAN_FACTS = ("base", "target_incentive", "on_target_earnings", "base_share", "incentive_share", "excellence", "leverage_at_excellence",
              "maximum_incentive", "leverage_at_maximum")


class Along(NamedTuple):
    """An element's pay, CNY a period, along one of its inputs, with gates open and factors 1.

    reading: what that input is. by: whether the pieces count its units, or shares of a target that the file does not give.
    last: the highest mark there, whether or not pay breaks at it. others: the other readings that pay depends on, held at their
    targets (where there is none, at a full score, the highest mark or 0). per: so many units of the element's own measure, where a
    lookup chooses the rate and the file gives no target; else None.
    """

    reading: Reading
    by: Literal["units", "attainment"]
    pieces: list[Piece]
    last: Fraction
    others: tuple[Reading, ...]
    per: int | None = None


def is_fixed(element: Element) -> bool:
    """Whether the element pays the same whatever is achieved: a fixed amount that nothing multiplies or withholds."""
    return isinstance(element.schedule, FixedSchedule) and not element.modifiers and not element.gates


def bare(element: Element) -> Compiled:
    """The element, compiled, with gates open and factors 1."""
    return compile_element("", element)._replace(modifiers=(), gates=())


def along(element: Element) -> Along | None:
    """The element along its first input, or along the reading that chooses its rate; None where pay is fixed.

    An amount that a factor multiplies is drawn along the factor's reading, one with a gate alone along the gate's.
    """
    plan = bare(element)
    if not plan.inputs:
        return None
    if isinstance(element.schedule, FixedSchedule):
        whole = compile_element("", element)
        plan = plan._replace(modifiers=whole.modifiers[:1], gates=() if whole.modifiers else whole.gates[:1])
    results, per = list(usual(plan)), None
    for place, each in enumerate(plan.inputs):
        if isinstance(each, Input) and results[place].target is None:
            results[place] = Result(ONE, ONE) if each.reading.target is not None else Result(_neutral(plan, place) or _top(plan, place))
    place = _first(element, plan)
    if place and results[0].target is None:                       # a lookup beside a measure that has no target
        per = WHOLE.get(unit_of(element.measure) or "", 1)
        results[0] = Result(Fraction(per))
    reading = _reading(plan, place)
    known = reading.target is None or reading.target.value is not None
    read = [each for each in range(len(plan.inputs)) if isinstance(plan.inputs[each], Input) and each != place and not (per and each == 0)]
    pieces = pieces_along(plan, place, results)
    if element.credit_cap is not None and element.measure and place == 0 and known:
        pieces = _level_from(pieces, as_written(element.credit_cap))
    marks = [mark_of(row.x, fn, results[place].target) for fn in _on(plan, place) if fn.lookup == place for row in fn.rows]
    others = tuple(_reading(plan, each) for each in read)
    return Along(reading, "units" if known else "attainment", pieces, max([*marks, pieces[-1].x]), others, per)


def _level_from(pieces: list[Piece], mark: Fraction) -> list[Piece]:
    """The pieces, with nothing added from a mark on."""
    below = [piece for piece in pieces if piece.x <= mark] or pieces[:1]
    last = below[-1]
    return [*below, Piece(mark, last.v + last.r * (mark - last.x), ZERO)] if last.r else below


def _first(element: Element, plan: Compiled) -> int:
    lookup = element.schedule.lookup if isinstance(element.schedule, TierSchedule) else None
    return plan.inputs.index(Input(lookup, False)) if lookup is not None else 0


def _reading(plan: Compiled, place: int) -> Reading:
    found = plan.inputs[place]
    assert isinstance(found, Input)
    return found.reading


def paid_at(element: Element, attainment: Fraction = ONE) -> Fraction | None:
    """What the element pays its payee, CNY a period, where every reading attains so much of its target.

    A reading without a target that only makes a score stands where it scores in full. None where pay cannot be told from the
    file: a reading that it depends on has no target there.
    """
    plan = bare(element)
    results: list[Result] = []
    for place, each in enumerate(plan.inputs):
        if not isinstance(each, Input):
            results.append(Result(ZERO))
            continue
        target = each.reading.target
        if target is not None and target.value is not None:
            results.append(Result(attainment * as_written(target.value), as_written(target.value)))
        elif target is not None and not any(_counts_units(fn) for fn in _on(plan, place)):
            results.append(Result(attainment, ONE))
        elif not _on(plan, place):
            results.append(Result(ZERO))
        elif (neutral := _neutral(plan, place)) is not None and not (place == 0 and element.measure):
            results.append(Result(neutral))
        else:
            return None
    return value_at(plan, results)


def _neutral(plan: Compiled, place: int) -> Fraction | None:
    """For a reading that only makes a score or factor: the mark at which that is nearest to 1; None if it makes anything else."""
    functions = _on(plan, place)
    if not functions or any(fn.money or fn.by == "attainment" for fn in functions):
        return None
    rows = [row for fn in functions for row in fn.rows]
    return min(rows, key=lambda row: (abs(row.amount + row.rate * row.x - 1), row.x)).x


def _top(plan: Compiled, place: int) -> Fraction:
    """For a reading that chooses among amounts, such as the columns of a matrix: its highest mark; else 0."""
    functions = [fn for fn in _on(plan, place) if fn.lookup == fn.rated == place]
    chooses = functions and not any(row.rate or row.per_share or row.marked or row.per_target for fn in functions for row in fn.rows)
    return max(row.x for fn in functions for row in fn.rows) if chooses else ZERO


def _on(plan: Compiled, place: int) -> list[Fn]:
    scores = [fn for each in plan.inputs if not isinstance(each, Input) for _, fn in each.parts]
    return [fn for fn in (*plan.functions(), *scores) if place in (fn.lookup, fn.rated)]


def _counts_units(fn: Fn) -> bool:
    return fn.by == "units" or any(row.rate or row.marked or row.per_target for row in fn.rows)


def incentive_of(element: Element) -> Fraction | None:
    """The target incentive, CNY a period to the payee: as stated, times the weight; or else what is paid at target."""
    if element.target_incentive is None:
        return paid_at(element)
    return as_written(element.target_incentive) * as_written(1.0 if element.weight is None else element.weight)


def most(element: Element) -> float:
    """The most the element can pay its payee in a period, CNY; infinite where nothing bounds it, nan where the file does not tell.

    Factors count with their highest value.
    """
    if element.cap is not None:
        return element.cap
    plan = compile_element("", element)
    limit = as_written(element.credit_cap) if element.credit_cap is not None else None
    terms = [math.prod(_most(fn, plan, limit) for fn in term) for term in plan.terms]
    whole = max(terms) if isinstance(element.schedule, MatrixSchedule) else sum(terms)
    whole = math.prod([whole, *(_most(fn, plan, None) for fn in plan.modifiers)]) if whole > 0 else whole
    return max(whole, element.floor) if element.floor is not None else whole


def _most(fn: Fn, plan: Compiled, limit: Fraction | None) -> float:
    """The highest value of one function; `limit` bounds the units of the element's own measure."""
    if fn.rated == NO_INPUT:
        return float(max(row.amount for row in fn.rows))
    source = plan.inputs[fn.rated]
    target = source.reading.target if isinstance(source, Input) else None
    given = as_written(target.value) if target is not None and target.value is not None else None
    found = []
    for row, after in zip(fn.rows, [*fn.rows[1:], None], strict=True):
        slope = row.rate + row.per_share / (given or ONE)
        if given is None and target is not None and _counts_units(fn) and fn.by == "attainment":
            return math.inf if slope > 0 and after is None else math.nan
        end = mark_of(after.x, fn, given or ONE) if after is not None and fn.lookup == fn.rated else None
        if limit is not None and fn.rated == 0:
            end = limit if end is None else min(end, limit)
        if slope > 0 and end is None:
            return math.inf
        start = max(ZERO, mark_of(row.x, fn, given or ONE)) if fn.lookup == fn.rated else ZERO
        if end is not None and start > end:
            continue
        at = end if slope > 0 and end is not None else start
        found.append(float(row.amount + row.marked + row.per_target * (given or ONE) + slope * at))
    return max(found)


def plan_facts(policy: Policy, excellence: float = EXCELLENCE, team: float | None = None) -> pd.DataFrame:
    """What the plan promises: fact, element (empty for the whole plan), value, unit.

    excellence: the attainment called excellent. team: how many share a team's pay; without it a team's elements are not known.
    Sums are over the elements whose target the file gives; the others stand there with nan. base_share and incentive_share are the
    pay mix. base_commission_rate: target incentive x weight / target, CNY a unit of the measure.
    """
    import pandas as pd

    base = 0.0
    at_target: dict[str, float] = {}
    at_best: dict[str, float] = {}
    tops, rates = [], []
    for name, element in policy.pay.items():
        many = MEMBERS.get(element.payee, team)
        share = 1.0 / (MONTHS_OF[element.period] * many) if many else math.nan
        if is_fixed(element):
            base += float(value_at(bare(element), [])) * share
            continue
        at_target[name] = share * _told(incentive_of(element))
        at_best[name] = share * _told(paid_at(element, as_written(excellence)))
        tops.append(share * most(element))
        if element.target_incentive is not None and element.target is not None and element.target.value is not None:
            rates.append((name, _told(incentive_of(element)) / element.target.value, element.target.unit))
    top = math.inf if math.inf in tops else sum(tops)
    if policy.terms.ceiling is not None:
        top = min(top, max(0.0, policy.terms.ceiling.amount / MONTHS_OF[policy.terms.ceiling.period] - base))
    incentive, best = _known_sum(at_target.values()), _known_sum(at_best.values())
    earnings = base + incentive
    whole = (base, incentive, earnings, _over(base, earnings), _over(incentive, earnings), best, _over(best, incentive), top,
             _over(base + top, base))
    units = ("CNY a month",) * 3 + ("share",) * 2 + ("CNY a month", "times", "CNY a month", "times")
    rows = [(fact, "", value, unit) for fact, value, unit in zip(PLAN_FACTS, whole, units, strict=True)]
    rows += [("target_incentive", name, value, "CNY a month") for name, value in at_target.items()]
    rows += [("base_commission_rate", name, rate, f"CNY per {unit}") for name, rate, unit in rates]
    return pd.DataFrame(rows, columns=["fact", "element", "value", "unit"])


def _told(amount: Fraction | None) -> float:
    return math.nan if amount is None else float(amount)


def _known_sum(values: Iterable[float]) -> float:
    """Of what is known; 0 where there is nothing to know, nan where nothing is known."""
    given = list(values)
    known = [value for value in given if not math.isnan(value)]
    return sum(known) if known or not given else math.nan


def _over(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


__all__ = ["EXCELLENCE", "PLAN_FACTS", "Along", "along", "bare", "incentive_of", "is_fixed", "most", "paid_at", "plan_facts"]
