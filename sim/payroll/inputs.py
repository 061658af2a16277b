"""What an element reads for its payees in a period: results, targets, and the shares by which days and months of service cut them."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from sim.errors import InputError
from sim.payroll.book import NOBODY, Book, Span, period_label, summed_by
from sim.payroll.targets import NONE, differential_rent, own_base
from sim.policy.base import MONTHS_OF
from sim.policy.elements import Element
from sim.policy.exact import SCALE, Reached
from sim.policy.measures import pay_measures
from sim.policy.plan import Compiled, Fn, Input, Score, as_written
from sim.policy.rational import Exact
from sim.policy.readings import Reading, Target

MEANT = ("share", "points")               # units whose values are averaged over a group rather than added up


class Payees(NamedTuple):
    """Who is paid for an element in a period.

    rows: of people. group: number of the group each belongs to, 0 to groups - 1. size: members of each one's group. rank: place in it.
    paid_on_mean: for each, of how many results the mean is paid for; 1 where one's own or the group's sum is. shares: among how many
    the pay is split.
    """

    rows: np.ndarray
    group: np.ndarray
    size: np.ndarray
    rank: np.ndarray
    paid_on_mean: np.ndarray
    shares: np.ndarray

    @property
    def grouped(self) -> bool:
        return bool((self.size > 1).any())


class Shares(NamedTuple):
    """post: of the period in post, by which amounts are cut. quota: of the quota asked for."""

    post: Exact | Fraction
    quota: Exact | Fraction


def payees_of(book: Book, element: Element, rows: np.ndarray) -> Payees:
    """The people in post as one is paid with the other."""
    one = np.ones(len(rows), dtype=np.int64)
    bundled = element.payee == "self" and book.policy.practices.mentor_pairing.bundled
    counted = element.measures()
    if not counted or element.payee == "self" and not bundled:
        return Payees(rows, np.arange(len(rows)), one, one - 1, one, one)
    together = (book.groups.team if element.payee == "team" else book.groups.pair)[rows]
    _, group, sizes = np.unique(together, return_inverse=True, return_counts=True)
    order = np.argsort(group, kind="stable")
    rank = np.empty(len(rows), dtype=np.int64)
    rank[order] = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    size = sizes[group]
    return Payees(rows, group, size, rank, size if bundled else one, one if bundled else size)


def shares_of(book: Book, element: Element, span: Span, rows: np.ndarray) -> Shares:
    """How far days in post, leave, a ramp and a period that is not over cut amounts and quotas."""
    post: Exact | Fraction = Fraction(1)
    quota: Exact | Fraction = Fraction(1)
    cumulative = element.payment is not None and element.payment.calculated is not None and MONTHS_OF[element.payment.calculated] < span.months
    if cumulative:
        post = quota = Fraction(span.so_far, span.months)
    if (element.prorated or book.policy.terms.prorated) == "days_in_post":
        total = int(book.days[span.first : span.last + 1].sum())
        there = book.post_days[span.first : span.last + 1][:, rows].sum(axis=0)
        leave = book.values["leave_days"][span.first : span.last + 1][:, rows].sum(axis=0) if "leave_days" in book.values else 0
        asked = np.maximum(there * SCALE - leave, SCALE)         # a day at least: nobody reaches a quota of nothing
        quota = Exact(asked, total * SCALE) * quota
        post = Exact(there, total) * post
    if element.ramp is not None:
        quota = _ramp(book, element, span, rows) * quota
    return Shares(post, quota)


def _ramp(book: Book, element: Element, span: Span, rows: np.ndarray) -> Exact:
    """The mean of the quota's shares over the months in post; the whole quota where the first day is not recorded."""
    total, months = Exact.of(0, len(rows)), np.zeros(len(rows), dtype=np.int64)
    for month in range(span.first, span.last + 1):
        service, there = book.service[month, rows], book.posts[month, rows]
        share = Exact.of(1, len(rows))
        for step in reversed(element.ramp or ()):
            share = share.where(service > step.until_month, as_written(step.quota))
        total = total + share.where(there, 0)
        months += there
    return total / Exact(np.maximum(months, 1))


def reached_by(book: Book, plan: Compiled, payees: Payees, span: Span, shares: Shares) -> list[Reached]:
    """Every input of the element for its payees."""
    return [Reached(Exact.of(0, len(payees.rows))) if isinstance(each, Score) else _reached(book, plan, each, place, payees, span, shares)
            for place, each in enumerate(plan.inputs)]


def _reached(book: Book, plan: Compiled, source: Input, place: int, payees: Payees, span: Span, shares: Shares) -> Reached:
    reading, element = source.reading, plan.element
    first, last, covered = _months(book, reading, span)
    value = _credited(book, element, reading.measure, first, last) if source.credited else book.result(reading.measure, first, last)
    value = value[payees.rows]
    if source.credited and element.credit_cap is not None and reading.measure == element.measure:
        value = value.at_most(as_written(element.credit_cap))
    target = _target(book, element, reading, payees, span, shares) if reading.target is not None else None
    if target is not None and _counts_shares(plan, place):
        _refuse_nothing(book, reading, target, payees, span)
    own = source.credited and place == 0 and element.measure is not None
    if own and element.windfall is not None and target is not None:
        value = value - _windfalls(book, element, target, payees, span)
    if payees.grouped:
        value = _together(value, reading.measure, payees)
    if own and target is not None and element.ramp is not None:
        value = value.where(_accelerated(element, book.service[span.last, payees.rows]), value.at_most(target))
    if reading.annualised:
        value = value * Fraction(12, covered)
    return Reached(value, target)


def _months(book: Book, reading: Reading, span: Span) -> tuple[int, int, int]:
    """The months that a reading covers: their places, and how many the annual value is worked out from."""
    match reading.over:
        case "last_month":
            return span.last, span.last, 1
        case "year_to_date":
            passed = book.month_number(span.last)
            return max(0, span.last + 1 - passed), span.last, passed
    return span.first, span.last, span.so_far


def _credited(book: Book, element: Element, measure: str, first: int, last: int) -> Exact:
    """Everybody's result as the element credits it."""
    own = book.result(measure, first, last)
    if element.credit is None or element.credit.rule == "direct":
        return own
    if element.credit.grades is not None:
        counts = np.isin(book.grades[last], list(element.credit.grades))
        own = own.where(counts, 0)
    people = len(book)
    if element.credit.rule == "overlay":
        team = np.where(book.posts[first : last + 1].any(axis=0), book.groups.team, NOBODY)
        return summed_by(own, team, int(book.groups.team.max(initial=0)) + 1)[book.groups.team]
    total, above = Exact.of(0, people), book.supervisors
    for _ in range(people):
        if not (above >= 0).any():
            break
        total = total + summed_by(own, above, people)
        above = np.where(above >= 0, book.supervisors[above], NOBODY)
    return total


def _together(value: Exact, measure: str, payees: Payees) -> Exact:
    """The group's result: the sum, or the mean of shares and points, and of what a bundled pair achieves."""
    groups = int(payees.group.max()) + 1
    total = summed_by(value, payees.group, groups)[payees.group]
    if pay_measures()[measure].unit in MEANT:
        return total * Exact(np.ones(len(payees.rows), dtype=np.int64), payees.size)
    if (payees.paid_on_mean > 1).any():
        return total * Exact(np.ones(len(payees.rows), dtype=np.int64), payees.paid_on_mean)
    return total


def _accelerated(element: Element, service: np.ndarray) -> np.ndarray:
    """Whether results beyond the quota count."""
    allowed = np.ones(len(service), dtype=bool)
    for step in reversed(element.ramp or ()):
        allowed = np.where(service <= step.until_month, step.accelerators, allowed)
    return allowed


def _counts_shares(plan: Compiled, place: int) -> bool:
    """Whether something is divided by the input's target."""
    scored = [fn for each in plan.inputs if isinstance(each, Score) for _, fn in each.parts]
    functions: list[Fn] = [*plan.functions(), *scored]
    return any(fn.rated == place and any(row.per_share for row in fn.rows) for fn in functions)


# --- targets ----------------------------------------------------------------------------------------------------------


def _target(book: Book, element: Element, reading: Reading, payees: Payees, span: Span, shares: Shares) -> Exact | Fraction:
    """What was asked of each payee, the quota's share worked in; one fraction where all have the same."""
    target = reading.target
    assert target is not None
    rows = payees.rows
    given = _given(book, element, reading, span)
    given = None if given is None else given[rows]
    if target.own_base is not None:
        asked: Exact | Fraction = _of_own_base(book, element, reading, target, payees, span, given)
    elif target.rent is not None:
        asked = _of_rent(book, target, rows)
    elif target.value is not None:
        asked = as_written(target.value)
    else:
        asked = Fraction(0)
        if given is None or (given == NONE).any():
            row = rows[0 if given is None else int((given == NONE).argmax())]
            raise InputError("targets", book.people[row], f"{reading.measure} {span.label}", found="no target",
                             expected="one of the person, the grade or the team, as the plan leaves it to the records")
    if given is not None and (given != NONE).any():
        base = asked if isinstance(asked, Exact) else Exact.of(asked, len(rows))
        asked = Exact(given, SCALE).where(given != NONE, base)
    return asked * shares.quota if isinstance(asked, Exact) or not isinstance(shares.quota, Exact) else shares.quota * asked


def _given(book: Book, element: Element, reading: Reading, span: Span) -> np.ndarray | None:
    """Targets from the records: of the period, or else of all its months; -1 where there is none, None where nobody has one."""
    holder = "team" if element.payee == "team" else "self"
    measure, grades = reading.measure, book.grades[span.last]
    found = book.targets.value(measure, span.label, holder, grades)
    if span.months > 1 and (found == NONE).any() and len(book.targets.periods(measure)):
        first = book.months[span.last] - (span.so_far - 1)
        monthly = np.stack([book.targets.value(measure, period_label(first + k, "month"), holder, grades) for k in range(span.months)])
        whole = (monthly != NONE).all(axis=0)
        over = pay_measures()[measure].over
        made = monthly.sum(axis=0) if over == "sum" else monthly[-1] if over == "last" else monthly.sum(axis=0) // span.months
        found = np.where((found == NONE) & whole, made, found)
    return found if (found != NONE).any() else None


def _of_own_base(book: Book, element: Element, reading: Reading, target: Target, payees: Payees, span: Span, given: np.ndarray | None) -> Exact:
    assert target.own_base is not None
    back = 12 if target.own_base.of == "year_before" else span.months
    first, last = span.first - back, span.last - back + (span.months - span.so_far if back < 12 else 0)
    needed = np.ones(len(payees.rows), dtype=bool) if given is None else given == NONE
    if first < 0:
        if needed.any():
            row = payees.rows[int(needed.argmax())]
            raise InputError("measures", book.people[row], f"{reading.measure} {span.label}", found=f"no results of {back} months before",
                             expected="them, or a target in the table targets, as the target is made from the own base")
        return Exact.of(0, len(payees.rows))
    base = _credited(book, element, reading.measure, first, last)[payees.rows]
    if payees.grouped:
        base = _together(base, reading.measure, payees)
    return own_base(base, as_written(target.own_base.times))


def _of_rent(book: Book, target: Target, rows: np.ndarray) -> Exact:
    assert target.rent is not None and target.value is not None
    held = book.portfolios["balance"]
    if target.rent.among == "everybody":
        mean = Exact.of(Fraction(int(held.sum()), SCALE * len(held)), len(rows))
    else:
        _, outlet, sizes = np.unique(book.outlets.astype(str), return_inverse=True, return_counts=True)
        sums = np.zeros(len(sizes), dtype=np.int64)
        np.add.at(sums, outlet, held)
        mean = Exact(sums[outlet][rows], sizes[outlet][rows] * SCALE)
    return differential_rent(as_written(target.value), Exact(held[rows], SCALE), mean, as_written(target.rent.strength))


def _refuse_nothing(book: Book, reading: Reading, target: Exact | Fraction, payees: Payees, span: Span) -> None:
    """Nobody's attainment can be worked out against a target of nothing."""
    nothing = np.array([target <= 0]) if isinstance(target, Fraction) else ~target.reaches(0, strictly=True)
    if nothing.any():
        raise InputError("targets", book.people[payees.rows[int(nothing.argmax())]], f"{reading.measure} {span.label}", found="a target of 0 or less",
                         expected="more than 0, as pay goes by attainment")


# --- windfalls --------------------------------------------------------------------------------------------------------


class Windfalls(NamedTuple):
    """Deals above their limit. rows: of the deals. excess: units beyond the limit, for each of them."""

    rows: np.ndarray
    excess: Exact


def windfalls_of(book: Book, element: Element, target: Exact | Fraction, payees: Payees, span: Span) -> Windfalls:
    """The credited deals of a period above the stated share of the quota."""
    credits, start = book.credits, book.months[0].ordinal
    place = np.full(len(book), NOBODY)
    place[payees.rows] = np.arange(len(payees.rows))
    inside = (credits.month >= start + span.first) & (credits.month <= start + span.last) & (credits.measure == element.measure)
    rows = np.flatnonzero(inside & (place[credits.person] >= 0)) if len(credits.person) else np.zeros(0, dtype=np.int64)
    assert element.windfall is not None
    who = place[credits.person[rows]]
    most = (target[who] if isinstance(target, Exact) else Exact.of(target, len(rows))) * as_written(element.windfall.above)
    excess = (Exact(credits.units[rows], SCALE) - most).at_least(0)
    kept = np.flatnonzero(excess.reaches(0, strictly=True))
    return Windfalls(rows[kept], excess[kept])


def _windfalls(book: Book, element: Element, target: Exact | Fraction, payees: Payees, span: Span) -> Exact:
    """Units by person that do not count."""
    found = windfalls_of(book, element, target, payees, span)
    place = np.full(len(book), NOBODY)
    place[payees.rows] = np.arange(len(payees.rows))
    return summed_by(found.excess, place[book.credits.person[found.rows]], len(payees.rows))


__all__ = ["Payees", "Shares", "Windfalls", "payees_of", "reached_by", "shares_of", "windfalls_of"]
