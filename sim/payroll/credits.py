"""Deals and who is credited with them, when (sim/policy/payment.py, Crediting): results by month, windfalls, reversals.

A deal counts in the month of its credit event (opening, funding, income received), for each person by the share stated; a deal
without that event yet counts nowhere, and one of an excluded origin never. A deal split among several is several rows, so what one
of them has to give back is worked out from that one's own credit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from sim.policy.exact import SCALE
from sim.policy.rational import Exact
from sim.policy.schema import Policy

NEVER = -1


class Credits(NamedTuple):
    """Deals as arrays, one row a deal and person. month: of the credit, reversed: of the reversal, -1 for never; as pandas numbers months.

    person: row of people. units: credited, in millionths of the measure's unit. lost: share of it that was reversed.
    """

    deal: np.ndarray
    person: np.ndarray
    measure: np.ndarray
    units: np.ndarray
    month: np.ndarray
    reversed: np.ndarray
    lost: np.ndarray

    @classmethod
    def of(cls, deals: pd.DataFrame, ids: pd.Index, policy: Policy) -> Credits:
        """The deals that the policy credits."""
        if not len(deals):
            none = np.zeros(0, dtype=np.int64)
            return cls(none.astype(object), none, none.astype(object), none, none, none, none)
        crediting = policy.crediting
        counts = ~deals["origin"].isin(crediting.excluded_origins).to_numpy()
        measure = deals["measure"].astype(str).to_numpy(dtype=object)
        month = np.full(len(deals), NEVER, dtype=np.int64)
        for name in ("opened", "funded", "received"):
            its = np.array([crediting.events.get(each, crediting.event) == name for each in measure], dtype=bool)
            month[its] = _month_of(deals[name])[its]
        shared = Exact(deals["value"].to_numpy()) * Exact(deals["share"].to_numpy(), SCALE)
        kept = np.flatnonzero(counts & (month != NEVER))
        person = ids.get_indexer(deals["person"].astype(str))
        back = _month_of(deals["reversed"])
        lost = deals["reversed_share"].to_numpy()
        return cls(deals["deal"].astype(str).to_numpy(dtype=object)[kept], person[kept], measure[kept], shared.whole()[kept], month[kept],
                   back[kept], lost[kept])

    def span(self) -> list[int]:
        """First and last month with a credit or a reversal."""
        months = [*self.month.tolist(), *self.reversed[self.reversed != NEVER].tolist()]
        return [min(months), max(months)] if months else []

    def values(self, first: int, months: int, people: int) -> dict[str, np.ndarray]:
        """Credited results by measure, as a book holds them. first: the number of its first month."""
        found: dict[str, np.ndarray] = {}
        for name in dict.fromkeys(self.measure.tolist()):
            rows = np.flatnonzero(self.measure == name)
            found[name] = np.zeros((months, people), dtype=np.int64)
            np.add.at(found[name], (self.month[rows] - first, self.person[rows]), self.units[rows])
        return found


def _month_of(days: pd.Series) -> np.ndarray:
    """Months as pandas numbers them (0 is January 1970); -1 where no day is given."""
    found = days.to_numpy().astype("datetime64[M]")
    return np.where(np.isnat(found), NEVER, found.astype(np.int64))


__all__ = ["NEVER", "Credits"]
