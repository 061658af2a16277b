"""What an element reads for its payees in a period: results, targets, and the shares by which days and months of service cut them."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from sim.errors import InputError
from sim.payroll.book import NOBODY, Book, Span, period_label, summed_by
from sim.payroll.targets import NONE, differential_rent, group_sums, own_base
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
    """part: of the period that is worked out. post: of the time in post, by which amounts are cut. ramp: of the quota that is asked."""

    part: Fraction
    post: Exact | Fraction
    ramp: Exact | Fraction

    @property
    def amounts(self) -> Exact | Fraction:
        """The share of amounts that is paid."""
        return times(self.post, self.part)


def times(share: Exact | Fraction, other: Exact | Fraction) -> Exact | Fraction:
    """The product of two shares, of all alike or one each."""
    if isinstance(share, Fraction):
        return other if share == 1 else other * share
    return share if isinstance(other, Fraction) and other == 1 else share * other


def payees_of(book: Book, plan: Compiled, rows: np.ndarray) -> Payees:
    """The people in post as one is paid with the other; an amount that depends on nothing is paid to each."""
    one = np.ones(len(rows), dtype=np.int64)
    if not plan.inputs or not paid_together(book, plan.element):
        return Payees(rows, np.arange(len(rows)), one, one - 1, one, one)
    bundled = plan.element.payee == "self"
    together = (book.groups.team if plan.element.payee == "team" else book.groups.pair)[rows]
    _, group, sizes = np.unique(together, return_inverse=True, return_counts=True)
    order = np.argsort(group, kind="stable")
    rank = np.empty(len(rows), dtype=np.int64)
    rank[order] = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    size = sizes[group]
    return Payees(rows, group, size, rank, size if bundled else one, one if bundled else size)


def paid_together(book: Book, element: Element) -> bool:
    """Whether the results of several make each one's pay."""
    return element.payee != "self" or book.policy.practices.mentor_pairing.bundled


def shares_of(book: Book, element: Element, span: Span, payees: Payees, part: Fraction = Fraction(1)) -> Shares:
    """How far days in post and a ramp cut amounts and quotas; a group's share is the mean of its members'."""
    post: Exact | Fraction = Fraction(1)
    ramp: Exact | Fraction = Fraction(1)
    if _by_days(book, element):
        there = book.post_days[span.first : span.last + 1][:, payees.rows].sum(axis=0)
        post = _mean_of_group(Exact(there, int(book.days[span.first : span.last + 1].sum())), payees)
    if element.ramp is not None:
        ramp = _mean_of_group(_ramp(book, element, span, payees.rows), payees)
    return Shares(part, post, ramp)


def _by_days(book: Book, element: Element) -> bool:
    return (element.prorated or book.policy.terms.prorated) == "days_in_post"


def _mean_of_group(share: Exact, payees: Payees) -> Exact:
    if not (payees.shares > 1).any():
        return share
    sums = summed_by(share, payees.group, int(payees.group.max()) + 1)[payees.group]
    return sums / Exact(payees.size)


def _quota(book: Book, element: Element, source: Input, span: Span, payees: Payees, shares: Shares) -> Exact | Fraction:
    """The share of a reading's target and marks that is asked.

    Days in post, leave and the part of the period cut what adds up over time; a level, such as an average balance or a score, is asked
    in full however short the time. The ramp cuts the quota of what the element pays for.
    """
    reading = source.reading
    share: Exact | Fraction = Fraction(1)
    if pay_measures()[reading.measure].over == "sum":
        if _by_days(book, element):
            share = _mean_of_group(_days_asked(book, reading, span, payees.rows), payees)
        if adds_up(reading):
            share = times(share, shares.part)
    return times(share, shares.ramp) if source.credited else share


def _days_asked(book: Book, reading: Reading, span: Span, rows: np.ndarray) -> Exact:
    """Days in post less days of leave, of all days."""
    first, last, _ = _months(book, reading, span)
    total = int(book.days[first : last + 1].sum())
    there = book.post_days[first : last + 1][:, rows].sum(axis=0)
    if "leave_days" not in book.values:
        return Exact(np.maximum(there, 1), total)
    leave = book.values["leave_days"][first : last + 1][:, rows].sum(axis=0)
    return Exact(np.maximum(there * SCALE - leave, SCALE), total * SCALE)         # a day at least: nobody reaches a quota of nothing


def adds_up(reading: Reading) -> bool:
    """Whether a reading of part of a period is part of that of the whole."""
    return reading.over == "period" and not reading.annualised and pay_measures()[reading.measure].over == "sum"


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
    return (total / Exact(np.maximum(months, 1))).where(months > 0, 1)


# --- results ----------------------------------------------------------------------------------------------------------


def reached_by(book: Book, plan: Compiled, payees: Payees, span: Span, shares: Shares) -> list[Reached]:
    """Every input of the element for its payees."""
    return [Reached(Exact.of(0, len(payees.rows))) if isinstance(each, Score) else reached(book, plan, place, payees, span, shares)
            for place, each in enumerate(plan.inputs)]


def reached(book: Book, plan: Compiled, place: int, payees: Payees, span: Span, shares: Shares) -> Reached:
    """One input: what was achieved, the target it is held against, and the share of it that is asked."""
    source, element = plan.inputs[place], plan.element
    assert isinstance(source, Input)
    reading, rows = source.reading, payees.rows
    first, last, covered = _months(book, reading, span)
    value = _result(book, plan.name, reading.measure, first, last)
    if source.credited:
        value = credited(book, element, value, first, last)
    target = _target(book, element, source, payees, span) if reading.target is not None else None
    quota = _quota(book, element, source, span, payees, shares)
    if target is not None and _goes_by_target(plan, place):
        _refuse_nothing(book, reading, target, payees, span)
    own = source.credited and place == 0 and element.measure is not None
    value = value[rows]
    if own and element.windfall is not None and target is not None:
        found = windfalls_of(book, element, target, whole_quota(reading, quota, shares.part), payees, span)
        value = value - credited(book, element, found.by_person(book), first, last)[rows]
    if payees.grouped:
        value = _together(value, reading.measure, payees)
    if own and element.credit_cap is not None:
        value = value.at_most(times(shares.amounts, as_written(element.credit_cap)))
    if own and target is not None and element.ramp is not None:
        value = value.where(_accelerated(element, book.service[span.last], payees), value.at_most(times(quota, target)))
    if reading.annualised:
        value = value * Fraction(12, covered)
    return Reached(value, target, quota, Fraction(1) if adds_up(reading) else shares.part)


def _result(book: Book, name: str, measure: str, first: int, last: int) -> Exact:
    try:
        return book.result(measure, first, last)
    except InputError as missing:
        if not missing.expected.startswith("results in it"):
            raise
        expected = f"{missing.expected}, as pay.{name} pays by them"
        raise InputError(*missing.place, found=missing.found, expected=expected, hint=missing.hint) from None


def _months(book: Book, reading: Reading, span: Span) -> tuple[int, int, int]:
    """The months that a reading covers: their places, and how many the annual value is worked out from."""
    match reading.over:
        case "last_month":
            return span.last, span.last, 1
        case "year_to_date":
            passed = book.month_number(span.last)
            return max(0, span.last + 1 - passed), span.last, passed
    return span.first, span.last, span.so_far


def credited(book: Book, element: Element, own: Exact, first: int, last: int) -> Exact:
    """Results of everybody as the element credits them to everybody: one's own, those of all below, or those of one's whole team."""
    if element.credit is None or element.credit.rule == "direct":
        return own
    if element.credit.grades is not None:
        own = own.where(np.isin(book.grades[last], list(element.credit.grades)), 0)
    if element.credit.rule == "overlay":
        team = np.where(book.posts[first : last + 1].any(axis=0), book.groups.team, NOBODY)
        return summed_by(own, team, int(book.groups.team.max(initial=0)) + 1)[book.groups.team]
    if book.supervisors is None:
        raise InputError("people", "supervisor", found="nothing", expected="who supervises whom, as pay is by the results of those below")
    people = len(book)
    total, above = Exact.of(0, people), book.supervisors
    while (above >= 0).any():                                    # ends: nobody is above himself (sim/payroll/book.py)
        total = total + summed_by(own, above, people)
        above = np.where(above >= 0, book.supervisors[above], NOBODY)
    return total


def _together(value: Exact, measure: str, payees: Payees) -> Exact:
    """The group's result: the sum, or the mean of rates and scores, and of what a bundled pair achieves."""
    total = summed_by(value, payees.group, int(payees.group.max()) + 1)[payees.group]
    if _is_level(measure):
        return total / Exact(payees.size)
    return total / Exact(payees.paid_on_mean) if (payees.paid_on_mean > 1).any() else total


def _is_level(measure: str) -> bool:
    """Whether several people's values make a mean rather than a sum."""
    known = pay_measures()[measure]
    return known.unit in MEANT and known.over != "sum"


def _accelerated(element: Element, service: np.ndarray, payees: Payees) -> np.ndarray:
    """Whether results beyond the quota count; in a group, as soon as they do for one of it."""
    allowed = np.ones(len(payees.rows), dtype=bool)
    for step in reversed(element.ramp or ()):
        allowed = np.where(service[payees.rows] <= step.until_month, step.accelerators, allowed)
    if not (payees.shares > 1).any():
        return allowed
    return np.bincount(payees.group, weights=allowed)[payees.group] > 0


def _goes_by_target(plan: Compiled, place: int) -> bool:
    """Whether attainment of the input's target makes a difference to pay."""
    scored = [fn for each in plan.inputs if isinstance(each, Score) for _, fn in each.parts]
    functions: list[Fn] = [*plan.functions(), *scored]
    return any(fn.rated == place and any(row.per_share for row in fn.rows)
               or fn.lookup == place and fn.by == "attainment" and any(row.x for row in fn.rows) for fn in functions)


# --- targets ----------------------------------------------------------------------------------------------------------


def _target(book: Book, element: Element, source: Input, payees: Payees, span: Span) -> Exact | Fraction:
    """What the whole quota is for each payee; one fraction where all have the same."""
    reading, target = source.reading, source.reading.target
    assert target is not None
    rows = payees.rows
    given = _given(book, element, reading, payees, span)
    if target.own_base is not None:
        asked: Exact | Fraction = _of_own_base(book, element, source, target, payees, span, given)
    elif target.rent is not None:
        asked = _of_rent(book, target, payees, span)
    elif target.value is not None:
        asked = as_written(target.value)
    else:
        asked = Fraction(0)
        if given is None or (given.n < 0).any():
            row = rows[0 if given is None else int((given.n < 0).argmax())]
            whose = "one of the team" if element.payee == "team" else "one of the person or the grade"
            raise InputError("targets", book.people[row], f"{reading.measure} {span.label}", found="no target",
                             expected=f"{whose}, as the plan leaves it to the records")
    if given is not None:
        base = asked if isinstance(asked, Exact) else Exact.of(asked, len(rows))
        asked = given.where(given.n >= 0, base)
    return asked


def _given(book: Book, element: Element, reading: Reading, payees: Payees, span: Span) -> Exact | None:
    """Targets from the records: of the period, or else of all its months; below 0 where there is none, None where nobody has one.

    A pair has one if both have: together, or the mean of theirs where it is paid on the mean.
    """
    holder = "team" if element.payee == "team" else "self"
    measure, grades = reading.measure, book.grades[span.last]
    if not book.targets.periods(measure):
        return None
    found = book.targets.value(measure, span.label, holder, grades)
    if span.months > 1 and (found == NONE).any():
        first = book.months[span.last] - (span.last - book.start(span))
        monthly = np.stack([book.targets.value(measure, period_label(first + k, "month"), holder, grades) for k in range(span.months)])
        over = pay_measures()[measure].over
        made = monthly.sum(axis=0) if over == "sum" else monthly[-1] if over == "last" else monthly.sum(axis=0) // span.months
        found = np.where((found == NONE) & (monthly != NONE).all(axis=0), made, found)
    found = found[payees.rows]
    if not (found != NONE).any():
        return None
    given = Exact(found, SCALE)
    if not payees.grouped or holder == "team":
        return given
    all_have = np.bincount(payees.group, weights=found == NONE)[payees.group] == 0
    return _together(given.where(all_have, 0), measure, payees).where(all_have, NONE)


def _of_own_base(book: Book, element: Element, source: Input, target: Target, payees: Payees, span: Span, given: Exact | None) -> Exact:
    """The whole period before, or the same a year before, times the factor."""
    assert target.own_base is not None
    reading, start = source.reading, target.own_base.start
    back = 12 if target.own_base.of == "year_before" else span.months
    first = book.start(span) - back
    needed = np.ones(len(payees.rows), dtype=bool) if given is None else given.n < 0
    if first < 0:
        if start is not None:
            return Exact.of(as_written(start), len(payees.rows))
        if needed.any():
            row = payees.rows[int(needed.argmax())]
            raise InputError("measures", book.people[row], f"{reading.measure} {span.label}", found=f"no results of {back} months before",
                             expected="them, or a target in the table targets, as the target is made from the own base")
        return Exact.of(0, len(payees.rows))
    last = first + span.months - 1
    base = book.result(reading.measure, first, last)
    base = (credited(book, element, base, first, last) if source.credited else base)[payees.rows]
    if payees.grouped:
        base = _together(base, reading.measure, payees)
    asked = own_base(base, as_written(target.own_base.times))
    return asked if start is None else asked.where(asked.reaches(0, strictly=True), as_written(start))


def _of_rent(book: Book, target: Target, payees: Payees, span: Span) -> Exact:
    """By the own portfolio, or the mean of a group's, against the mean of all in post."""
    assert target.rent is not None and target.value is not None
    held, rows, everybody = book.portfolios["balance"], payees.rows, target.rent.among == "everybody"
    if not held.any():
        raise InputError("portfolios", "balance", found="nothing", expected="what each one holds, as the target is set by the portfolio")
    among = np.zeros(len(book), dtype=np.int64) if everybody else np.unique(book.outlets.astype(str), return_inverse=True)[1]
    present = np.where(book.posts[span.first : span.last + 1].any(axis=0), among, NOBODY)
    many = int(among.max()) + 1
    sizes = np.bincount(present[present >= 0], minlength=many).astype(np.int64)
    means = Exact(group_sums(held, present, many)[among][rows], np.maximum(sizes, 1)[among][rows] * SCALE)
    own = Exact(held[rows], SCALE)
    if payees.grouped:
        own = summed_by(own, payees.group, int(payees.group.max()) + 1)[payees.group] / Exact(payees.size)
    return differential_rent(as_written(target.value), own, means, as_written(target.rent.strength))


def _refuse_nothing(book: Book, reading: Reading, target: Exact | Fraction, payees: Payees, span: Span) -> None:
    """Nobody's attainment can be worked out against a target of nothing."""
    nothing = np.array([target <= 0]) if isinstance(target, Fraction) else ~target.reaches(0, strictly=True)
    if nothing.any():
        raise InputError("targets", book.people[payees.rows[int(nothing.argmax())]], f"{reading.measure} {span.label}",
                         found="a target of 0 or less" + (", from the own base" if reading.target and reading.target.own_base else ""),
                         expected="more than 0, as pay goes by attainment: one given in the table targets goes first")


# --- windfalls --------------------------------------------------------------------------------------------------------


class Windfalls(NamedTuple):
    """Deals above their limit. rows: of the deals. person: of each. excess: units beyond the limit, for each of them."""

    rows: np.ndarray
    person: np.ndarray
    excess: Exact

    def by_person(self, book: Book) -> Exact:
        """Units of everybody that do not count."""
        return summed_by(self.excess, self.person, len(book))


def whole_quota(reading: Reading, quota: Exact | Fraction, part: Fraction) -> Exact | Fraction:
    """The share that is asked of the whole period's target, where only part of the period is worked out."""
    return times(quota, 1 / part) if adds_up(reading) else quota


def windfalls_of(book: Book, element: Element, target: Exact | Fraction, quota: Exact | Fraction, payees: Payees, span: Span) -> Windfalls:
    """The credited deals of a period above the stated share of the quota. quota: share that is asked of the whole period's.

    Who closes a deal that others are paid for too is held to the own quota, or to the common one.
    """
    assert element.windfall is not None
    credits = book.credits
    rows = np.flatnonzero(credits.of_measure(element.measure) & credits.within(book, span.first, span.last))
    place = np.full(len(book), NOBODY)
    place[payees.rows] = np.arange(len(payees.rows))
    who = place[credits.person[rows]]
    whole = times(quota, target)
    limit = whole[who] if isinstance(whole, Exact) else Exact.of(whole, len(rows))
    excess = (Exact(credits.units[rows], SCALE) - limit * as_written(element.windfall.above)).at_least(0)
    kept = np.flatnonzero(excess.reaches(0, strictly=True) & ((who >= 0) | isinstance(whole, Fraction)))
    return Windfalls(rows[kept], credits.person[rows[kept]], excess[kept])


__all__ = ["Payees", "Shares", "Windfalls", "credited", "paid_together", "payees_of", "reached", "reached_by", "shares_of", "times",
           "whole_quota", "windfalls_of"]
