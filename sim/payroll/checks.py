"""Checks across rows: twice the same, months out of post, months that are missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sim.payroll.mistakes import KEPT, Wrong
from sim.payroll.values import BLANK, Sheet

FOR_EVER = 10**6  # a month's number beyond any that can be read
FEW = 3  # so many people without a month are named one by one


def month_number(month: str) -> int:
    """2025-01 as a number that counts months."""
    return int(month[:4]) * 12 + int(month[5:]) - 1


def month_name(number: int) -> str:
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def duplicates(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The places of keys that came before, and for every place that of the first such key."""
    codes, _ = pd.factorize(keys)
    first = np.full(codes.max(initial=-1) + 1, len(keys))
    np.minimum.at(first, codes, np.arange(len(keys)))
    return np.flatnonzero(first[codes] != np.arange(len(keys))), first[codes]


@dataclass(frozen=True)
class InPost:
    """The first and last month in post by person, as numbers of months."""

    first: np.ndarray
    last: np.ndarray

    @classmethod
    def always(cls, people: int) -> InPost:
        return cls(np.full(people, -FOR_EVER), np.full(people, FOR_EVER))

    @classmethod
    def between(cls, joined: np.ndarray, left: np.ndarray) -> InPost:
        """From days; NaT is no bound."""
        def numbers(days: np.ndarray, none: int) -> np.ndarray:
            months = days.astype("datetime64[M]").astype(np.int64) + 1970 * 12
            return np.where(np.isnat(days), none, months)
        return cls(numbers(joined, -FOR_EVER), numbers(left, FOR_EVER))

    def check(self, sheet: Sheet, who: np.ndarray, month: np.ndarray, people: pd.DataFrame) -> None:
        """Rows before somebody joined or after they left are mistakes."""
        sound = (who >= 0) & (month >= 0)
        place = np.where(sound, who, 0)
        if not len(self.first):
            return
        ids = people["person"]
        for bound, out, happened, limit in ((self.first, np.less, "before {} joined", "{} or later"), (self.last, np.greater, "after {} left", "{} or earlier")):
            def tell(row: int, bound: np.ndarray = bound, happened: str = happened, limit: str = limit) -> Wrong:
                return Wrong(f"{month_name(month[row])}, {happened.format(ids[who[row]])}", limit.format(month_name(bound[who[row]])))
            sheet.tell("month", np.flatnonzero(sound & out(month, bound[place])), tell)


def missing_months(sheet: Sheet, people_sheet: Sheet | None, people_rows: np.ndarray, people: pd.DataFrame, post: InPost,
                   who: np.ndarray, month: np.ndarray, cells: Any, sound: np.ndarray) -> None:  # fmt: skip
    """Each person has, for each measure recorded of them, a row for every month of the records in which they were in post.

    Months that most people lack are told once, not person by person. People of whom a month could not be read are left out.
    """
    given = month[month >= 0]
    if not len(given) or not len(people):
        return
    low, high = int(given.min()), int(given.max())
    months = np.arange(low, high + 1)
    doubtful = np.zeros(len(people), dtype=bool)
    doubtful[who[(month < 0) & (who >= 0)]] = True
    doubtful[who[cells.row[(cells.measure < 0) & (who[cells.row] >= 0)]]] = True
    in_post = (post.first[:, None] <= months) & (months <= post.last[:, None])
    there = np.zeros((len(people), len(months)), dtype=bool)
    rows_there = (who >= 0) & (month >= 0)
    there[who[rows_there], month[rows_there] - low] = True

    known = ~doubtful & in_post.any(axis=1)
    silent = np.flatnonzero(known & ~there.any(axis=1))
    if people_sheet is not None:
        wrong = Wrong("somebody of whom the measures have no row", "a row for each month in post: 0 where there was nothing")
        people_sheet.tell("person", people_rows[silent], lambda _: wrong)
    known[silent] = False
    wanted = in_post & known[:, None]
    common = _common_gaps(sheet, months, wanted.sum(axis=0), (wanted & ~there).sum(axis=0))

    for kind in np.unique(cells.measure[sound]).tolist():
        here = sound & (cells.measure == kind)
        people_here, months_here = who[cells.row[here]], month[cells.row[here]] - low
        filled = cells.state[here] != BLANK
        seen = np.zeros_like(there)
        seen[people_here[filled], months_here[filled]] = True
        gaps = wanted & ~seen & seen.any(axis=1)[:, None] & ~common
        if gaps.any():
            _tell_gaps(sheet, gaps, low, people["person"], cells, here, who, month, kind)


def _common_gaps(sheet: Sheet, months: np.ndarray, wanted: np.ndarray, lacking: np.ndarray) -> np.ndarray:
    """Months that nobody or hardly anybody has, told in one sentence for each stretch of them; which they are."""
    common = (lacking > 0) & ((lacking == wanted) | (lacking > np.maximum(FEW, wanted / 2)))
    span = f"{month_name(int(months[0]))} to {month_name(int(months[-1]))}"
    place = 0
    while place < len(months):
        end = place + 1
        if common[place]:
            while end < len(months) and common[end] and lacking[end] == wanted[end] and lacking[place] == wanted[place]:
                end += 1
            here = f"for {month_name(int(months[place]))}" + (f" to {month_name(int(months[end - 1]))}" if end - place > 1 else "")
            few = int(wanted[place] - lacking[place])
            found = f"rows of {few:,} in {int(wanted[place]):,} people {here}" if few else f"no row {here}"
            sheet.findings.about(sheet.table, sheet.header("month"), Wrong(found, f"rows of everybody in post for each month from {span}"))
        place = end
    return common


def _tell_gaps(sheet: Sheet, gaps: np.ndarray, low: int, ids: pd.Series, cells: Any, here: np.ndarray, who: np.ndarray,
               month: np.ndarray, kind: int) -> None:  # fmt: skip
    """Each gap of a measure, at the row if there is one with an empty cell."""
    name = cells.names[kind]
    blank = np.flatnonzero(here & (cells.state == BLANK))
    blank = blank[gaps[who[cells.row[blank]], month[cells.row[blank]] - low]]
    for place in blank[:KEPT].tolist():
        row = int(cells.row[place])
        header = sheet.table.headers[int(cells.header[place])]
        sheet.findings.about(sheet.table, header, Wrong("nothing", f"{name} of {ids[who[row]]} for {month_name(month[row])}, as for other months: 0 if there was nothing"),
                             int(sheet.table.rows[row]))  # fmt: skip
    gaps = gaps.copy()
    gaps[who[cells.row[blank]], month[cells.row[blank]] - low] = False
    for person, place in np.argwhere(gaps)[:KEPT].tolist():
        found = f"no {name} of {ids[person]} for {month_name(low + place)}"
        sheet.findings.about(sheet.table, sheet.header("month"), Wrong(found, "a row for each month in post: 0 if there was nothing"))
