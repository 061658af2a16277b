"""Exact numbers in arrays: whole numerators over whole denominators.

Payroll needs fractions that no float holds (a third of a pair's result, 1,250 of a target of 1,170) for many payees at once.
Arrays run in int64 where a bound computed beforehand shows that nothing can overflow, and in Python's own integers, which have no
limit, where it does not. No float is involved.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

import numpy as np

from sim.errors import InputError

FEN = 100                             # in one CNY
LARGEST = 2**63 - 1
Rounding = Literal["half_up", "half_even", "down", "up"]
Whole = int | np.ndarray


class Exact:
    """An array of fractions n / d. n: whole numbers, int64 or Python's; d: one whole number above 0 for all, or one each."""

    __slots__ = ("d", "n")

    def __init__(self, n: np.ndarray, d: Whole = 1) -> None:
        self.n, self.d = n, d

    @classmethod
    def of(cls, value: Fraction | int, length: int) -> Exact:
        """The same fraction `length` times."""
        value = Fraction(value)
        kind: type = np.int64 if abs(value.numerator) <= LARGEST else object
        return cls(np.full(length, value.numerator, dtype=kind), value.denominator)

    def __len__(self) -> int:
        return len(self.n)

    def __getitem__(self, rows: np.ndarray) -> Exact:
        return Exact(self.n[rows], self.d[rows] if isinstance(self.d, np.ndarray) else self.d)

    def __add__(self, other: Exact | Fraction | int) -> Exact:
        other = self._like(other)
        if isinstance(self.d, int) and isinstance(other.d, int) and self.d == other.d:
            return Exact(_sum(self.n, other.n), self.d)
        return Exact(_sum(_product(self.n, other.d), _product(other.n, self.d)), _product(self.d, other.d))

    def __sub__(self, other: Exact | Fraction | int) -> Exact:
        return self + (-self._like(other))

    def __neg__(self) -> Exact:
        return Exact(-self.n, self.d)

    def __mul__(self, other: Exact | Fraction | int) -> Exact:
        other = self._like(other)
        return Exact(_product(self.n, other.n), _product(self.d, other.d))

    def __truediv__(self, other: Exact | Fraction | int) -> Exact:
        """Division by numbers above 0."""
        other = self._like(other)
        return Exact(_product(self.n, other.d), _product(self.d, other.n))

    def _like(self, other: Exact | Fraction | int) -> Exact:
        return other if isinstance(other, Exact) else Exact.of(other, len(self))

    def reaches(self, other: Exact | Fraction | int, strictly: bool = False) -> np.ndarray:
        """Whether each is at least the other, or above it."""
        other = self._like(other)
        left, right = _product(self.n, other.d), _product(other.n, self.d)
        return (left > right if strictly else left >= right).astype(bool)

    def where(self, rows: np.ndarray, other: Exact | Fraction | int) -> Exact:
        """These where `rows`, the other elsewhere."""
        other = self._like(other)
        if isinstance(self.d, int) and isinstance(other.d, int) and self.d == other.d:
            return Exact(np.where(rows, *_alike(self.n, other.n)), self.d)
        n = np.where(rows, *_alike(self.n, other.n))
        d = np.where(rows, *_alike(_spread(self.d, len(self)), _spread(other.d, len(self))))
        return Exact(n, d)

    def at_most(self, bound: Exact | Fraction | int) -> Exact:
        return self.where(~self.reaches(bound, strictly=True), bound)

    def at_least(self, bound: Exact | Fraction | int) -> Exact:
        return self.where(self.reaches(bound), bound)

    def whole(self, times: int = 1, rounding: Rounding = "half_up") -> np.ndarray:
        """The numbers, `times` as fine, rounded to whole ones (int64). Errors: InputError beyond what an account can hold."""
        n, d = _product(self.n, times), self.d
        if rounding == "half_up":
            found = n if isinstance(d, int) and d == 1 else _quotient(_sum(_product(n, 2), d), _product(d, 2))
        elif rounding == "down":
            found = np.where(n >= 0, _quotient(n, d), -_quotient(-n, d))
        elif rounding == "up":
            found = np.where(n >= 0, -_quotient(-n, d), _quotient(n, d))
        else:
            found = self.rounded(len(str(times)) - 1).n
        if found.dtype == object and len(found) and max(abs(found.min()), abs(found.max())) > LARGEST:
            most = max(abs(found.min()), abs(found.max())) // max(times, 1)
            raise InputError("pay", found=f"an amount of {most}", expected=f"at most {LARGEST // max(times, 1)}")
        return found.astype(np.int64)

    def rounded(self, decimals: int) -> Exact:
        """Rounded to so many decimals, halves to even, as Python's `round` does."""
        times = 10**decimals
        n, double = _sum(_product(self.n, 2 * times), self.d), _product(self.d, 2)
        found = _quotient(n, double)
        return Exact(found - ((n % double == 0) & (found % 2 == 1)), times)

    def fen(self, rounding: Rounding = "half_up") -> np.ndarray:
        """CNY as whole fen."""
        return self.whole(FEN, rounding)

    def floats(self) -> np.ndarray:
        """The nearest floats, or close to them; to look at, not to pay by."""
        return self.n.astype(float) / (self.d.astype(float) if isinstance(self.d, np.ndarray) else float(self.d))

    def fraction(self, row: int) -> Fraction:
        return Fraction(int(self.n[row]), int(self.d[row]) if isinstance(self.d, np.ndarray) else self.d)


def _most(whole: Whole) -> int:
    if isinstance(whole, np.ndarray):
        return max(abs(int(whole.min())), abs(int(whole.max()))) if len(whole) else 0
    return abs(whole)


def _spread(whole: Whole, length: int) -> np.ndarray:
    if isinstance(whole, np.ndarray):
        return whole
    return np.full(length, whole, dtype=np.int64 if abs(whole) <= LARGEST else object)


def _alike(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (left, right) if left.dtype == right.dtype else (left.astype(object), right.astype(object))


def _safely(left: Whole, right: Whole, bound: int) -> tuple[Whole, Whole]:
    """Both in Python's integers where int64 could overflow, or where a number alone does not fit."""
    arrays = [each for each in (left, right) if isinstance(each, np.ndarray)]
    if arrays and (bound > LARGEST or any(each.dtype == object for each in arrays)):
        return tuple(each.astype(object) if isinstance(each, np.ndarray) else each for each in (left, right))  # type: ignore[return-value]
    return left, right


def _product(left: Whole, right: Whole) -> Whole:
    if isinstance(right, int) and right == 1:
        return left
    if isinstance(left, int) and left == 1:
        return right
    a, b = _safely(left, right, max(_most(left), 1) * max(_most(right), 1))
    return a * b


def _quotient(left: Whole, right: Whole) -> Whole:
    """Rounded down."""
    a, b = _safely(left, right, max(_most(left), _most(right)))
    return a // b


def _sum(left: Whole, right: Whole) -> Whole:
    a, b = _safely(left, right, _most(left) + _most(right))
    return a + b


__all__ = ["FEN", "LARGEST", "Exact", "Rounding"]
