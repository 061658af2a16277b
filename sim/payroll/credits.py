"""Deals and who is credited with them, when (sim/policy/payment.py, Crediting): results by month, windfalls, reversals.

A deal counts in the month of its credit event (opening, funding, income received), for each person by the share stated; a deal
without that event yet counts nowhere, and one of an excluded origin never. What was reversed before the credit event earns no credit.
A deal split among several is several rows, so that what one of them has to give back is worked out from that one's own credit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from sim.errors import InputError, nearest
from sim.policy.exact import SCALE
from sim.policy.rational import Exact
from sim.policy.schema import Policy

if TYPE_CHECKING:
    from sim.payroll.book import Book

NEVER = -1


class Credits(NamedTuple):
    """Deals as arrays, one row a deal and person. month: of the credit, reversed: of the reversal, -1 for never; as pandas numbers months.

    person: row of people. measures: names; measure: the place of each one's. units: credited, in millionths of the measure's unit. lost:
    share of it that was reversed, in millionths.
    """

    deal: np.ndarray
    person: np.ndarray
    measures: tuple[str, ...]
    measure: np.ndarray
    units: np.ndarray
    month: np.ndarray
    reversed: np.ndarray
    lost: np.ndarray

    @classmethod
    def of(cls, deals: pd.DataFrame, ids: pd.Index, policy: Policy) -> Credits:
        """The deals that the policy credits. Errors: InputError if somebody in them is not among the people."""
        if not len(deals):
            none = np.zeros(0, dtype=np.int64)
            return cls(none.astype(object), none, (), none, none, none, none, none)
        person = ids.get_indexer(deals["person"].astype(str))
        if (person < 0).any():
            row = int((person < 0).argmax())
            who = str(deals["person"].iloc[row])
            raise InputError("deals", str(deals["deal"].iloc[row]), "person", found=f"`{who}`", expected="somebody listed in people",
                             hint=nearest(who, ids[:2000]))
        crediting = policy.crediting
        measure, measures = pd.factorize(deals["measure"].astype(str))
        event = np.full(len(deals), np.datetime64("NaT"), dtype="datetime64[D]")
        for place, name in enumerate(measures):
            its = measure == place
            event[its] = _days(deals[crediting.events.get(str(name), crediting.event)])[its]
        back, lost = _days(deals["reversed"]), deals["reversed_share"].to_numpy()
        before = back < event                                    # False where there is no day
        shared = Exact(deals["value"].to_numpy()) * Exact(deals["share"].to_numpy(), SCALE)
        units = shared.where(~before, shared * Exact(SCALE - lost, SCALE)).whole()
        kept = np.flatnonzero(~deals["origin"].isin(crediting.excluded_origins).to_numpy() & ~np.isnat(event))
        gone = np.where(before, NEVER, _months(back))
        return cls(deals["deal"].astype(str).to_numpy(dtype=object)[kept], person[kept], tuple(map(str, measures)), measure[kept], units[kept],
                   _months(event)[kept], gone[kept], lost[kept])

    def span(self, reversals: bool) -> list[int]:
        """First and last month with a credit, or a reversal too."""
        months = [*self.month.tolist(), *(self.reversed[self.reversed != NEVER].tolist() if reversals else [])]
        return [min(months), max(months)] if months else []

    def values(self, first: int, months: int, people: int) -> dict[str, np.ndarray]:
        """Credited results by measure, as a book holds them. first: the number of its first month."""
        found: dict[str, np.ndarray] = {}
        for place, name in enumerate(self.measures):
            rows = np.flatnonzero(self.measure == place)
            found[name] = np.zeros((months, people), dtype=np.int64)
            np.add.at(found[name], (self.month[rows] - first, self.person[rows]), self.units[rows])
        return found

    def of_measure(self, measure: str | None) -> np.ndarray:
        """Whether each is of a measure."""
        return self.measure == (self.measures.index(measure) if measure in self.measures else NEVER)

    def within(self, book: Book, first: int, last: int) -> np.ndarray:
        """Whether each is credited in the months first to last of a book (places, both counted), to somebody in post."""
        month = self.month - book.months[0].ordinal
        inside = (month >= first) & (month <= last)
        inside[inside] = book.posts[month[inside], self.person[inside]]
        return inside


def _days(days: pd.Series) -> np.ndarray:
    return days.to_numpy().astype("datetime64[D]")


def _months(days: np.ndarray) -> np.ndarray:
    """Months as pandas numbers them (0 is January 1970); -1 where no day is given."""
    return np.where(np.isnat(days), NEVER, days.astype("datetime64[M]").astype(np.int64))


__all__ = ["NEVER", "Credits"]
