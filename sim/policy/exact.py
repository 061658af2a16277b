"""What elements pay on records, to the fen: the functions of sim/policy/plan.py for many payees at once, exactly.

A result is a whole number of millionths of its unit (`SCALE`), or a fraction of it (the mean of a pair). The float evaluator
(sim/policy/kernel.py) agrees within a fen, at marks too: it takes a mark for reached from a billionth of a unit below it, and marks are
kept to a hundred-millionth, results to a millionth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from sim.policy.plan import MARK_DECIMALS, NO_INPUT, Compiled, Fn, GateFn, Score
from sim.policy.rational import FEN, LARGEST, Exact

SCALE = 1_000_000                     # records count millionths
FREE, AT_CAP, AT_FLOOR = 0, 1, 2
COEFFICIENTS = ("amount", "marked", "per_target", "rate", "per_share")


class Reached(NamedTuple):
    """An input for each payee: its value and the target it is held against, in the measure's unit; one fraction where all share it.

    quota: the share of target and marks that is asked. part: of what is paid for the value, where that of part of a period stands for
    the whole period's (an average balance does, a sum does not).
    """

    value: Exact
    target: Exact | Fraction | None = None
    quota: Exact | Fraction = Fraction(1)
    part: Fraction = Fraction(1)

    @property
    def asked(self) -> Exact | Fraction | None:
        """The target as it was asked."""
        if self.target is None or isinstance(self.quota, Fraction) and self.quota == 1:
            return self.target
        return self.quota * self.target if isinstance(self.quota, Exact) else self.target * self.quota


class Paid(NamedTuple):
    """What an element pays, CNY. places: for each function in the plan's order, the rows reached. bound: FREE, AT_CAP or AT_FLOOR.

    withheld: by gate, whether it withheld something. scores: values of the inputs that are scores, by their place. The rows reached by
    a score's functions follow those of the plan.
    """

    value: Exact
    places: list[np.ndarray]
    bound: np.ndarray
    withheld: list[np.ndarray]
    scores: dict[int, Exact]


def evaluate(plan: Compiled, reached: Sequence[Reached], length: int, post: Exact | Fraction = Fraction(1)) -> Paid:
    """What the element pays `length` payees for a period, before rounding.

    reached: by input (whatever at the places of scores). post: share of the period, and of it in post, to which amounts are cut.
    """
    inputs, scores, of_scores = [each._replace(target=each.asked) for each in reached], {}, []
    for place, each in enumerate(plan.inputs):
        if isinstance(each, Score):
            total = Exact.of(0, length)
            for weight, fn in each.parts:
                value, rows = _function(fn, inputs, length, post)
                total = total + value * weight
                of_scores.append(rows)
            scores[place] = total
            inputs[place] = Reached(total)
    places: list[np.ndarray] = []

    def factor(fn: Fn) -> Exact:
        value, rows = _function(fn, inputs, length, post)
        places.append(rows)
        return value

    total = None
    for term in plan.terms:
        product = factor(term[0])
        for fn in term[1:]:
            product = product * factor(fn)
        total = product if total is None else total + product
    assert total is not None
    for fn in plan.modifiers:
        total = total * factor(fn)
    withheld = []
    for gate in plan.gates:
        share = factor(gate.fn)
        subject = _subject(gate, total)
        withheld.append(subject & ~share.reaches(1))
        total = (total * share).where(subject, total)
    bound = np.zeros(length, dtype=np.int64)
    for which, limit in ((AT_FLOOR, plan.floor), (AT_CAP, plan.cap)):
        if limit is not None:
            edge = _times(limit, post, length)
            beyond = ~total.reaches(edge) if which == AT_FLOOR else total.reaches(edge, strictly=True)
            total, bound = total.where(~beyond, edge), np.where(beyond, which, bound)
    return Paid(total, [*places, *of_scores], bound, withheld, scores)


def _subject(gate: GateFn, total: Exact) -> np.ndarray:
    """Whose pay the gate bears on."""
    return total.reaches(0, strictly=True) if gate.rewards_only else np.ones(len(total), dtype=bool)


def _times(value: Fraction, share: Exact | Fraction, length: int) -> Exact:
    return share * value if isinstance(share, Exact) else Exact.of(value * share, length)


def _function(fn: Fn, inputs: Sequence[Reached], length: int, post: Exact | Fraction) -> tuple[Exact, np.ndarray]:
    """A function's values, and the rows reached. Targets are those asked."""
    rows = _rows(fn, inputs, length)
    part = inputs[fn.rated].part if fn.money and fn.rated != NO_INPUT else Fraction(1)
    total: Exact | None = None
    for name in COEFFICIENTS:
        numbers = [getattr(row, name) for row in fn.rows]
        if not any(numbers):
            continue
        common = math.lcm(*(number.denominator for number in numbers))
        scaled = [int(number * common) for number in numbers]
        kind: type = np.int64 if max(map(abs, scaled)) <= LARGEST else object
        term = Exact(np.array(scaled, dtype=kind)[rows], common)
        match name:
            case "amount" if fn.money:
                term = _by_share(term, post)
            case "marked":
                term = _by_share(term, inputs[fn.rated].quota)
            case "per_target":
                term = term * _target(fn.rated, inputs)
            case "rate":
                term = term * inputs[fn.rated].value
            case "per_share":
                term = term * inputs[fn.rated].value / _target(fn.rated, inputs)
        if part != 1 and name != "amount":
            term = term * part
        total = term if total is None else total + term
    return (Exact(np.zeros(length, dtype=np.int64)) if total is None else total), rows


def _by_share(term: Exact, share: Exact | Fraction) -> Exact:
    return term if isinstance(share, Fraction) and share == 1 else term * share


def _target(place: int, inputs: Sequence[Reached]) -> Exact | Fraction:
    target = inputs[place].target
    assert target is not None, "a plan that needs a target is refused before"
    return target


def _rows(fn: Fn, inputs: Sequence[Reached], length: int) -> np.ndarray:
    """For each payee the row that the lookup has reached; a mark belongs to the row above it unless it must be passed."""
    if fn.lookup == NO_INPUT or len(fn.rows) == 1:
        return np.zeros(length, dtype=np.int64)
    value, target, quota, _ = inputs[fn.lookup]
    scale: Exact | Fraction = Fraction(1)
    if fn.by == "attainment":
        scale = _target(fn.lookup, inputs) if target is not None else Fraction(0)
    elif fn.money and fn.lookup == fn.rated:
        scale = quota
    if isinstance(scale, Fraction) and isinstance(value.d, int):
        marks = [round(row.x * scale, MARK_DECIMALS) * value.d for row in fn.rows[1:]]
        whole = [math.floor(mark) + 1 if fn.strict else math.ceil(mark) for mark in marks]
        if value.n.dtype != object:
            near = np.array([mark for mark in whole if mark <= LARGEST], dtype=np.int64)
            return np.searchsorted(near, value.n, side="right")
        return sum(((value.n >= mark).astype(np.int64) for mark in whole), np.zeros(length, dtype=np.int64))
    found = np.zeros(length, dtype=np.int64)
    for row in fn.rows[1:]:
        mark = (scale * row.x).rounded(MARK_DECIMALS) if isinstance(scale, Exact) else Exact.of(round(row.x * scale, MARK_DECIMALS), length)
        found += value.reaches(mark, strictly=fn.strict)
    return found


def equal_shares(fen: np.ndarray, members: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """One member's share of a group's fen: odd fen go one each to those of the lowest rank, so that shares sum to the whole.

    All claim the same, so by largest remainder they are tied, and their order alone decides. rank: 0 to members - 1.
    """
    return fen // members + (rank < fen % members)


def divided(fen: np.ndarray, weights: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each one's share of the group's fen by weight, and the group's weights together.

    Rounded down; what is left goes one fen each by largest remainder, ties in order. fen: the group's, for each member. weights: whole
    numbers of 0 or more; a group without any is divided equally. group: from 0.
    """
    groups = int(group.max(initial=-1)) + 1
    together = np.zeros(groups, dtype=np.int64)
    np.add.at(together, group, weights)
    weights = np.where(together[group] > 0, weights, 1)
    total = np.zeros(groups, dtype=np.int64)
    np.add.at(total, group, weights)
    small = max(abs(int(fen.min(initial=0))), abs(int(fen.max(initial=0)))) * max(int(weights.max(initial=0)), 1) <= LARGEST
    product = fen * weights if small else fen.astype(object) * weights
    shares, rest = (product // total[group]).astype(np.int64), (product % total[group]).astype(np.int64)
    given = np.zeros(groups, dtype=np.int64)
    np.add.at(given, group, shares)
    order = np.lexsort((np.arange(len(fen)), -rest, group))
    sizes = np.bincount(group, minlength=groups)
    rank = np.empty(len(fen), dtype=np.int64)
    rank[order] = np.arange(len(fen)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return shares + (rank < fen - given[group]), together[group]


def rounded(amount: Fraction) -> int:
    """CNY to whole fen, halves up."""
    return math.floor(amount * FEN + Fraction(1, 2))


def plain(number: Fraction | int) -> str:
    """A number in the digits that a person would write: 0.8, 1200, -3.5; a fraction where no decimal ends."""
    number = Fraction(number)
    twos = fives = 0
    rest = number.denominator
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return str(number)
    places = max(twos, fives)
    digits = str(abs(number.numerator) * 10**places // number.denominator).rjust(places + 1, "0")
    sign = "-" if number < 0 else ""
    return sign + (digits if not places else f"{digits[:-places]}.{digits[-places:]}")


__all__ = ["AT_CAP", "AT_FLOOR", "FEN", "FREE", "LARGEST", "SCALE", "Paid", "Reached", "divided", "equal_shares", "evaluate", "plain", "rounded"]
