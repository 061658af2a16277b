"""Lines of statements, many at a time, and the wordings they share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from sim.payroll.wording import Template, other
from sim.policy.exact import SCALE
from sim.policy.rational import FEN, Exact

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


class Templates:
    """The wordings in use, each made when a line first needs it."""

    def __init__(self) -> None:
        self.made: list[Template] = []
        self._places: dict[object, int] = {}

    def place(self, key: object, make: Callable[[], Template]) -> int:
        if key not in self._places:
            self._places[key] = len(self.made)
            self.made.append(make())
        return self._places[key]

    def lines(self, element: str, kind: str, month: int, period: str, people: np.ndarray, fen: np.ndarray, gaps: Mapping[str, np.ndarray],
              words: str = "", some: np.ndarray | None = None) -> Iterator[Block]:
        """Lines that follow from others: one block, or none where there is nothing to tell.

        people: rows of them; fen, gaps: theirs. some: whose lines are shown; by default those that are not nothing. words: of the wording,
        if not those of the kind.
        """
        chosen = np.flatnonzero(fen if some is None else some)
        if len(chosen):
            rules = np.full(len(chosen), self.place(words or kind, lambda: other(words or kind)), dtype=np.int32)
            yield Block(month, element, kind, period, "", people[chosen].astype(np.int32), np.ones(len(chosen), dtype=np.int64), rules,
                        {name: gap[chosen] for name, gap in gaps.items()}, fen[chosen])


def constant(value: Fraction, length: int) -> np.ndarray:
    """The same number for all, in millionths."""
    return np.full(length, round(value * SCALE), dtype=np.int64)


def millionths(numbers: Exact) -> np.ndarray:
    """To show: rounded to millionths."""
    if isinstance(numbers.d, int) and numbers.d == SCALE and numbers.n.dtype == np.int64:
        return numbers.n
    return numbers.whole(SCALE)


def spread(values: np.ndarray, rows: np.ndarray, length: int) -> np.ndarray:
    """Values of some rows among all; 0 elsewhere."""
    found = np.zeros(length, dtype=np.int64)
    found[rows] = values
    return found


__all__ = ["KINDS", "MONEY", "TERMS", "Block", "Review", "Templates", "constant", "millionths", "spread"]
