"""What an element comes to for its payees over a time: fen, and the words that tell how. Nothing here is posted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from sim.errors import InputError
from sim.payroll.book import Book, Span
from sim.payroll.inputs import Payees, payees_of, reached_by, shares_of
from sim.payroll.lines import MONEY, Templates, constant, millionths
from sim.payroll.wording import EXACT, ROUNDED_DOWN, ROUNDED_UP, Common, Reach, earned
from sim.policy.exact import SCALE, Paid, Reached, divided, equal_shares, evaluate
from sim.policy.plan import Compiled, Score, as_written
from sim.policy.rational import FEN, LARGEST, Exact, Rounding
from sim.policy.timing import share_of

MOST = 10**13                             # fen in a line, so that sums of many, told in millionths, stay within int64


class Worked(NamedTuple):
    """What an element came to. part: of the period. amounts: the share of amounts that is paid. fen: of each payee, before anything is taken
    off. parts: each one's part of a group's pay, and the whole, if not equal.
    """

    plan: Compiled
    span: Span
    part: Fraction
    payees: Payees
    reached: list[Reached]
    amounts: Exact | Fraction
    paid: Paid
    fen: np.ndarray
    rounding: np.ndarray
    parts: tuple[np.ndarray, np.ndarray] | None


def worked_out(book: Book, plan: Compiled, span: Span, rows: np.ndarray, part: Fraction, fixed: Callable[[Span], np.ndarray]) -> Worked:
    """An element over a span. part: of its period that this is. fixed: everybody's fixed pay, by which a group's pay can be split."""
    payees = payees_of(book, plan, rows)
    shares = shares_of(book, plan.element, span, payees, part)
    reached = reached_by(book, plan, payees, span, shares)
    paid = evaluate(plan, reached, len(rows), shares.amounts)
    whole = _in_fen(plan.name, paid.value, book.policy.terms.rounding)
    return Worked(plan, span, part, payees, reached, shares.amounts, paid, *_split(book, plan, payees, whole, span, fixed))


def _in_fen(name: str, value: Exact, rounding: Rounding) -> np.ndarray:
    try:
        fen = value.fen(rounding)
    except InputError as too_much:
        raise InputError(f"pay.{name}", found=too_much.found, expected=f"at most {MOST // FEN}") from None
    if (largest := int(np.abs(fen).max(initial=0))) > MOST:
        raise InputError(f"pay.{name}", found=f"an amount of {largest // FEN}", expected=f"at most {MOST // FEN}")
    return fen


# --- a group's pay among its members ----------------------------------------------------------------------------------


def _split(book: Book, plan: Compiled, payees: Payees, whole: np.ndarray, span: Span,
           fixed: Callable[[Span], np.ndarray]) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray] | None]:
    """Each one's part of a group's fen, how it was rounded, and the part where parts are not equal."""
    split = plan.element.split
    if not (payees.shares > 1).any():
        return whole, np.full(len(whole), EXACT, dtype=np.int64), None
    if split is None or split.rule == "equally":
        fen, odd = equal_shares(whole, payees.shares, payees.rank), whole % payees.shares
        return fen, np.where(odd == 0, EXACT, np.where(payees.rank < odd, ROUNDED_UP, ROUNDED_DOWN)), None
    if split.shares is not None:
        grades, which = np.unique(book.grades[span.last, payees.rows].astype(str), return_inverse=True)
        own = np.array([int(as_written(split.shares.get(str(grade), 1.0)) * SCALE) for grade in grades], dtype=np.int64)[which]
    else:
        own = np.maximum(fixed(span)[payees.rows], 0)
    fen, total = divided(whole, own, payees.group)
    unit = MONEY if split.shares is None else 1
    told = (np.where(total > 0, own * unit, SCALE), np.where(total > 0, total * unit, payees.size * SCALE))
    return fen, np.full(len(whole), EXACT, dtype=np.int64), told


# --- in words ---------------------------------------------------------------------------------------------------------


def gaps_of(worked: Worked) -> dict[str, np.ndarray]:
    """The numbers that wordings show, in millionths. `t0` is the whole target, `a0` what of it was asked, where that is not the same."""
    found: dict[str, np.ndarray] = {}
    payees, length = worked.payees, len(worked.payees.rows)
    for place, each in enumerate(worked.reached):
        if place in worked.paid.scores:
            found[f"v{place}"] = millionths(worked.paid.scores[place])
            continue
        found[f"v{place}"] = millionths(each.value * Exact(payees.paid_on_mean) if (payees.paid_on_mean > 1).any() else each.value)
        if each.target is not None:
            found[f"t{place}"] = _shown(each.target, length)
        if isinstance(each.quota, Exact):
            found |= _ratio(f"q{place}", each.quota)
        if each.target is not None and each.quota != 1:
            found[f"a{place}"] = _shown(each.asked, length)         # type: ignore[arg-type]
    if isinstance(worked.amounts, Exact):
        found |= _ratio("post", worked.amounts)
    if worked.parts is not None:
        found["own"], found["all"] = worked.parts
    return found


def _shown(value: Exact | Fraction, length: int) -> np.ndarray:
    return millionths(value) if isinstance(value, Exact) else constant(value, length)


def _ratio(name: str, share: Exact) -> dict[str, np.ndarray]:
    """A share as two whole numbers, such as 16 / 31."""
    common = np.gcd(share.n, share.d)
    n, d = share.n // common, share.d // common
    if max(int(n.max(initial=0)), int(np.max(d, initial=1))) > LARGEST // SCALE:
        n, d = share.whole(SCALE), np.full(len(share), SCALE)
    return {f"{name}_n": n.astype(np.int64) * SCALE, f"{name}_d": (np.zeros(len(share), dtype=np.int64) + d).astype(np.int64) * SCALE}


def wordings(templates: Templates, worked: Worked, kind: str, less: np.ndarray, advance: Fraction | None = None) -> np.ndarray:
    """The wording of each line: it depends on rows reached, bounds, gates, shares and how a share was rounded.

    less: fen taken off. advance: the share that is paid of it.
    """
    plan, paid, payees, reached = worked.plan, worked.paid, worked.payees, worked.reached
    common = Common(tuple(each.target if isinstance(each.target, Fraction) else None for each in reached), _fraction(worked.amounts),
                    tuple(_fraction(each.quota) for each in reached), tuple(each.part for each in reached), kind, advance)
    shares = payees.shares if worked.parts is None else np.where(payees.shares > 1, -1, 1)
    nothing = worked.fen <= 0 if advance is not None else np.zeros(len(less), dtype=bool)
    columns = [*paid.places, paid.bound, *paid.withheld, payees.paid_on_mean, shares, worked.rounding, less != 0,
               _cut(worked.amounts, len(less)), nothing, *(_cut(each.quota, len(less)) for each in reached)]
    firsts, which = _alike(columns, len(less))
    n, g = len(paid.places), len(paid.withheld)
    numbers = np.empty(len(firsts), dtype=np.int32)
    for place, row in enumerate(firsts):
        key = [int(column[row]) for column in columns]
        rest = key[n + 1 + g :]
        reach = Reach(tuple(key[:n]), key[n], tuple(map(bool, key[n + 1 : n + 1 + g])), *rest[:3], *map(bool, rest[3:6]),
                      tuple(map(bool, rest[6:])))
        numbers[place] = templates.place((id(plan), reach, common), lambda reach=reach: earned(plan, reach, common))     # type: ignore[misc]
    return numbers[which]


def _fraction(share: Exact | Fraction) -> Fraction | None:
    return share if isinstance(share, Fraction) else None


def _cut(share: Exact | Fraction, length: int) -> np.ndarray:
    """Whether a share is not the whole."""
    return np.full(length, share != 1) if isinstance(share, Fraction) else share.n != share.d


def _alike(columns: Sequence[np.ndarray], length: int) -> tuple[np.ndarray, np.ndarray]:
    """One row of each combination of values in small whole numbers, and of which of them each row is."""
    code, many = np.zeros(length, dtype=np.int64), 1
    for column in columns:
        low, high = int(column.min()), int(column.max())
        if low == high:
            continue
        if many * (high - low + 1) > LARGEST // 2:
            code = np.unique(code, return_inverse=True)[1]
            many = int(code.max()) + 1
        code, many = code * (high - low + 1) + (column - low if column.dtype != bool else column), many * (high - low + 1)
    if many == 1:
        return np.zeros(1, dtype=np.int64), np.zeros(length, dtype=np.int64)
    if many > 4 * length:
        return np.unique(code, return_index=True, return_inverse=True)[1:]
    first = np.full(many, -1, dtype=np.int64)
    first[code[::-1]] = np.arange(length - 1, -1, -1)
    used = first >= 0
    return first[used], (np.cumsum(used) - 1)[code]


def input_of(worked: Worked) -> tuple[str, str, str]:
    """The gaps that hold the line's input and target, and the measure: of the first reading."""
    for place, each in enumerate(worked.plan.inputs):
        if not isinstance(each, Score):
            target = "" if worked.reached[place].target is None else f"t{place}" if worked.reached[place].quota == 1 else f"a{place}"
            return f"v{place}", target, worked.plan.element.measure or each.reading.measure
    return "", "", worked.plan.element.measure or ""


def advanced(fen: np.ndarray, share: Fraction) -> np.ndarray:
    """What is paid in advance of a month's own pay; nothing of a negative one."""
    return share_of(np.maximum(fen, 0), share)                      # type: ignore[return-value]


__all__ = ["Worked", "advanced", "gaps_of", "input_of", "wordings", "worked_out"]
