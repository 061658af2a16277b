"""Targets: given in the records, from one's own base (C4), or by differential rent (C3).

Who holds a rich portfolio earns more from the same effort, as the owner of good land does. Both rules put managers on one start
line: the first measures everybody against an earlier period of their own, the second asks more of rich portfolios and less of
poor ones. All of it is exact.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

import numpy as np
import pandas as pd

from sim.policy.rational import LARGEST, Exact

NONE = -1  # no target; a target itself is never negative
Holder = Literal["self", "team"]


def own_base(base_results: Exact, times: Fraction) -> Exact:
    """So many times the own result of an earlier period (C4, progress): base + |base| (times - 1), in the measure's unit.

    That is base x times for a base of 0 or more. After a loss a target of 1.1 times asks for a tenth less of it (-100 becomes
    -90), where the plain product would ask for a larger one. times = 1 asks for the base again. times: 0 or more.
    """
    size = Exact(np.abs(base_results.n), base_results.d)
    return base_results + size * (Fraction(times) - 1)


def differential_rent(value: Fraction, portfolio: Exact, mean: Exact, strength: Fraction) -> Exact:
    """The common target moved by the wealth of one's portfolio (C3): value x (1 + strength x (portfolio / mean - 1)), at least 0.

    value: 0 or more, in the measure's unit. portfolio, mean: what the manager holds and what the managers compared hold on
    average, in the same unit. strength: 0 gives everybody the common target, 1 one in proportion to the portfolio.
    Targets add up to value x managers as long as none is held at 0. Where the mean is 0 or less nobody is richer: the common target.
    """
    known = mean.reaches(0, strictly=True)
    ahead = portfolio / mean.where(known, 1) - 1
    moved = (ahead * Fraction(strength) + 1) * Fraction(value)
    return moved.at_least(0).where(known, Fraction(value))


def portfolios_of(portfolios: pd.DataFrame, people: pd.DataFrame, by: str = "balance") -> np.ndarray:
    """What each person of `people` holds, summed over customer groups: int64 millionths, 0 where nothing is recorded.

    by: balance (CNY) or count (customers).
    """
    held = np.zeros(len(people), dtype=np.int64)
    rows = pd.Index(people["person"]).get_indexer(portfolios["person"])
    np.add.at(held, rows[rows >= 0], portfolios[by].to_numpy()[rows >= 0])
    return held


def mean_portfolios(held: np.ndarray, groups: np.ndarray) -> Exact:
    """For each person the mean portfolio of their group, exactly, in the unit of `held`. groups: a number for each person, from 0."""
    many = int(groups.max(initial=-1)) + 1
    return Exact(group_sums(held, groups, many)[groups], np.bincount(groups, minlength=many).astype(np.int64)[groups])


def group_sums(values: np.ndarray, groups: np.ndarray, many: int) -> np.ndarray:
    """The sum of each of so many groups, in Python's integers where int64 could overflow. groups: -1 for none."""
    inside = groups >= 0
    most = max(abs(int(values.min())), abs(int(values.max()))) if len(values) else 0
    sums = np.zeros(many, dtype=np.int64 if values.dtype != object and most * len(values) <= LARGEST else object)
    np.add.at(sums, groups[inside], values[inside])
    return sums


class GivenTargets:
    """The table `targets` of the records, by row of `people`."""

    def __init__(self, records_targets: pd.DataFrame, people: pd.DataFrame) -> None:
        self._targets = records_targets
        self._people = people
        self._rows = records_targets.groupby(["measure", "period"], sort=False, observed=True).indices if len(records_targets) else {}
        self._own = pd.Index(people["person"]).get_indexer(records_targets["person"])

    def periods(self, measure: str) -> list[str]:
        """The periods for which somebody has a target in this measure, in the order of the table."""
        return [period for name, period in self._rows if name == measure]

    def value(self, measure: str, period_label: str, holder: Holder = "self", grades: np.ndarray | None = None) -> np.ndarray:
        """Each person's target: int64 millionths of the measure's unit by row of `people`, -1 where none is given.

        period_label: 2025-01, 2025-Q1, 2025-H1 or 2025, and no other period stands in for it. holder: "self", one's own target,
        or else that of one's grade; "team", that of one's team. grades: everybody's in that period, if not those of `people`.
        """
        found = np.full(len(self._people), NONE, dtype=np.int64)
        rows = self._rows.get((measure, period_label))
        if rows is None:
            return found
        table = self._targets.iloc[rows]
        values = table["value"].to_numpy()
        if holder == "team":
            return _by_group(table["team"], values, self._people["team"].to_numpy())
        found = _by_group(table["grade"], values, self._people["grade"].to_numpy() if grades is None else grades)
        own = self._own[rows]
        found[own[own >= 0]] = values[own >= 0]
        return found


def _by_group(names: pd.Series, values: np.ndarray, belongs: np.ndarray) -> np.ndarray:
    """The value of each person's group; -1 for who is in none, or in one without a value."""
    given = names.to_numpy() != ""
    index = pd.Index(names.to_numpy()[given])
    places = index.get_indexer(pd.Index(belongs)) if len(index) else np.full(len(belongs), -1)
    return np.where(places >= 0, values[given][places], NONE) if len(index) else np.full(len(belongs), NONE, dtype=np.int64)


__all__ = ["NONE", "GivenTargets", "Holder", "differential_rent", "group_sums", "mean_portfolios", "own_base", "portfolios_of"]
