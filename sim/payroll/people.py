"""The tables of people: who they are, what changes, and the organisation they belong to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sim.payroll.cells import restored, tidy
from sim.payroll.checks import InPost, month_name, month_number
from sim.payroll.dates import A_MONTH, parse_month
from sim.payroll.dictionary import value_words
from sim.payroll.entries import (AN_ID, HINTED, NO_DAY, column, days, empty, identity, known_or_own, nobody, one_of, plain_text, raw_text,
                                 refuse_again, rings, round_trip)  # fmt: skip
from sim.payroll.mistakes import Findings, Wrong
from sim.payroll.values import Coded, Sheet
from sim.reading import quoted


@dataclass(frozen=True)
class People:
    """The people as far as they could be read. known: whether it can be said who is among them."""

    frame: pd.DataFrame
    index: dict[str, int]
    post: InPost
    known: bool
    sheet: Sheet | None
    rows: np.ndarray  # of the frame, in the table

    def ids(self, who: np.ndarray) -> pd.Series:
        """The ids of people by their places."""
        return self.frame["person"].take(who).reset_index(drop=True)


def read_people(sheet: Sheet | None, findings: Findings) -> People:
    if sheet is None or "person" not in sheet.headers:
        return People(empty("people"), {}, InPost.always(0), False, sheet, np.empty(0, np.int64))
    names = sheet.read("name", raw_text, "")
    findings.names = frozenset(form for name in names.values if name for form in (name, tidy(name)) if len(form) > 1)
    ids = sheet.read("person", identity, expected=AN_ID)
    person = ids.rows_of()
    texts = {field: sheet.read(field, plain_text, "").rows_of() for field in ("outlet", "team", "grade")}
    (joined, _), (left, _) = (days(sheet, field) for field in ("joined", "left"))
    others = {field: sheet.read(field, identity, "").rows_of() for field in ("mentor", "supervisor")}

    known = ids.known()
    refuse_again(sheet, "person", ids.same(), lambda row: f"`{person[row]}`")
    index = {person[row]: row for row in np.flatnonzero(known)[::-1].tolist()}
    sheet.tell("left", np.flatnonzero(left < joined),
               lambda row: Wrong(f"{str(left[row])[:10]}, before the day of joining", f"{str(joined[row])[:10]} or later"))  # fmt: skip
    left = np.where(left < joined, NO_DAY, left)  # so that no month is out of post for it
    for field, given in others.items():
        strangers = np.array([bool(who) and who not in index for who in given], dtype=bool)
        sheet.tell(field, np.flatnonzero(strangers), lambda row, given=given: nobody("person", given[row], index))
        sheet.tell(field, np.flatnonzero(known & (given == person)), lambda _: Wrong("the person's own id", "another person's"))

    kept = np.array(sorted(index.values()), dtype=np.int64)
    columns = {"person": person, "name": names.rows_of(), **texts, "joined": joined, "left": left, **others}
    frame = pd.DataFrame({name: column(values[kept]) for name, values in columns.items()})
    places = {who: place for place, who in enumerate(frame["person"])}
    expected = "a supervisor who is not supervised by this person"
    _refuse_rings(sheet, "supervisor", frame["person"], frame["supervisor"], places, kept, expected)
    return People(frame, places, InPost.between(joined[kept], left[kept]), True, sheet, kept)


def _refuse_rings(sheet: Sheet, field: str, names: pd.Series | np.ndarray, above: pd.Series | np.ndarray, places: dict[str, int],
                  rows: np.ndarray, expected: str) -> list[int]:  # fmt: skip
    """Rings of two or more, each told at its first row; all the places in them."""
    after = np.array([places.get(name, -1) if name else -1 for name in above], dtype=np.int64)
    found = [ring for ring in rings(after) if len(ring) > 1]
    trips = {int(rows[ring[0]]): round_trip(names, ring) for ring in found}
    sheet.tell(field, np.array(list(trips), dtype=np.int64), lambda row: Wrong(f"a circle ({trips[row]})", expected))
    return [place for ring in found for place in ring]


def persons(sheet: Sheet, people: People) -> np.ndarray:
    """The column of persons as places among the people; -1 where nobody is given or known."""
    read = sheet.read("person", identity, expected=AN_ID)
    places = np.array([people.index.get(value, -1) if value else -1 for value in read.values], dtype=np.int64)
    if people.known:
        strange = np.array([bool(value) and value not in people.index for value in read.values], dtype=bool)
        sheet.tell("person", np.flatnonzero(strange[read.codes]), lambda row: nobody("person", read.values[read.codes[row]], people.index))
    return places[read.codes]


def months(sheet: Sheet) -> np.ndarray:
    """The column of months as numbers; -1 where one could not be read."""
    read = sheet.read("month", lambda text: month_number(parse_month(restored(text))), expected=A_MONTH)
    return np.array([-1 if value is None else value for value in read.values], dtype=np.int64)[read.codes]


# --- changes --------------------------------------------------------------------------------------------------------------


def read_changes(sheet: Sheet | None, people: People, findings: Findings) -> pd.DataFrame:
    """Sorted by person, in the order of people, and month."""
    if sheet is None:
        return empty("changes")
    who, month = persons(sheet, people), months(sheet)
    given = {"grade": sheet.read("grade", plain_text, ""), "state": sheet.read("state", lambda text: known_or_own("state", text), "")}
    people.post.check(sheet, who, month, people.frame)
    nothing = np.logical_and(*(_blank(read) for read in given.values()))
    sheet.tell("grade", np.flatnonzero(nothing), lambda _: Wrong("neither a grade nor a state", "at least one of them"))
    sound = (who >= 0) & (month >= 0)
    keys = np.where(sound, who * (month.max(initial=0) + 1) + month, -1 - np.arange(len(who)))
    refuse_again(sheet, "person", keys, lambda _: "this person and month")
    if findings:  # nobody will see the rest, but grades are needed to say which targets are for nobody
        return pd.DataFrame({"grade": [value for value in given["grade"].values if value]})
    order = np.lexsort((month, who))
    texts = {field: column(read.rows_of()[order]) for field, read in given.items()}
    named = np.array([month_name(each) for each in month[order]], dtype=object)
    return pd.DataFrame({"person": people.ids(who[order]), "month": column(named), **texts})


def _blank(read: Coded) -> np.ndarray:
    return np.array([value == "" for value in read.values], dtype=bool)[read.codes]


# --- organisation ---------------------------------------------------------------------------------------------------------


def read_organisation(sheet: Sheet | None, people: People, findings: Findings) -> pd.DataFrame:
    if sheet is None:
        return empty("organisation")
    units = sheet.read("unit", plain_text, expected="the name of a unit")
    unit, parent = units.rows_of(), sheet.read("parent", plain_text, "").rows_of()
    level = sheet.read("level", lambda text: one_of("level", restored(text)), expected="a level, such as outlet or sub_branch").rows_of()
    refuse_again(sheet, "unit", units.same(), lambda row: quoted(unit[row]))
    index = {unit[row]: row for row in np.flatnonzero(units.known())[::-1].tolist()}
    if "unit" in sheet.headers:
        strange = np.array([bool(name) and name not in index for name in parent], dtype=bool)
        sheet.tell("parent", np.flatnonzero(strange), lambda row: _no_unit(parent[row], index))
        own = units.known() & (unit == parent)
        sheet.tell("parent", np.flatnonzero(own), lambda _: Wrong("the unit itself", "another unit, or nothing at the top"))
        ringed = _refuse_rings(sheet, "parent", unit, parent, index, np.arange(len(unit)), "a parent that does not belong to this unit")
        _refuse_levels(sheet, parent, level, index, np.isin(np.arange(len(unit)), ringed) | own)
        if people.sheet is not None:
            outlet = people.frame["outlet"].to_numpy(dtype=object)
            lost = {int(people.rows[place]): outlet[place] for place in range(len(outlet)) if outlet[place] and outlet[place] not in index}
            people.sheet.tell("outlet", np.array(list(lost), dtype=np.int64), lambda row: _no_unit(lost[row], index))
    if findings:
        return empty("organisation")
    return pd.DataFrame({"unit": column(unit), "parent": column(parent), "level": column(level)})


def _no_unit(name: str, index: dict[str, int]) -> Wrong:
    near = (name, index) if len(index) <= HINTED else None
    return Wrong(f"{quoted(name)}, which is not in the table organisation", "a unit there", near=near)


def _refuse_levels(sheet: Sheet, parent: np.ndarray, level: np.ndarray, index: dict[str, int], told: np.ndarray) -> None:
    """A parent is of a higher level. told: rows of which more is said already."""
    rank = {name: place for place, name in enumerate(dict.fromkeys(value_words("level").values()))}

    def wrong(row: int) -> bool:
        above = level[index[parent[row]]] if parent[row] in index else None
        return not told[row] and above is not None and level[row] is not None and rank[above] <= rank[level[row]]
    rows = np.array([row for row in range(len(parent)) if wrong(row)], dtype=np.int64)
    sheet.tell("parent", rows, lambda row: Wrong(f"a parent of the level {level[index[parent[row]]]}", f"one of a higher level than {level[row]}"))
