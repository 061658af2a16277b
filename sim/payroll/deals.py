"""The table of deals: what was done, when, and who is credited with how much of it."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from sim.payroll.checks import duplicates
from sim.payroll.dictionary import known_measures
from sim.payroll.entries import AN_ID, amounts, column, days, empty, identity, known_or_own, refuse_again
from sim.payroll.measured import value_cells
from sim.payroll.mistakes import Findings, Wrong
from sim.payroll.numbers import SCALE
from sim.payroll.people import People, persons
from sim.payroll.values import BAD, BLANK, GOOD, Sheet

EVENTS = ("opened", "funded", "received")


def read_deals(sheet: Sheet | None, people: People, findings: Findings) -> pd.DataFrame:
    if sheet is None:
        return empty("deals")
    deal = sheet.read("deal", identity, expected=AN_ID)
    who = persons(sheet, people)
    share, given = amounts(sheet, "share")
    share = np.where(given == BLANK, SCALE, share)
    cells = value_cells(sheet)
    origin = sheet.read("origin", partial(known_or_own, "origin"), "")
    dates, read = zip(*(days(sheet, field) for field in (*EVENTS, "reversed")), strict=True)
    part, how = amounts(sheet, "reversed_share")
    _refuse_days(sheet, dates, read)
    back = ~np.isnat(dates[-1])
    lost = np.flatnonzero(~back & read[-1] & (how != BLANK))
    sheet.tell("reversed_share", lost, lambda _: Wrong("a share without the day of the reversal", "the day beside it"))
    part = np.where(back & (how == BLANK), SCALE, part)

    same = deal.same()
    sound = (same >= 0) & (who >= 0)
    keys = np.where(sound, same * (len(people.frame) + 1) + who, -1 - np.arange(len(who)))
    refuse_again(sheet, "person", keys, lambda _: "this deal and person")
    if not len(cells.row) and len(who):
        return empty("deals")  # without the columns of measure or value, which is told
    alike = {"measure": (cells.measure, cells.measure >= 0), "value": (cells.value, cells.state == GOOD),
             **{field: (when, ok) for field, when, ok in zip((*EVENTS, "reversed"), dates, read, strict=True)},
             "reversed_share": (part, how != BAD)}  # fmt: skip
    _refuse_unlike(sheet, same, alike)
    if findings:
        return empty("deals")
    names = np.array(cells.names, dtype=object)
    units = np.array([known_measures()[name].unit for name in cells.names], dtype=object)
    return pd.DataFrame({
        "deal": column(deal.rows_of()), "person": people.ids(who), "share": share, "measure": column(names[cells.measure]),
        "value": cells.value, "unit": column(units[cells.measure]), "origin": column(origin.rows_of()),
        **dict(zip((*EVENTS, "reversed"), dates, strict=True)), "reversed_share": part,
    })  # fmt: skip


def _refuse_days(sheet: Sheet, dates: tuple[np.ndarray, ...], read: tuple[np.ndarray, ...]) -> None:
    """At least one event, and a reversal not before the first of them."""
    earliest = np.fmin.reduce(dates[:3])
    none = np.isnat(earliest) & np.logical_and.reduce(read[:3])
    sheet.tell("opened", np.flatnonzero(none), lambda _: Wrong("no day", f"at least one of {', '.join(EVENTS[:-1])} and {EVENTS[-1]}"))
    early = np.flatnonzero(dates[-1] < earliest)
    sheet.tell("reversed", early,
               lambda row: Wrong(f"{str(dates[-1][row])[:10]}, before the deal's first day", f"{str(earliest[row])[:10]} or later"))  # fmt: skip


def _refuse_unlike(sheet: Sheet, same: np.ndarray, alike: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Rows of a deal that differ from its first in what is the deal's own. alike: values by field, and which of them could be read."""
    _, first = duplicates(same)
    for field, (values, known) in alike.items():
        plain = values.astype(np.int64)  # so that no day is like no day
        rows = np.flatnonzero((plain != plain[first]) & known & known[first])
        sheet.tell(field, rows, lambda row, field=field: Wrong(f"another {field.replace('_', ' ')} than in row {sheet.table.rows[first[row]]}",
                                                                "the same in every row of a deal"))  # fmt: skip
