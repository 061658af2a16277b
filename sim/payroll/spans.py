"""Months, quarters, half years and years as runs of months; a month is numbered year x 12 + month - 1."""

from __future__ import annotations

from calendar import monthrange
from typing import NamedTuple

import numpy as np

from sim.errors import InputError
from sim.payroll.checks import month_name
from sim.payroll.dates import A_PERIOD, parse_period
from sim.payroll.mistakes import Wrong
from sim.policy.base import MONTHS_OF


class Span(NamedTuple):
    """A period: the number of its first month, and 1, 3, 6 or 12 months."""

    first: int
    length: int

    @property
    def last(self) -> int:
        return self.first + self.length - 1

    @property
    def label(self) -> str:
        """As the records write it: 2025-01, 2025-Q1, 2025-H1, 2025."""
        year, month = divmod(self.first, 12)
        return {1: month_name(self.first), 3: f"{year}-Q{month // 3 + 1}", 6: f"{year}-H{month // 6 + 1}", 12: str(year)}[self.length]

    @property
    def kind(self) -> str:
        """month, quarter, half_year or year."""
        return next(name for name, months in MONTHS_OF.items() if months == self.length)

    def back(self, months: int) -> Span:
        """The span of the same length so many months earlier."""
        return self._replace(first=self.first - months)


def span_of(label: str) -> Span:
    """The period that a text such as 2025-Q1 names. Errors: InputError."""
    try:
        written = parse_period(str(label))
    except Wrong as wrong:
        raise InputError("period", found=wrong.found, expected=A_PERIOD, hint=wrong.hint) from None
    year, _, part = written.partition("-")
    if not part:
        return Span(int(year) * 12, 12)
    if part[0] in "QH":
        length = MONTHS_OF["quarter" if part[0] == "Q" else "half_year"]
        return Span(int(year) * 12 + (int(part[1]) - 1) * length, length)
    return Span(int(year) * 12 + int(part) - 1, 1)


def days_of(first: int, count: int) -> np.ndarray:
    """The calendar days of so many months from the first on."""
    return np.array([monthrange(month // 12, month % 12 + 1)[1] for month in range(first, first + count)], dtype=np.int64)


__all__ = ["Span", "days_of", "span_of"]
