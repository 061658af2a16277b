"""Clawback: what is taken back when a credited deal is reversed (sim/policy/payment.py, Clawback).

The rate is the one at which the period was paid: pay of the period / units credited in it. Deals that pay several people (split credit,
supervisors, teams) are taken back from each of them by the same rules of crediting. What is still kept back is cut first; the rest is a
negative line in the month of the reversal, or of the settlement if that comes later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from sim.payroll.book import Book, Span, summed_by
from sim.payroll.credits import NEVER
from sim.payroll.derived import over_period
from sim.payroll.earning import Worked
from sim.payroll.inputs import credited, whole_quota, windfalls_of
from sim.payroll.lines import MONEY, Block, Templates, millionths, spread
from sim.payroll.payouts import Kept
from sim.policy.exact import SCALE
from sim.policy.payment import Clawback
from sim.policy.plan import Compiled, Input, as_written
from sim.policy.rational import Exact
from sim.policy.schedules import PriceSchedule


class Settled(NamedTuple):
    """A settled period of an element. month: in which it was worked out. fen: its pay, by payee. excess: units of deals that did not count."""

    month: int
    worked: Worked
    fen: np.ndarray
    excess: dict[int, int]


class Reversals:
    """What was settled, and what of it was taken back."""

    def __init__(self, book: Book, templates: Templates) -> None:
        self.book, self.templates = book, templates
        self.settled: dict[tuple[str, str], list[Settled]] = {}
        self.taken: dict[tuple[str, str], np.ndarray] = {}
        self.done: dict[str, np.ndarray] = {}
        self.waiting = np.flatnonzero(book.credits.reversed != NEVER)

    def remember(self, month: int, worked: Worked, fen: np.ndarray) -> None:
        """A period's pay as it stands; worked out again, it takes the place of what was known of it."""
        element, book = worked.plan.element, self.book
        if element.payment is None or element.payment.clawback is None or not len(self.waiting):
            return
        if not any(book.credits.of_measure(measure)[self.waiting].any() for measure in _counted(worked.plan)):
            return
        key = (worked.plan.name, worked.span.label)
        kept = [each for each in self.settled.get(key, []) if each.month == month]
        self.settled[key] = [*kept, Settled(month, worked, fen, self._excess(worked))]

    def _excess(self, worked: Worked) -> dict[int, int]:
        """By deal above the limit of a windfall: units that were not credited, in millionths."""
        source, plan = worked.plan.inputs[0], worked.plan
        if plan.element.windfall is None or not isinstance(source, Input):
            return {}
        first = worked.reached[0]
        assert first.target is not None
        found = windfalls_of(self.book, plan.element, first.target, whole_quota(source.reading, first.quota, worked.part), worked.payees,
                             worked.span)
        return dict(zip(found.rows.tolist(), millionths(found.excess).tolist(), strict=True))

    def lines(self, month: int, kept: Sequence[Kept]) -> Iterator[Block]:
        """Of deals reversed this month, or before the period they are credited in was settled."""
        now = self.book.months[0].ordinal + month
        due = self.waiting[self.book.credits.reversed[self.waiting] <= now]
        if not len(due):
            return
        for (name, label), parts in self.settled.items():
            done = self.done.setdefault(name, np.zeros(len(self.book.credits.person), dtype=bool))
            plan, span, credits = parts[0].worked.plan, parts[0].worked.span, self.book.credits
            deals = due[~done[due]]
            if not len(deals):
                continue
            counted = np.logical_or.reduce([credits.of_measure(measure) for measure in _counted(plan)])
            inside = (counted & credits.within(self.book, span.first, span.last))[deals]
            if len(deals := deals[inside]):
                done[deals] = True
                for settled in parts:
                    yield from self._taken_back(month, name, label, settled, deals, kept)

    def _taken_back(self, month: int, name: str, label: str, settled: Settled, deals: np.ndarray, kept: Sequence[Kept]) -> Iterator[Block]:
        payees, many = settled.worked.payees, len(self.book)
        lost, credit = self._shares(settled, deals)
        taken = self.taken.setdefault((name, label), np.zeros(many, dtype=np.int64))
        left = np.maximum(settled.fen - taken[payees.rows], 0)
        some = lost.reaches(0, strictly=True) & credit.reaches(0, strictly=True) & (left > 0)
        if not some.any():
            return
        back = (Exact(np.maximum(settled.fen, 0)) * lost.where(some, 0) / credit.where(some, 1)).whole()
        amount = spread(np.minimum(back, left), payees.rows, many)
        taken += amount
        cut = np.zeros(many, dtype=np.int64)
        for each in kept:
            if each.element == name and each.period == label:
                now = np.minimum(each.left, amount - cut)
                each.left[:] -= now
                cut += now
        gaps = {"earned": spread(np.maximum(settled.fen, 0) * MONEY, payees.rows, many), "lost": spread(millionths(lost), payees.rows, many),
                "credit": spread(millionths(credit), payees.rows, many), "cut": cut * MONEY}
        for words, chosen in (("clawback", cut == 0), ("clawback_cut", cut != 0)):
            yield from self.templates.lines(name, "clawback", month, label, np.arange(many), cut - amount, gaps, words, chosen & (amount != 0))

    def _shares(self, settled: Settled, deals: np.ndarray) -> tuple[Exact, Exact]:
        """Units to be given back, and units credited, of each payee's group; before a cap on credit, which cuts both alike.

        Of a price list both are CNY by the list.
        """
        book, worked, credits = self.book, settled.worked, self.book.credits
        element, span, rows = worked.plan.element, worked.span, worked.payees.rows
        clawback = element.payment.clawback                                     # type: ignore[union-attr]
        assert clawback is not None
        months = np.maximum(credits.reversed[deals] - credits.month[deals], 0)
        shares = [_recovered(clawback, int(passed)) * Fraction(int(gone), SCALE)
                  for passed, gone in zip(months, credits.lost[deals], strict=True)]
        units = credits.units[deals] - np.array([settled.excess.get(int(deal), 0) for deal in deals], dtype=np.int64)
        lost, whole = Exact.of(0, len(book)), Exact.of(0, len(book))
        for measure, price in _counted(worked.plan).items():
            its = credits.of_measure(measure)[deals]
            for share in sorted({each for each, own in zip(shares, its, strict=True) if own and each}):
                chosen = np.flatnonzero(its & np.array([each == share for each in shares]))
                lost = lost + self._over(measure, span, deals[chosen], units[chosen]) * (share * price)
            whole = whole + book.result(measure, span.first, span.last) * price
        if settled.excess:
            above = np.array(list(settled.excess))
            whole = whole - self._over(str(element.measure), span, above, np.array(list(settled.excess.values()), dtype=np.int64))
        return self._of_group(worked, credited(book, element, lost, span.first, span.last)[rows]), \
            self._of_group(worked, credited(book, element, whole, span.first, span.last)[rows])

    def _over(self, measure: str, span: Span, deals: np.ndarray, units: np.ndarray) -> Exact:
        """What some deals make of everybody's result over the span. units: of each, in millionths."""
        book = self.book
        rows = np.zeros((span.last - span.first + 1, len(book)), dtype=np.int64)
        month = book.credits.month[deals] - book.months[0].ordinal - span.first
        np.add.at(rows, (month, book.credits.person[deals]), units)
        months = slice(span.first, span.last + 1)
        return over_period({measure: rows}, measure, 0, span.last - span.first, book.days[months], book.posts[months])

    @staticmethod
    def _of_group(worked: Worked, numbers: Exact) -> Exact:
        payees = worked.payees
        return summed_by(numbers, payees.group, int(payees.group.max()) + 1)[payees.group] if payees.grouped else numbers


def _counted(plan: Compiled) -> dict[str, Fraction]:
    """The measures whose deals are taken back, and how much a unit counts: its price in a price list."""
    schedule = plan.element.schedule
    if isinstance(schedule, PriceSchedule):
        return {measure: as_written(price) for measure, price in schedule.prices.items()}
    credited_first = next((each.reading.measure for each in plan.inputs if isinstance(each, Input) and each.credited), None)
    measure = plan.element.measure or credited_first
    return {measure: Fraction(1)} if measure else {}


def _recovered(clawback: Clawback, months: int) -> Fraction:
    """The share of the pay to be given back so many months after the credit."""
    if months > clawback.within_months:
        return Fraction(0)
    if clawback.recovery == "pro_rata":
        return Fraction(clawback.within_months - months, clawback.within_months)
    if clawback.recovery == "schedule":
        return next((as_written(step.share) for step in clawback.steps or () if months <= step.until_month), Fraction(0))
    return Fraction(1)


__all__ = ["Reversals"]
