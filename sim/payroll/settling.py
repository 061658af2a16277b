"""Payroll month by month: what is earned, and what becomes of it until it is paid. See sim/payroll/statement.py for the order.

sim/payroll/earning.py works an element out, payouts.py pays what falls due, reversals.py takes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pandas as pd

from sim.payroll.book import Book, Span
from sim.payroll.earning import (
    Worked,
    advanced,
    gaps_of,
    input_of,
    wordings,
    worked_out,
)
from sim.payroll.inputs import paid_together, whole_quota, windfalls_of
from sim.payroll.lines import KINDS, MONEY, TERMS, Block, Review, Templates, constant
from sim.payroll.payouts import Kept, Payouts
from sim.payroll.reversals import Reversals
from sim.policy.base import MONTHS_OF
from sim.policy.elements import Element
from sim.policy.exact import SCALE, divided
from sim.policy.plan import Compiled, Input, as_written, compiled
from sim.policy.rational import FEN
from sim.policy.schema import Policy
from sim.policy.timing import held_back


class Posting(NamedTuple):
    """Lines about to be queued. fen: their amounts. mine: which payees they are of. whole: the period's pay so far, of those payees."""

    worked: Worked
    block: Block
    fen: np.ndarray
    mine: np.ndarray
    whole: np.ndarray

    @property
    def plan(self) -> Compiled:
        return self.worked.plan

    @property
    def span(self) -> Span:
        return self.worked.span


class Settlement:
    """Payroll under way. What was posted stays; what waits is in `payouts`.

    names: of elements, in the policy's order. earned: fen by month and person, in the month that they are for, before anything is kept
    back; advanced: what of them was advances. spent: fen of budgets.
    """

    def __init__(self, policy: Policy, book: Book) -> None:
        self.policy, self.book = policy, book
        self.templates = Templates()
        self.payouts = Payouts(policy, book, self.templates)
        self.reversals = Reversals(book, self.templates)
        self.blocks: list[Block] = []
        self.reviews: dict[tuple[str, str, str], Review] = {}
        self.names: tuple[str, ...] = tuple(dict.fromkeys([*policy.pay, *(name for override in policy.overrides for name in override.pay)]))
        self.periods: set[str] = set()
        shape = (len(book.months), len(book))
        self.earned = {name: np.zeros(shape, dtype=np.int64) for name in self.names}
        self.advanced = {name: np.zeros(shape, dtype=np.int64) for name in self.names}
        self.spent: dict[tuple[str, float], int] = {}
        self.plans: dict[tuple[int, ...], dict[str, Compiled]] = {}
        self.fixed = {name for name, element in policy.pay.items() if not element.measures()}

    def settle(self, month: int) -> None:
        """One month: everything earned, then everything due."""
        self.book.forget()
        variants = self._variants(month)
        # fixed pay first: a group's pay can be split by it
        first = [name for name in self.names if name in self.fixed and not self.policy.pay[name].less]
        for name in dict.fromkeys([*first, *self.names]):
            self._element(name, month, variants)
        self._pay(month)

    # --- who is paid by what ------------------------------------------------------------------------------------------

    def _plans(self, overrides: tuple[int, ...]) -> dict[str, Compiled]:
        if overrides not in self.plans:
            self.plans[overrides] = {name: compiled(name, element) for name, element in self.policy.pay_with(overrides).items()}
            self.periods |= {plan.element.period for plan in self.plans[overrides].values()}
        return self.plans[overrides]

    def _variants(self, month: int) -> list[tuple[tuple[int, ...], np.ndarray]]:
        """The people by the overrides that hold for them."""
        book = self.book
        if not self.policy.overrides:
            return [((), np.arange(len(book)))]
        named = {override.person for override in self.policy.overrides if override.person}
        grade, grades = pd.factorize(book.grades[month])
        state, states = pd.factorize(book.states[month])
        person = np.where(book.people.isin(named), np.arange(1, len(book) + 1), 0) if named else np.zeros(len(book), dtype=np.int64)
        code = (person * len(grades) + grade) * len(states) + state
        firsts, which = np.unique(code, return_index=True, return_inverse=True)[1:]
        label, found = str(book.months[month]), dict[tuple[int, ...], list[np.ndarray]]()
        order = np.argsort(which, kind="stable")
        for place, rows in zip(firsts, np.split(order, np.cumsum(np.bincount(which))[:-1]), strict=True):
            who = str(book.people[place]) if person[place] else ""
            held = self.policy.overrides_for(str(grades[grade[place]]), str(states[state[place]]), who, label)
            found.setdefault(held, []).append(rows)
        return [(held, np.sort(np.concatenate(parts))) for held, parts in found.items()]

    # --- what is earned -----------------------------------------------------------------------------------------------

    def _element(self, name: str, month: int, variants: Sequence[tuple[tuple[int, ...], np.ndarray]]) -> None:
        """One element: worked out by whichever plan holds for each, then cut to its budget, then queued."""
        by_plan: dict[int, tuple[Compiled, list[np.ndarray]]] = {}
        for overrides, rows in variants:
            if (plan := self._plans(overrides).get(name)) is not None:
                by_plan.setdefault(id(plan), (plan, []))[1].append(rows)
        plans = [(plan, np.sort(np.concatenate(parts))) for plan, parts in by_plan.values()]
        posted: list[Posting] = []
        for plan, among in plans:
            mates = [rows for other, rows in plans if other.element.payee == plan.element.payee]
            together = np.sort(np.concatenate(mates)) if paid_together(self.book, plan.element) else among
            self.payouts.carry(plan, among)
            spans = self._spans(plan.element, month)
            for span in spans:
                posted += self._settle_period(plan, month, span, among, together)
            if not spans and plan.element.payment is not None and plan.element.payment.advance is not None:
                posted += self._advance(plan, month, among, together)
        for posting, cut in zip(posted, self._budget(name, posted), strict=True):
            self._queue(posting, month, cut)

    def _spans(self, element: Element, month: int) -> list[Span]:
        """The periods that are worked out this month: this one, so far or in whole, or several that have ended since the last time."""
        book, number = self.book, self.book.month_number(month)
        length = MONTHS_OF[element.period]
        every = _calculated(element)
        if number % every and number % length or every > length and number % every:
            return []
        if every <= length:
            return [book.span(element.period, month)]
        since = range(max(0, month + 1 - every), month + 1)
        return [book.span(element.period, past) for past in since if book.month_number(past) % length == 0]

    def _in_post(self, span: Span, among: np.ndarray) -> np.ndarray:
        return among[self.book.posts[span.first : span.last + 1][:, among].any(axis=0)]

    def _settle_period(self, plan: Compiled, month: int, span: Span, among: np.ndarray, together: np.ndarray) -> list[Posting]:
        """A period's pay, less what was earned of it before."""
        rows = self._in_post(span, together)
        if not _in_force(plan.element, self.book, span) or not len(own := self._in_post(span, among)):
            return []
        cumulative = _calculated(plan.element) < span.months
        part = Fraction(span.so_far, span.months) if cumulative else Fraction(1)
        worked = worked_out(self.book, plan, span, rows, part, self._fixed_pay)
        before = np.zeros(len(rows), dtype=np.int64) if cumulative else self._so_far(self.advanced, [plan.name], span)[rows]
        itself = self._so_far(self.earned, [plan.name], span)[rows] if cumulative else before * 0
        less = self._so_far(self.earned, plan.element.less or (), span)[rows] + itself
        in_advance = plan.element.payment is not None and plan.element.payment.advance is not None and not cumulative
        kind = "settlement" if in_advance or before.any() else "earned"
        gaps = gaps_of(worked) | ({"less": less * MONEY} if less.any() else {}) | ({"before": before * MONEY} if kind == "settlement" else {})
        rules = wordings(self.templates, worked, kind, less)
        mine = np.isin(rows, own, assume_unique=True)
        fen = worked.fen - less - before
        self.earned[plan.name][span.last, own] += fen[mine]
        self._review(worked)
        return [self._posting(worked, month, kind, rules, gaps, fen, mine, fen + before + itself)]

    def _advance(self, plan: Compiled, month: int, among: np.ndarray, together: np.ndarray) -> list[Posting]:
        """A share of what the month's own result would earn, against the month's part of the quota."""
        whole = self.book.span(plan.element.period, month)
        span = whole._replace(first=month, so_far=1)
        rows, own = self._in_post(span, together), self._in_post(span, among)
        if not len(own) or not _in_force(plan.element, self.book, whole):
            return []
        share = as_written(plan.element.payment.advance)            # type: ignore[union-attr, arg-type]
        worked = worked_out(self.book, plan, span, rows, Fraction(1, span.months), self._fixed_pay)
        rules = wordings(self.templates, worked, "advance", np.zeros(len(rows), dtype=np.int64), share)
        fen, mine = advanced(worked.fen, share), np.isin(rows, own, assume_unique=True)
        for so_far in (self.advanced, self.earned):
            so_far[plan.name][month, own] += fen[mine]
        return [self._posting(worked, month, "advance", rules, gaps_of(worked), fen, mine, fen)]

    def _posting(self, worked: Worked, month: int, kind: str, rules: np.ndarray, gaps: dict[str, np.ndarray], fen: np.ndarray,
                 mine: np.ndarray, whole: np.ndarray) -> Posting:
        """The lines of those whom this plan pays."""
        payees = worked.payees
        gap, target, measure = input_of(worked)
        divide = payees.paid_on_mean[mine] if (payees.paid_on_mean > 1).any() else 1
        if not mine.all():
            gaps = {name: numbers[mine] for name, numbers in gaps.items()}
        block = Block(month, worked.plan.name, kind, worked.span.label, measure, payees.rows[mine].astype(np.int32), payees.size[mine],
                      rules[mine], gaps, fen[mine], gap, target, divide)
        return Posting(worked, block, fen[mine], mine, whole[mine])

    def _so_far(self, by_name: dict[str, np.ndarray], names: Sequence[str], span: Span) -> np.ndarray:
        """Everybody's fen of some elements in a period."""
        total = np.zeros(len(self.book), dtype=np.int64)
        for name in names:
            total += by_name[name][span.first : span.last + 1].sum(axis=0)
        return total

    def _fixed_pay(self, span: Span) -> np.ndarray:
        return self._so_far(self.earned, sorted(self.fixed), span)

    def _review(self, worked: Worked) -> None:
        windfall, book, source = worked.plan.element.windfall, self.book, worked.plan.inputs[0] if worked.plan.inputs else None
        if windfall is None or windfall.treatment != "reviewed" or not isinstance(source, Input):
            return
        target, quota = worked.reached[0].target, worked.reached[0].quota
        assert target is not None
        found = windfalls_of(book, worked.plan.element, target, whole_quota(source.reading, quota, worked.part), worked.payees, worked.span)
        for row, person, units in zip(found.rows.tolist(), found.person.tolist(), found.excess.floats().tolist(), strict=True):
            deal, who = str(book.credits.deal[row]), str(book.people[person])
            self.reviews[deal, who, worked.plan.name] = Review(deal, who, worked.plan.name, worked.span.label, units)

    # --- on the way to payment ----------------------------------------------------------------------------------------

    def _budget(self, name: str, posted: Sequence[Posting]) -> list[np.ndarray]:
        """What each line loses where the budget does not suffice: what is left is shared in proportion to what was earned."""
        cuts = [np.zeros(len(posting.fen), dtype=np.int64) for posting in posted]
        for budget in dict.fromkeys(posting.plan.element.budget for posting in posted):
            if budget is None:
                continue
            chosen = [place for place, posting in enumerate(posted) if posting.plan.element.budget == budget]
            due = np.maximum(np.concatenate([posted[place].fen for place in chosen]), 0)
            # in the order of people, whichever plan is theirs
            order = np.argsort(np.concatenate([posted[place].block.people for place in chosen]), kind="stable")
            left = max(round(as_written(budget) * FEN) - self.spent.get((name, budget), 0), 0)
            self.spent[name, budget] = self.spent.get((name, budget), 0) + min(int(due.sum()), left)
            if due.sum() > left:
                cut = np.zeros(len(due), dtype=np.int64)
                cut[order] = divided(np.full(len(due), left, dtype=np.int64), due[order], np.zeros(len(due), dtype=np.int64))[0] - due[order]
                for place, part in zip(chosen, np.split(cut, np.cumsum([len(posted[place].fen) for place in chosen])[:-1]), strict=True):
                    cuts[place] = part
                    self._tell_budget(posted[place], part, left, int(due.sum()))
        return cuts

    def _tell_budget(self, posting: Posting, cut: np.ndarray, left: int, total: int) -> None:
        people, plan, span = posting.block.people, posting.plan, posting.span
        gaps = {"left": np.full(len(cut), left * MONEY), "total": np.full(len(cut), total * MONEY), "earned": posting.fen * MONEY}
        for block in self.templates.lines(plan.name, "budget", posting.block.month, span.label, people, cut, gaps):
            self.payouts.wait(posting.block.month, plan, block)
        self.earned[plan.name][span.last, people] += cut
        if posting.block.kind == "advance":
            self.advanced[plan.name][span.last, people] += cut

    def _queue(self, posting: Posting, month: int, cut: np.ndarray) -> None:
        """Into the line of what is to be paid, less what is kept back of it."""
        plan, block, people = posting.plan, posting.block, posting.block.people
        self.payouts.wait(month, plan, block)
        if block.kind != "advance":
            whole = np.zeros(len(posting.mine), dtype=np.int64)
            whole[posting.mine] = posting.whole + cut
            self.reversals.remember(month, posting.worked, whole)
        holding = plan.element.payment.hold_back if plan.element.payment else None
        if holding is None:
            return
        share, now = as_written(holding.share), posting.fen + cut
        kept = held_back(now, share)
        gaps = {"share": constant(share, len(now)), "earned": now * MONEY}
        for line in self.templates.lines(plan.name, "held_back", month, posting.span.label, people, -kept, gaps):
            self.payouts.wait(month, plan, line)
        if kept.any():
            held = np.zeros(len(self.book), dtype=np.int64)
            held[people] = kept
            self.payouts.keep(Kept(plan.name, plan, month, posting.span.label, held, held.copy(), holding))

    # --- what falls due -----------------------------------------------------------------------------------------------

    def _pay(self, month: int) -> None:
        """The month's lines: what was earned and is due, then what the plan's terms make of it."""
        payouts = self.payouts
        lines = payouts.due(month)
        lines += payouts.carry_over(month, lines)
        lines += payouts.draw_and_guarantee(month, lines)
        lines += self.reversals.lines(month, payouts.kept)
        lines += payouts.ceiling(month, lines)
        lines += payouts.adjustments(month)
        order = {name: place for place, name in enumerate([*self.names, *(name for name in TERMS if name not in self.names)])}
        self.blocks += sorted(lines, key=lambda block: (order[block.element], KINDS.index(block.kind)))


def _calculated(element: Element) -> int:
    """Months from one calculation to the next."""
    payment = element.payment
    return MONTHS_OF[payment.calculated if payment and payment.calculated else element.period]


def _in_force(element: Element, book: Book, span: Span) -> bool:
    if element.in_force is None:
        return True
    first, last = book.months[span.first], book.months[span.last]
    begins, ends = element.in_force.first, element.in_force.last
    return (begins is None or pd.Period(begins, freq="M") <= last) and (ends is None or pd.Period(ends, freq="M") >= first)


__all__ = ["KINDS", "SCALE", "TERMS", "Block", "Review", "Settlement"]
