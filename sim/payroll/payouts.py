"""What falls due in a month, and what a plan's terms make of it: releases, carry-over, draw and guarantee, ceiling, adjustments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pandas as pd

from sim.payroll.book import Book, codes_of
from sim.payroll.inputs import payees_of, reached, shares_of
from sim.payroll.lines import MONEY, Block, Templates, constant
from sim.payroll.wording import reason
from sim.policy.base import MONTHS_OF
from sim.policy.elements import Element
from sim.policy.exact import evaluate
from sim.policy.payment import Draw, Gate, Guarantee, HoldBack
from sim.policy.plan import Compiled, Input, as_written, gate_of
from sim.policy.rational import FEN
from sim.policy.schema import Policy
from sim.policy.timing import above, carried, drawn, guaranteed, share_of

ALWAYS = np.iinfo(np.int64).max


class Kept(NamedTuple):
    """Pay kept back in a month. held, left: fen by person, at first and still to be released. holding: the terms."""

    element: str
    plan: Compiled
    month: int
    period: str
    held: np.ndarray
    left: np.ndarray
    holding: HoldBack


class Payouts:
    """Pay on its way out. carried: fen by person still to be taken off, by the element that was negative; drawn: of the draw."""

    def __init__(self, policy: Policy, book: Book, templates: Templates) -> None:
        self.policy, self.book, self.templates = policy, book, templates
        self.queue: dict[int, list[Block]] = {}
        self.kept: list[Kept] = []
        self.carried: dict[str, np.ndarray] = {}
        self.carriers: dict[str, tuple[tuple[str, ...], np.ndarray]] = {}
        self.drawn = self._nothing()
        self.to_ceiling = self._nothing()

    def _nothing(self) -> np.ndarray:
        return np.zeros(len(self.book), dtype=np.int64)

    def _line(self, month: int, element: str, kind: str, fen: np.ndarray, gaps: dict[str, np.ndarray]) -> Iterator[Block]:
        """Lines of a month's own. fen, gaps: of everybody."""
        yield from self.templates.lines(element, kind, month, str(self.book.months[month]), np.arange(len(fen)), fen, gaps)

    def _sum(self, lines: Sequence[Block], elements: Sequence[str] | None = None) -> np.ndarray:
        """Fen of everybody, of all lines or those of some elements."""
        total = self._nothing()
        for block in lines:
            if elements is None or block.element in elements:
                np.add.at(total, block.people, block.fen)
        return total

    # --- put in line --------------------------------------------------------------------------------------------------

    def wait(self, month: int, plan: Compiled, block: Block) -> None:
        """Put lines where they fall due: at the end of the payment period, so many months later."""
        payment = plan.element.payment
        length = MONTHS_OF[payment.every] if payment and payment.every else 1
        due = month + (-self.book.month_number(month)) % length + (payment.delay_months or 0 if payment else 0)
        self.queue.setdefault(due, []).append(block._replace(month=due))

    def keep(self, kept: Kept) -> None:
        """Remember what was kept back."""
        self.kept.append(kept)

    def carry(self, plan: Compiled, rows: np.ndarray) -> None:
        """Remember for whom a negative amount of an element is put off, and from what it is taken later."""
        payment = plan.element.payment
        terms = payment.carry_over if payment else None
        if terms is not None or plan.name in self.carriers:
            names, whose = self.carriers.get(plan.name, ((), np.zeros(len(self.book), dtype=bool)))
            whose[rows] = terms is not None
            self.carriers[plan.name] = (tuple(dict.fromkeys([*names, *(terms or ())])), whose)

    # --- what falls due -----------------------------------------------------------------------------------------------

    def due(self, month: int) -> list[Block]:
        """Lines that wait for this month, and what is released in it."""
        return [*self.queue.pop(month, []), *self._released(month)]

    def _released(self, month: int) -> Iterator[Block]:
        """Parts of what was kept back that vest now; gates can cut them. The last part is all that is left."""
        everybody = np.arange(len(self.book))
        for kept in self.kept:
            after, releases = month - kept.month, kept.holding.release
            parts = {release.after_months: Fraction(0) for release in releases}
            for release in releases:
                parts[release.after_months] += as_written(release.share)
            if (share := parts.pop(after, None)) is None:
                continue
            last = after > max(parts, default=0)
            stated = kept.held - sum(share_of(kept.held, other) for other in parts.values()) if last else share_of(kept.held, share)
            planned = kept.left.copy() if last else np.minimum(stated, kept.left)
            paid = planned.copy()
            for gate in kept.holding.malus:
                paid = self._after(gate, kept.plan, month, paid)
            kept.left[:] -= planned
            cut = planned - paid + np.maximum(stated - planned, 0)
            gaps = {"held": kept.held * MONEY, "share": constant(share, len(paid)), "cut": cut * MONEY}
            for words, chosen in (("released", (cut == 0) & (paid != 0)), ("cut", cut != 0)):
                yield from self.templates.lines(kept.element, "released", month, kept.period, everybody, paid, gaps, words, chosen)
        self.kept = [kept for kept in self.kept if max(release.after_months for release in kept.holding.release) > month - kept.month]

    def _after(self, gate: Gate, plan: Compiled, month: int, fen: np.ndarray) -> np.ndarray:
        """What a gate leaves of what is to be released, read over the element's period up to the month."""
        rows = np.flatnonzero(fen)
        if not len(rows):
            return fen
        span = self.book.span(plan.element.period, month)
        source, fn = Input(gate.reading, False), gate_of(gate, 0).fn
        alone = Compiled(plan.name, _alone(plan.element), (source,), ((fn,),), (), (), None, None)
        payees = payees_of(self.book, alone, rows)
        shares = shares_of(self.book, alone.element, span, payees, Fraction(span.so_far, span.months))
        found = evaluate(alone, [reached(self.book, alone, 0, payees, span, shares)], len(rows)).value
        left = fen.copy()
        left[rows] = np.where(found.reaches(1), fen[rows], share_of(fen[rows], as_written(gate.otherwise)))
        return left

    def carry_over(self, month: int, lines: Sequence[Block]) -> list[Block]:
        """Negative amounts put off, and earlier ones taken from what is due."""
        found: list[Block] = []
        for name, (sources, whose) in self.carriers.items():
            balance = self.carried.setdefault(name, self._nothing())
            for source in sources:
                amount = self._sum([*lines, *found], [source])
                _, repaid = carried(amount, balance)
                found += self._line(month, source, "carry_over_repaid", -repaid, {"balance": balance * MONEY, "earned": amount * MONEY})
                balance -= repaid
            put_off, _ = carried(self._sum(lines, [name]), 0)
            put_off = np.where(whose, put_off, 0)
            found += self._line(month, name, "carried_over", put_off, {"amount": put_off * MONEY})
            balance += put_off
        return found

    def draw_and_guarantee(self, month: int, lines: Sequence[Block]) -> list[Block]:
        """What is added up to a draw or guarantee in post, and what is repaid of a draw."""
        terms, book, found = self.policy.terms, self.book, list[Block]()
        if terms.draw is not None:
            most, so_far, entitled = self._entitled(month, terms.draw, lines)
            added, repaid = drawn(so_far, most, self.drawn)
            added = np.where(entitled, added, 0)
            gaps = {"most": np.full(len(book), most * MONEY), "earned": so_far * MONEY, "balance": self.drawn * MONEY}
            found += [*self._line(month, "draw", "draw", added, gaps), *self._line(month, "draw", "draw_repaid", -repaid, gaps)]
            self.drawn = self.drawn + added - repaid
        if terms.guarantee is not None:
            most, so_far, entitled = self._entitled(month, terms.guarantee, lines)
            gaps = {"most": np.full(len(book), most * MONEY), "earned": so_far * MONEY}
            found += self._line(month, "guarantee", "guarantee", np.where(entitled, guaranteed(so_far, most), 0), gaps)
        return found

    def _entitled(self, month: int, term: Draw | Guarantee, lines: Sequence[Block]) -> tuple[int, np.ndarray, np.ndarray]:
        """The amount, what everybody earned of the elements it stands for, and who has a right to it."""
        there = self.book.posts[month] & (self.book.service[month] <= (term.until_month or ALWAYS))
        return _fen(term.amount), self._sum(lines, term.of), there

    def ceiling(self, month: int, lines: Sequence[Block]) -> list[Block]:
        """What lies above the most that the plan pays in a period."""
        ceiling = self.policy.terms.ceiling
        if ceiling is None:
            return []
        if (self.book.month_number(month) - 1) % MONTHS_OF[ceiling.period] == 0:
            self.to_ceiling = self._nothing()
        most = _fen(ceiling.amount)
        total = self.to_ceiling + self._sum(lines)
        cut = above(total, most)
        self.to_ceiling = total - cut
        return list(self._line(month, "ceiling", "ceiling", -cut, {"total": total * MONEY, "most": np.full(len(total), most * MONEY)}))

    def adjustments(self, month: int) -> Iterator[Block]:
        """The records' own, reason by reason."""
        table, label = self.book.adjustments, str(self.book.months[month])
        table = table[(table["month"].astype(str) == label).to_numpy()]
        if not len(table):
            return
        who, fen = codes_of(table["person"], self.book.people, "adjustments"), table["amount"].to_numpy() // MONEY
        which, reasons = pd.factorize(table["reason"].astype(str))
        for place, text in enumerate(reasons):
            rows = np.flatnonzero(which == place)
            rows = rows[np.argsort(who[rows], kind="stable")]
            number = self.templates.place(("adjustment", text), lambda text=text: reason(str(text)))      # type: ignore[misc]
            yield Block(month, "adjustment", "adjustment", label, "", who[rows].astype(np.int32), np.ones(len(rows), dtype=np.int64),
                        np.full(len(rows), number, dtype=np.int32), {}, fen[rows])

    # --- what is left -------------------------------------------------------------------------------------------------

    def due_later(self) -> dict[str, np.ndarray]:
        """Fen of everybody, by element: earned and paid after the last month, kept back, or adjusted later."""
        found: dict[str, np.ndarray] = {}
        for block in (block for blocks in self.queue.values() for block in blocks):
            np.add.at(found.setdefault(block.element, self._nothing()), block.people, block.fen)
        for kept in self.kept:
            found[kept.element] = found.get(kept.element, self._nothing()) + kept.left
        table = self.book.adjustments
        later = table[(table["month"].astype(str) > str(self.book.months[-1])).to_numpy()]
        if len(later):
            fen = found.setdefault("adjustment", self._nothing())
            np.add.at(fen, codes_of(later["person"], self.book.people, "adjustments"), later["amount"].to_numpy() // MONEY)
        return found

    def to_take_off(self) -> dict[str, np.ndarray]:
        """Fen of everybody, by element, or draw: still to be taken off later pay."""
        found = {name: balance for name, balance in self.carried.items()}
        if self.drawn.any():
            found["draw"] = found.get("draw", 0) + self.drawn
        return found


def _fen(amount: float) -> int:
    return round(as_written(amount) * FEN)


def _alone(element: Element) -> Element:
    """The element as it bears on one person, whoever is paid together."""
    return element.model_copy(update={"payee": "self", "credit": None, "windfall": None, "credit_cap": None, "ramp": None, "measure": None})


__all__ = ["Kept", "Payouts"]
