"""What an element pays on records, to the fen: the pieces of sim/policy/schedule.py in scaled integers.

A result is a whole number of millionths of its unit (`SCALE`), or the mean of several payees' results: X millionths over m
payees. On a piece pay is a + r x, so in fen, with a common denominator q of the element's numbers,

    fen = floor((A m + R X) / (q m) + 1/2),    A = 100 a q,  R = 100 r q / SCALE,

halves up, once. Arrays run in int64 where a bound computed beforehand shows that nothing can overflow, and in Python's own
integers, which have no limit, where it does not. No float is involved.

The float evaluator (sim/policy/kernel.py) agrees within a fen, at marks too: it takes a mark for reached from a billionth of a unit
below it, and marks are kept to a hundred-millionth, results to a millionth.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from sim.errors import InputError
from sim.policy.schedule import Piece, pieces_of
from sim.policy.schema import Element, Policy

SCALE = 1_000_000                     # records count millionths
FEN = 100                             # in one CNY
LARGEST = 2**63 - 1


class PayLine(NamedTuple):
    """One element of a policy, ready to pay. offsets, slopes and denominator: A, R and q of each of its `pieces`."""

    name: str
    element: Element
    pieces: tuple[Piece, ...]
    offsets: tuple[int, ...]
    slopes: tuple[int, ...]
    denominator: int

    @property
    def target(self) -> float | None:
        return self.element.target.value if self.element.target else None


def pay_lines(policy: Policy) -> tuple[PayLine, ...]:
    """A policy's elements in the file's order, compiled."""
    return tuple(pay_line(name, element) for name, element in policy.pay.items())


def pay_line(name: str, element: Element) -> PayLine:
    """One element, compiled."""
    pieces = tuple(pieces_of(element))
    offsets = [FEN * (piece.v - piece.r * piece.x) for piece in pieces]
    slopes = [FEN * piece.r / SCALE for piece in pieces]
    q = math.lcm(*(number.denominator for number in (*offsets, *slopes)))
    return PayLine(name, element, pieces, tuple(int(a * q) for a in offsets), tuple(int(r * q) for r in slopes), q)


def starts_of(line: PayLine, members: int) -> list[int]:
    """The least sum of `members` payees' results, in millionths, with which their mean is on each piece."""
    return [math.ceil(piece.x * SCALE * members) for piece in line.pieces]


def pieces_at(line: PayLine, totals: np.ndarray, members: np.ndarray) -> np.ndarray:
    """The place of the piece each payee is on; a boundary belongs to the piece above it. As `fen_at`."""
    places = np.empty(len(totals), dtype=np.int64)
    for m in np.unique(members):
        here = members == m
        reachable = [start for start in starts_of(line, int(m))[1:] if start <= LARGEST]
        places[here] = np.searchsorted(np.array(reachable, dtype=np.int64), totals[here], side="right")
    return places


def fen_at(line: PayLine, totals: np.ndarray, members: np.ndarray, places: np.ndarray | None = None) -> np.ndarray:
    """What the element pays at the mean of `totals` over `members`, in whole fen (int64), halves up.

    totals: int64, millionths of the measure's unit, summed over as many payees as members says (1 and more).
    places: the pieces, if known. Errors: InputError where pay is more than an account can hold, 92,233,720,368,547,758.07 CNY.
    """
    if not len(totals):
        return np.zeros(0, dtype=np.int64)
    places = pieces_at(line, totals, members) if places is None else places
    most = max(abs(int(totals.min())), abs(int(totals.max())))
    bound = 2 * max(map(abs, line.slopes)) * most + (2 * max(map(abs, line.offsets)) + 2 * line.denominator) * int(members.max())
    kind: type = np.int64 if bound <= LARGEST else object
    offsets, slopes = np.array(line.offsets, dtype=kind)[places], np.array(line.slopes, dtype=kind)[places]
    many, q = members.astype(kind), line.denominator
    fen = (2 * (offsets * many + slopes * totals.astype(kind)) + q * many) // (2 * q * many)
    if kind is object and max(abs(fen.min()), abs(fen.max())) > LARGEST:
        raise InputError(f"pay.{line.name}", found=f"pay of {max(abs(fen.min()), abs(fen.max())) // FEN} CNY on one line",
                         expected=f"at most {LARGEST // FEN} CNY")
    return fen.astype(np.int64)


def pay_of(element: Element, result: Fraction | int) -> Fraction:
    """The element's pay at a result, CNY, before rounding: the definition, one payee at a time."""
    pieces = pieces_of(element)
    piece = pieces[max(0, bisect_right([p.x for p in pieces], result) - 1)]
    return piece.v + piece.r * (result - piece.x)


def rounded(amount: Fraction) -> int:
    """CNY to whole fen, halves up."""
    return math.floor(amount * FEN + Fraction(1, 2))


def equal_shares(fen: np.ndarray, members: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """One member's share of a group's fen: odd fen go one each to those of the lowest rank, so that shares sum to the whole.

    All claim the same, so by largest remainder they are tied, and their order alone decides. rank: 0 to members - 1.
    """
    return fen // members + (rank < fen % members)


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


__all__ = ["FEN", "LARGEST", "SCALE", "PayLine", "equal_shares", "fen_at", "pay_line", "pay_lines", "pay_of", "pieces_at",
           "plain", "rounded", "starts_of"]
