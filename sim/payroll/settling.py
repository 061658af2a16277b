"""Payroll month by month: what is earned, and what becomes of it until it is paid. See sim/payroll/statement.py for the order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sim.payroll.book import NOBODY, Book, Span, summed_by
from sim.payroll.credits import NEVER
from sim.payroll.inputs import Payees, Shares, payees_of, reached_by, shares_of, windfalls_of
from sim.payroll.wording import EXACT, ROUNDED_DOWN, ROUNDED_UP, Reach, Template, earned, other
from sim.policy.base import MONTHS_OF
from sim.policy.elements import Element
from sim.policy.exact import SCALE, Paid, Reached, equal_shares, evaluate, weighted_shares
from sim.policy.payment import Clawback, HoldBack
from sim.policy.plan import Compiled, Score, as_written, compiled, gate_of
from sim.policy.rational import FEN, Exact
from sim.policy.schema import Policy
from sim.policy.timing import above, carried, drawn, guaranteed, held_back, share_of

KINDS = ("earned", "advance", "settlement", "held_back", "released", "draw", "draw_repaid", "guarantee", "carried_over", "carry_over_repaid",
         "clawback", "ceiling", "budget", "adjustment")
TERMS = ("draw", "guarantee", "ceiling", "adjustment")           # what the plan's own lines go by, beside its elements
MONEY = SCALE // FEN                                             # millionths of a CNY in a fen


class Block(NamedTuple):
    """Lines of one element, kind and month, in the order of people.

    people: row numbers. input, target: names of the gaps that hold them. divide: what the input is the sum of, if its mean is paid for.
    rules: places in the policy's wordings. gaps: numbers of the wordings, in millionths. fen: amounts.
    """

    month: int
    element: str
    kind: str
    period: str
    measure: str
    people: np.ndarray
    members: np.ndarray
    rules: np.ndarray
    gaps: dict[str, np.ndarray]
    fen: np.ndarray
    input: str = ""
    target: str = ""
    divide: np.ndarray | int = 1

    def shown(self, gap: str) -> np.ndarray:
        """An input or target as floats; NaN where there is none."""
        if not gap:
            return np.full(len(self.people), np.nan)
        return self.gaps[gap] / (self.divide * SCALE if gap == self.input else SCALE)


class Review(NamedTuple):
    """A deal above the limit of a windfall that waits to be looked at. units: of the measure, that do not count until then."""

    deal: str
    person: str
    element: str
    period: str
    units: float


class Settled(NamedTuple):
    """What clawback needs of a settled period: who, in which group, and the group's credit."""

    span: Span
    rows: np.ndarray
    group: np.ndarray
    credit: Exact
    clawback: Clawback


class Kept(NamedTuple):
    """Pay kept back in a month. held, left: fen by person, at first and still to be released. holding: the terms."""

    element: str
    month: int
    period: str
    held: np.ndarray
    left: np.ndarray
    holding: HoldBack


class Templates:
    """The wordings in use, each made when a line first needs it."""

    def __init__(self) -> None:
        self.made: list[Template] = []
        self._places: dict[object, int] = {}

    def place(self, key: object, make: Any) -> int:
        if key not in self._places:
            self._places[key] = len(self.made)
            self.made.append(make())
        return self._places[key]

    def of_kind(self, kind: str, length: int) -> np.ndarray:
        return np.full(length, self.place(kind, lambda: other(kind)), dtype=np.int32)


class Settlement:
    """Payroll under way. What was posted stays; `due` is what waits."""

    def __init__(self, policy: Policy, book: Book) -> None:
        self.policy, self.book = policy, book
        self.templates = Templates()
        self.blocks: list[Block] = []
        self.reviews: list[Review] = []
        overridden = (name for override in policy.overrides for name in override.pay)
        self.names: tuple[str, ...] = tuple(dict.fromkeys([*policy.pay, *overridden]))
        self.periods: set[str] = set()
        shape = (len(book.months), len(book))
        self.earned = {name: np.zeros(shape, dtype=np.int64) for name in self.names}
        self.advanced = {name: np.zeros(shape, dtype=np.int64) for name in self.names}
        self.queue: dict[int, list[Block]] = {}
        self.kept: list[Kept] = []
        self.settled: dict[str, list[Settled]] = {}
        self.balances: dict[str, np.ndarray] = {}
        self.spent: dict[str, int] = {}
        self.to_ceiling = np.zeros(len(book), dtype=np.int64)
        self.plans: dict[tuple[int, ...], dict[str, Compiled]] = {}
        variants = [policy.pay_with([place]) for place in range(len(policy.overrides))]
        self.elements = {name: next(pay[name] for pay in (policy.pay, *variants) if name in pay) for name in self.names
                         if any(name in pay for pay in (policy.pay, *variants))}

    def settle(self, month: int) -> None:
        """One month: everything earned, then everything due."""
        self.book.forget()
        variants = self._variants(month)
        for name in self.names:
            groups: dict[int, tuple[Compiled, list[np.ndarray]]] = {}
            for overrides, rows in variants:
                if (plan := self._plans(overrides).get(name)) is not None:
                    groups.setdefault(id(plan), (plan, []))[1].append(rows)
            for plan, parts in groups.values():
                self._element(plan, month, np.sort(np.concatenate(parts)))
        self._pay(month)

    # --- who is paid by what ------------------------------------------------------------------------------------------

    def _plans(self, overrides: tuple[int, ...]) -> dict[str, Compiled]:
        if overrides not in self.plans:
            self.plans[overrides] = {name: compiled(name, element) for name, element in self.policy.pay_with(overrides).items()}
            self.periods |= {plan.element.period for plan in self.plans[overrides].values()}
        return self.plans[overrides]

    def _variants(self, month: int) -> list[tuple[tuple[int, ...], np.ndarray]]:
        """The people by the overrides that hold for them."""
        book, everybody = self.book, np.arange(len(self.book))
        if not self.policy.overrides:
            return [((), everybody)]
        named = {override.person for override in self.policy.overrides if override.person}
        label = str(book.months[month])
        keys = [(str(grade), str(state), str(who) if who in named else "")
                for grade, state, who in zip(book.grades[month], book.states[month], book.people, strict=True)]
        found: dict[tuple[int, ...], list[int]] = {}
        known: dict[tuple[str, str, str], tuple[int, ...]] = {}
        for row, key in enumerate(keys):
            if key not in known:
                known[key] = self.policy.overrides_for(*key, label)
            found.setdefault(known[key], []).append(row)
        return [(overrides, np.array(rows)) for overrides, rows in found.items()]

    # --- what is earned -----------------------------------------------------------------------------------------------

    def _element(self, plan: Compiled, month: int, among: np.ndarray) -> None:
        element, payment = plan.element, plan.element.payment
        span = self.book.span(element.period, month)
        calculated = MONTHS_OF[payment.calculated] if payment and payment.calculated else span.months
        number = self.book.month_number(month)
        if number % min(calculated, span.months) and number % span.months:
            if payment and payment.advance is not None:
                self._advance(plan, month, span, among)
            return
        rows = among[self.book.posts[span.first : span.last + 1][:, among].any(axis=0)]
        if not len(rows) or not _in_force(element, self.book, span):
            return
        found = self._worked_out(plan, span, rows)
        name, fen = plan.name, found.fen
        before = self.advanced[name][span.first : span.last + 1].sum(axis=0)[rows]
        kind = "earned"
        if payment and payment.advance is not None:
            kind = "settlement"
            found.gaps["before"] = before * MONEY
            fen = fen - before
        self.earned[name][month, rows] += fen
        self._post(plan, month, span, kind, found._replace(fen=fen))
        self._remember(plan, span, found)

    def _advance(self, plan: Compiled, month: int, span: Span, among: np.ndarray) -> None:
        """A share of what the month's own result would earn, against the month's part of the quota."""
        rows = among[self.book.posts[month, among]]
        if not len(rows) or not _in_force(plan.element, self.book, span):
            return
        alone = Span(month, month, span.label, span.months, 1)
        found = self._worked_out(plan, alone, rows, Fraction(1, span.months))
        share = as_written(plan.element.payment.advance)            # type: ignore[union-attr, arg-type]
        fen = share_of(np.maximum(found.fen, 0), share)
        self.advanced[plan.name][month, rows] += fen
        self.earned[plan.name][month, rows] += fen
        gaps = {"month": found.fen * MONEY, "share": _constant(share, len(rows))}
        self._queue(month, plan, Block(month, plan.name, "advance", span.label, plan.element.measure or "", rows.astype(np.int32), found.payees.size,
                                       self.templates.of_kind("advance", len(rows)), gaps, fen))

    def _worked_out(self, plan: Compiled, span: Span, rows: np.ndarray, part: Fraction | None = None) -> Found:
        """What the element comes to over a span, less what it or others already earned in it. part: of the period, for an advance."""
        book, element = self.book, plan.element
        payees = payees_of(book, element, rows)
        shares = shares_of(book, element, span, rows)
        if part is not None:
            shares = Shares(shares.post * part, shares.quota * part)
        reached = reached_by(book, plan, payees, span, shares)
        paid = evaluate(plan, reached, len(rows), shares.post, shares.quota)
        whole = paid.value.fen(book.policy.terms.rounding)
        fen, rounding, parts = self._split(element, payees, whole, span)
        taken = self._taken(plan, span, rows) if part is None else np.zeros(len(rows), dtype=np.int64)
        fen = fen - taken
        gaps = _gaps(plan, reached, paid, payees, shares)
        if parts is not None:
            gaps["part"] = parts
        if taken.any():
            gaps["less"] = taken * MONEY
        rules = self._wordings(plan, reached, paid, payees, shares, rounding, taken, parts is not None) if part is None else rounding
        if part is None and element.windfall is not None and element.windfall.treatment == "reviewed":
            self._review(plan, reached, payees, span)
        return Found(payees, reached, fen, rules, gaps, shares)

    def _taken(self, plan: Compiled, span: Span, rows: np.ndarray) -> np.ndarray:
        """What was earned before in the period: by the elements to be trued up, and by this one where it is worked out on the way."""
        payment = plan.element.payment
        cumulative = payment is not None and payment.calculated is not None and MONTHS_OF[payment.calculated] < span.months
        names = [*(plan.element.less or ()), *([plan.name] if cumulative else [])]
        total = np.zeros(len(rows), dtype=np.int64)
        for name in names:
            total += self.earned[name][span.first : span.last + 1].sum(axis=0)[rows]
        return total

    def _split(self, element: Element, payees: Payees, whole: np.ndarray, span: Span) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Each one's part of a group's fen, how it was rounded, and the part where parts are not equal."""
        rule = element.split.rule if element.split else "equally"
        if rule == "equally" or not (payees.shares > 1).any():
            fen = equal_shares(whole, payees.shares, payees.rank)
            exact = whole % payees.shares == 0
            return fen, np.where(exact, EXACT, np.where(payees.rank < whole % payees.shares, ROUNDED_UP, ROUNDED_DOWN)), None
        weights = self._weights(element, payees, span)
        fen, parts = whole.copy(), np.full(len(whole), SCALE, dtype=np.int64)
        for group in np.unique(payees.group):
            members = np.flatnonzero(payees.group == group)
            given = [weights[row] for row in members]
            if not sum(given):
                given = [Fraction(1)] * len(members)
            fen[members] = weighted_shares(int(whole[members[0]]), given)
            parts[members] = [round(weight / sum(given) * SCALE) for weight in given]
        return fen, np.zeros(len(whole), dtype=np.int64), parts

    def _weights(self, element: Element, payees: Payees, span: Span) -> list[Fraction]:
        """By which a group's pay is split: everybody's fixed pay in the month, or the grade's share."""
        if element.split is not None and element.split.shares is not None:
            grades = self.book.grades[span.last, payees.rows]
            return [as_written(element.split.shares.get(str(grade), 1.0)) for grade in grades]
        fixed = [name for name, each in self.elements.items() if not each.measures()]
        base = sum((self.earned[name][span.first : span.last + 1].sum(axis=0) for name in fixed), np.zeros(len(self.book), dtype=np.int64))
        return [Fraction(int(amount)) for amount in base[payees.rows]]

    def _review(self, plan: Compiled, reached: Sequence[Reached], payees: Payees, span: Span) -> None:
        target = reached[0].target
        assert target is not None
        found = windfalls_of(self.book, plan.element, target, payees, span)
        for row, units in zip(found.rows.tolist(), found.excess.floats().tolist(), strict=True):
            credits = self.book.credits
            self.reviews.append(Review(str(credits.deal[row]), str(self.book.people[credits.person[row]]), plan.name, span.label, units))

    def _wordings(self, plan: Compiled, reached: Sequence[Reached], paid: Paid, payees: Payees, shares: Shares, rounding: np.ndarray,
                  taken: np.ndarray, parted: bool) -> np.ndarray:
        """The wording of each line: it depends on rows reached, bounds, gates, how many share and how a share was rounded."""
        length = len(payees.rows)
        targets = [each.target if isinstance(each.target, Fraction) else None for each in reached]
        asked = any(fn.by == "attainment" or row.marked or row.per_share for fn in plan.functions() for row in fn.rows)
        post, quota = (_cut(share, length) if told else np.zeros(length, dtype=np.int64)
                       for share, told in ((shares.post, True), (shares.quota, asked)))
        share_counts = np.full(length, -1, dtype=np.int64) if parted else payees.shares
        columns = [*paid.places, paid.bound, *(each.astype(np.int64) for each in paid.withheld), payees.paid_on_mean, share_counts, rounding,
                   (taken != 0).astype(np.int64), post, quota]
        varying = [column for column in columns if len(column) and (column != column[0]).any()]
        if varying:
            code = np.zeros(length, dtype=np.int64)
            for column in varying:
                low = int(column.min())
                code = code * (int(column.max()) - low + 1) + (column - low)
                code = np.unique(code, return_inverse=True)[1]
            firsts, inverse = np.unique(code, return_index=True, return_inverse=True)[1:]
        else:
            firsts, inverse = np.zeros(1, dtype=np.int64), np.zeros(length, dtype=np.int64)
        advance = plan.element.payment is not None and plan.element.payment.advance is not None
        kind = "settlement" if advance else "earned"
        numbers = np.empty(len(firsts), dtype=np.int32)
        n, g = len(paid.places), len(paid.withheld)
        for place, row in enumerate(firsts):
            key = [int(column[row]) for column in columns]
            reach = Reach(tuple(key[:n]), key[n], tuple(map(bool, key[n + 1 : n + 1 + g])), *key[n + 1 + g : n + 4 + g], *map(bool, key[-3:]))
            numbers[place] = self.templates.place((id(plan), reach, tuple(targets)), lambda reach=reach: earned(plan, reach, targets, kind))
        return numbers[inverse]

    # --- on the way to payment ----------------------------------------------------------------------------------------

    def _post(self, plan: Compiled, month: int, span: Span, kind: str, found: Found) -> None:
        payees, element = found.payees, plan.element
        first = next((place for place, each in enumerate(plan.inputs) if not isinstance(each, Score)), None)
        gap = f"v{first}" if first is not None else ""
        target = f"t{first}" if first is not None and found.reached[first].target is not None else ""
        measure = plan.inputs[first].reading.measure if first is not None else ""     # type: ignore[union-attr]
        block = Block(month, plan.name, kind, span.label, element.measure or measure, payees.rows.astype(np.int32), payees.size, found.rules,
                      found.gaps, found.fen, gap, target, payees.paid_on_mean if (payees.paid_on_mean > 1).any() else 1)
        self._queue(month, plan, block)
        if element.budget is not None:
            self._cut_to_budget(plan, month, span, block)
        if element.payment and element.payment.hold_back:
            self._keep_back(plan, month, span, block)

    def _queue(self, month: int, plan: Compiled, block: Block) -> None:
        """Put lines where they fall due: at the end of the payment period, so many months later."""
        payment = plan.element.payment
        length = MONTHS_OF[payment.every] if payment and payment.every else 1
        due = month + (-self.book.month_number(month)) % length + (payment.delay_months or 0 if payment else 0)
        self.queue.setdefault(due, []).append(block._replace(month=due))

    def _follow(self, plan: Compiled, month: int, span: Span, kind: str, rows: np.ndarray, fen: np.ndarray, gaps: dict[str, np.ndarray]) -> None:
        """Lines that follow from what was earned; none where there is nothing."""
        some = np.flatnonzero(fen)
        if len(some):
            one = np.ones(len(some), dtype=np.int64)
            self._queue(month, plan, Block(month, plan.name, kind, span.label, "", rows[some].astype(np.int32), one,
                                           self.templates.of_kind(kind, len(some)), {name: gap[some] for name, gap in gaps.items()}, fen[some]))

    def _cut_to_budget(self, plan: Compiled, month: int, span: Span, block: Block) -> None:
        """What is left of a contest's budget is shared in proportion to what was earned."""
        name = plan.name
        left = int(round(as_written(plan.element.budget or 0.0) * FEN)) - self.spent.get(name, 0)
        due = np.maximum(block.fen, 0)
        total = int(due.sum())
        self.spent[name] = self.spent.get(name, 0) + min(total, max(left, 0))
        if total > left:
            kept = weighted_shares(max(left, 0), [Fraction(int(fen)) for fen in due])
            cut = np.array(kept, dtype=np.int64) - due
            self.earned[name][month, block.people] += cut
            gaps = {"left": np.full(len(cut), max(left, 0) * MONEY), "total": np.full(len(cut), total * MONEY)}
            self._follow(plan, month, span, "budget", block.people, cut, gaps)

    def _keep_back(self, plan: Compiled, month: int, span: Span, block: Block) -> None:
        holding = plan.element.payment.hold_back             # type: ignore[union-attr]
        assert holding is not None
        share = as_written(holding.share)
        kept = np.zeros(len(self.book), dtype=np.int64)
        now = self.earned[plan.name][month, block.people]
        kept[block.people] = held_back(now, share)
        gaps = {"share": _constant(share, len(now)), "earned": now * MONEY}
        self._follow(plan, month, span, "held_back", block.people, -kept[block.people], gaps)
        if kept.any():
            self.kept.append(Kept(plan.name, month, span.label, kept, kept.copy(), holding))

    def _remember(self, plan: Compiled, span: Span, found: Found) -> None:
        """What clawback will need, should a deal be reversed."""
        payment = plan.element.payment
        if payment is None or payment.clawback is None:
            return
        place = next(place for place, each in enumerate(plan.inputs) if not isinstance(each, Score) and each.credited)
        credit = found.reached[place].value
        if (found.payees.paid_on_mean > 1).any():
            credit = credit * Exact(found.payees.paid_on_mean)
        self.settled.setdefault(plan.name, []).append(Settled(span, found.payees.rows, found.payees.group, credit, payment.clawback))

    # --- what falls due -----------------------------------------------------------------------------------------------

    def _pay(self, month: int) -> None:
        """The month's lines: what was earned and is due, then what the plan's terms make of it."""
        lines = [*self._due(month), *self._released(month)]
        lines += self._carry_over(month, lines)
        lines += self._draw_and_guarantee(month, lines)
        lines += list(self._clawbacks(month))
        lines += self._ceiling(month, lines)
        self.blocks += [*lines, *self._adjustments(month)]

    def _due(self, month: int) -> list[Block]:
        return self.queue.pop(month, [])

    def _line(self, month: int, element: str, kind: str, fen: np.ndarray, gaps: dict[str, np.ndarray], period: str = "", words: str = "") -> Iterator[Block]:
        """Lines by person, where they are not nothing. fen, gaps: one for everybody in the book."""
        some = np.flatnonzero(fen)
        if len(some):
            yield Block(month, element, kind, period or str(self.book.months[month]), "", some.astype(np.int32), np.ones(len(some), dtype=np.int64),
                        self.templates.of_kind(words or kind, len(some)), {name: gap[some] for name, gap in gaps.items()}, fen[some])

    def _sum(self, lines: Sequence[Block], elements: Sequence[str] | None = None) -> np.ndarray:
        total = np.zeros(len(self.book), dtype=np.int64)
        for block in lines:
            if elements is None or block.element in elements:
                np.add.at(total, block.people, block.fen)
        return total

    def _released(self, month: int) -> Iterator[Block]:
        """Parts of what was kept back that vest now; gates can cut them."""
        for kept in self.kept:
            after = month - kept.month
            releases = kept.holding.release
            for place, release in enumerate(releases):
                if release.after_months != after:
                    continue
                share = as_written(release.share)
                planned = share_of(kept.held, share) if any(later.after_months > after for later in releases[place + 1 :]) else kept.left.copy()
                planned = np.minimum(planned, kept.left)
                kept.left[:] -= planned
                paid = planned.copy()
                for gate in kept.holding.malus:
                    factor = self._gate(gate, month)
                    paid = np.where(factor == 1, paid, [share_of(int(fen), each) for fen, each in zip(paid, factor, strict=True)]).astype(np.int64)
                cut = planned - paid + np.maximum(share_of(kept.held, share) - planned, 0)
                gaps = {"held": kept.held * MONEY, "share": _constant(share, len(paid)), "cut": cut * MONEY}
                for words, rows in (("released", cut == 0), ("cut", cut != 0)):
                    yield from self._line(month, kept.element, "released", np.where(rows, paid, 0), gaps, kept.period, words)

    def _gate(self, gate: Any, month: int) -> np.ndarray:
        """Everybody's share left by a gate, read over its own time up to the month."""
        fn = gate_of(gate, 0).fn
        first = month if gate.reading.over != "year_to_date" else max(0, month + 1 - self.book.month_number(month))
        value = self.book.result(gate.reading.measure, first, month)
        target = gate.reading.target.value if gate.reading.target else None
        plan = Compiled("", _NOTHING, (), ((fn,),), (), (), None, None)
        paid = evaluate(plan, [Reached(value, None if target is None else as_written(target))], len(self.book))
        return np.array([paid.value.fraction(row) for row in range(len(self.book))], dtype=object)

    def _carry_over(self, month: int, lines: list[Block]) -> list[Block]:
        """Negative amounts put off, and earlier ones taken from what is due."""
        found: list[Block] = []
        for name in self.names:
            element = self.elements.get(name)
            if element is None or element.payment is None or element.payment.carry_over is None:
                continue
            balance = self.balances.setdefault(name, np.zeros(len(self.book), dtype=np.int64))
            for other_name in element.payment.carry_over:
                amount = self._sum([*lines, *found], [other_name])
                _, repaid = carried(amount, balance)
                found += self._line(month, other_name, "carry_over_repaid", -repaid, {"balance": balance * MONEY})
                balance -= repaid
            put_off, _ = carried(self._sum(lines, [name]), 0)
            found += self._line(month, name, "carried_over", put_off, {"amount": put_off * MONEY})
            balance += put_off
        return found

    def _draw_and_guarantee(self, month: int, lines: list[Block]) -> list[Block]:
        terms, book, found = self.policy.terms, self.book, []
        for name, term in (("draw", terms.draw), ("guarantee", terms.guarantee)):
            if term is None:
                continue
            most = int(round(as_written(term.amount) * FEN))
            earned_now = self._sum([*lines, *found], term.of)
            entitled = book.posts[month] & (book.service[month] <= (term.until_month or np.iinfo(np.int64).max))
            gaps = {"most": np.full(len(book), most * MONEY), "earned": earned_now * MONEY}
            if name == "guarantee":
                found += self._line(month, name, "guarantee", np.where(entitled, guaranteed(earned_now, most), 0), gaps)
                continue
            balance = self.balances.setdefault("draw", np.zeros(len(book), dtype=np.int64))
            added, repaid = drawn(earned_now, most, balance)
            added = np.where(entitled, added, 0)
            gaps["balance"] = balance * MONEY
            found += self._line(month, name, "draw", added, gaps)
            found += self._line(month, name, "draw_repaid", -repaid, gaps)
            balance += added - repaid
        return found

    def _clawbacks(self, month: int) -> Iterator[Block]:
        """Deals reversed this month, or before the period they were credited in was settled: at the rate at which they were paid."""
        for name, periods in self.settled.items():
            for settled in periods:
                lost = self._lost(name, settled, month)
                if lost is None:
                    continue
                span, rows = settled.span, settled.rows
                earned_then = np.maximum(self.earned[name][span.first : span.last + 1].sum(axis=0)[rows], 0)
                some = lost.reaches(0, strictly=True) & settled.credit.reaches(0, strictly=True) & (earned_then > 0)
                credit = settled.credit.where(some, 1)
                back = (Exact(earned_then) * lost.where(some, 0) / credit).whole(1)
                amount, cut = np.zeros(len(self.book), dtype=np.int64), np.zeros(len(self.book), dtype=np.int64)
                amount[rows] = np.minimum(back, earned_then)
                for kept in self.kept:
                    if kept.element == name and kept.month == span.last:
                        cut = np.minimum(kept.left, amount)
                        kept.left[:] -= cut
                gaps = {"earned": _spread(earned_then * MONEY, rows, len(self.book)), "lost": _spread(lost.whole(SCALE), rows, len(self.book)),
                        "credit": _spread(credit.whole(SCALE), rows, len(self.book)), "cut": cut * MONEY}
                for words, chosen in (("clawback", cut == 0), ("clawback_cut", cut != 0)):
                    yield from self._line(month, name, "clawback", np.where(chosen, cut - amount, 0), gaps, span.label, words)

    def _lost(self, name: str, settled: Settled, month: int) -> Exact | None:
        """Units to be paid back by each payee of a settled period, by what is reversed this month; None where nothing is."""
        credits, start, span = self.book.credits, self.book.months[0].ordinal, settled.span
        if not len(credits.person):
            return None
        measure = self.elements[name].measure
        inside = (credits.month >= start + span.first) & (credits.month <= start + span.last) & (credits.reversed != NEVER)
        now = np.maximum(credits.reversed, start + span.last) == start + month
        place = np.full(len(self.book), NOBODY)
        place[settled.rows] = np.arange(len(settled.rows))
        deals = np.flatnonzero(inside & now & (credits.measure == measure) & (place[credits.person] >= 0))
        if not len(deals):
            return None
        shares = [_recovered(settled.clawback, int(credits.reversed[deal] - credits.month[deal])) for deal in deals]
        units = Exact(np.array([int(credits.units[deal]) * int(credits.lost[deal]) for deal in deals], dtype=object), SCALE * SCALE)
        weighted = Exact(np.array([(units.n[k] * share.numerator) * _COMMON // share.denominator for k, share in enumerate(shares)], dtype=object),
                         SCALE * SCALE * _COMMON)
        groups = int(settled.group.max()) + 1
        return summed_by(weighted, settled.group[place[credits.person[deals]]], groups)[settled.group]

    def _ceiling(self, month: int, lines: list[Block]) -> list[Block]:
        ceiling = self.policy.terms.ceiling
        if ceiling is None:
            return []
        length = MONTHS_OF[ceiling.period]
        if (self.book.month_number(month) - 1) % length == 0:
            self.to_ceiling[:] = 0
        most = int(round(as_written(ceiling.amount) * FEN))
        total = self.to_ceiling + self._sum(lines)
        cut = above(total, most)
        self.to_ceiling = total - cut
        gaps = {"total": total * MONEY, "most": np.full(len(total), most * MONEY)}
        return list(self._line(month, "ceiling", "ceiling", -cut, gaps))

    def _adjustments(self, month: int) -> Iterator[Block]:
        table = self.book.adjustments
        if table is None or not len(table):
            return
        label = str(self.book.months[month])
        rows = np.flatnonzero((table["month"].astype(str) == label).to_numpy())
        fen = table["amount"].to_numpy()[rows] // MONEY
        who = self.book.people.get_indexer(table["person"].astype(str))[rows]
        for reason in dict.fromkeys(table["reason"].iloc[rows]):
            its = (table["reason"].iloc[rows] == reason).to_numpy()
            words = Template({lang: (f"{told}{reason}",) for lang, told in (("en", "adjustment: "), ("zh", "调整："))}, None)
            number = self.templates.place(("adjustment", reason), lambda words=words: words)
            yield Block(month, "adjustment", "adjustment", label, "", who[its].astype(np.int32), np.ones(int(its.sum()), dtype=np.int64),
                        np.full(int(its.sum()), number, dtype=np.int32), {}, fen[its])

    def due(self) -> pd.DataFrame:
        """Fen earned and still to be paid when the records end: what falls due later, and what is kept back."""
        total = {name: np.zeros(len(self.book), dtype=np.int64) for name in self.names}
        for blocks in self.queue.values():
            for block in blocks:
                np.add.at(total[block.element], block.people, block.fen)
        for kept in self.kept:
            total[kept.element] += kept.left
        frames = [pd.DataFrame({"person": self.book.people[rows], "element": name, "amount": fen[rows]})
                  for name, fen in total.items() if len(rows := np.flatnonzero(fen))]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame({"person": [], "element": [], "amount": np.zeros(0, dtype=np.int64)})


class Found(NamedTuple):
    """What an element came to: amounts in fen with their wordings and gaps."""

    payees: Payees
    reached: list[Reached]
    fen: np.ndarray
    rules: np.ndarray
    gaps: dict[str, np.ndarray]
    shares: Shares


_NOTHING = Element.model_validate({"period": "month", "schedule": {"kind": "fixed", "amount": 0}})
_COMMON = 10**12                          # a denominator fine enough for any stated share


def _recovered(clawback: Clawback, months: int) -> Fraction:
    """The share of the pay to be paid back so many months after the credit."""
    if months > clawback.within_months or months < 0:
        return Fraction(0)
    if clawback.recovery == "pro_rata":
        return Fraction(clawback.within_months - months, clawback.within_months)
    if clawback.recovery == "schedule":
        return next((as_written(step.share) for step in clawback.steps or () if months <= step.until_month), Fraction(0))
    return Fraction(1)


def _in_force(element: Element, book: Book, span: Span) -> bool:
    if element.in_force is None:
        return True
    first, last = book.months[span.first], book.months[span.last]
    begins, ends = element.in_force.first, element.in_force.last
    return (begins is None or pd.Period(begins, freq="M") <= last) and (ends is None or pd.Period(ends, freq="M") >= first)


def _gaps(plan: Compiled, reached: Sequence[Reached], paid: Paid, payees: Payees, shares: Shares) -> dict[str, np.ndarray]:
    """The numbers that wordings show, in millionths."""
    found: dict[str, np.ndarray] = {}
    for place, each in enumerate(reached):
        if place in paid.scores:
            found[f"v{place}"] = millionths(paid.scores[place])
            continue
        value = each.value
        if (payees.paid_on_mean > 1).any():
            value = value * Exact(payees.paid_on_mean)
        found[f"v{place}"] = millionths(value)
        if each.target is not None:
            found[f"t{place}"] = millionths(each.target) if isinstance(each.target, Exact) else _constant(each.target, len(payees.rows))
    for name, share in (("post", shares.post), ("quota", shares.quota)):
        if isinstance(share, Exact) or share != 1:
            found[name] = millionths(share) if isinstance(share, Exact) else _constant(share, len(payees.rows))
    return found


def _cut(share: Exact | Fraction, length: int) -> np.ndarray:
    """Whether a share is less, or more, than the whole."""
    cut = np.full(length, share != 1) if isinstance(share, Fraction) else ~(share.reaches(1) & ~share.reaches(1, strictly=True))
    return cut.astype(np.int64)


def millionths(numbers: Exact) -> np.ndarray:
    """To show: rounded to millionths."""
    if isinstance(numbers.d, int) and numbers.d == SCALE and numbers.n.dtype == np.int64:
        return numbers.n
    return numbers.whole(SCALE)


def _constant(value: Fraction, length: int) -> np.ndarray:
    return np.full(length, round(value * SCALE), dtype=np.int64)


def _spread(values: np.ndarray, rows: np.ndarray, length: int) -> np.ndarray:
    found = np.zeros(length, dtype=np.int64)
    found[rows] = values
    return found


__all__ = ["KINDS", "TERMS", "Block", "Review", "Settlement"]
