"""Records made ready for payroll: everything by month and person, in arrays.

What a result is over a longer period is said in sim/payroll/derived.py, targets in sim/payroll/targets.py, deals in
sim/payroll/credits.py. Here they come together with days in post, service, grades and states, groups and supervision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from sim.errors import InputError, nearest
from sim.payroll.credits import Credits
from sim.payroll.derived import over_period, parts_of
from sim.payroll.entries import rings, round_trip
from sim.payroll.records import Records
from sim.payroll.targets import GivenTargets, group_sums, portfolios_of
from sim.policy.exact import LARGEST, SCALE
from sim.policy.rational import Exact
from sim.policy.schema import MONTHS_OF, Policy

NOBODY = -1
LONG_AGO = 10_000                         # months of service of somebody whose first day is not recorded


class Groups(NamedTuple):
    """Who is paid together: people with the same number, in the order of people. Somebody alone has a number of their own."""

    team: np.ndarray
    pair: np.ndarray


class Span(NamedTuple):
    """Months first to last (places, both counted) of a period. label: the whole period's. months: of the whole period.

    so_far: months of the period that have passed, those before the records too.
    """

    first: int
    last: int
    label: str
    months: int
    so_far: int


@dataclass(frozen=True)
class Book:
    """A bank's records for one policy.

    people: ids. months: of the records. days: calendar days of each. values: by measure, int64 months x people in millionths.
    posts, post_days: whether and for how many days in post. service: month of service, 1 in the first; LONG_AGO where the first day
    is not recorded. whole_first_month: whether somebody joined on the first of a month. grades, states: text by month and person.
    supervisors: row numbers, -1 for nobody; None where the records do not say.
    """

    policy: Policy
    people: pd.Index
    months: pd.PeriodIndex
    days: np.ndarray
    values: dict[str, np.ndarray]
    posts: np.ndarray
    post_days: np.ndarray
    service: np.ndarray
    whole_first_month: np.ndarray
    grades: np.ndarray
    states: np.ndarray
    groups: Groups
    outlets: np.ndarray
    supervisors: np.ndarray | None
    targets: GivenTargets
    portfolios: Mapping[str, np.ndarray]
    credits: Credits
    adjustments: pd.DataFrame
    _cache: dict[tuple[object, ...], Exact] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.people)

    def month_number(self, month: int) -> int:
        """1 to 12."""
        return int(self.months[month].month)

    def span(self, period: str, month: int) -> Span:
        """The period that a month lies in, up to and with that month."""
        length = MONTHS_OF[period]
        passed = (self.month_number(month) - 1) % length + 1
        return Span(max(0, month + 1 - passed), month, period_label(self.months[month], period), length, passed)

    def start(self, span: Span) -> int:
        """The place of the first month of the whole period; below 0 where the records begin later."""
        return span.last - (self.month_number(span.last) - 1) % span.months

    def result(self, measure: str, first: int, last: int) -> Exact:
        """Everybody's result over some months, in the measure's unit; months out of post do not count."""
        key = (measure, first, last)
        if key not in self._cache:
            self._need(measure)
            self._cache[key] = over_period(self.values, measure, first, last, self.days, self.posts)
        return self._cache[key]

    def forget(self) -> None:
        """Drop what was worked out for one month."""
        self._cache.clear()

    def unrecorded(self, measure: str) -> list[str]:
        """The parts of a measure, or itself, that the records lack."""
        if measure in self.values:
            return []
        return [part.measure for part in parts_of(measure) if part.measure not in self.values and part.measure not in _BUILT_IN]

    def _need(self, measure: str) -> None:
        """Results that follow from the days of joining are worked out when they are first read."""
        for part in parts_of(measure):
            if part.measure not in self.values and part.measure in _BUILT_IN:
                self.values[part.measure] = _BUILT_IN[part.measure](self)


def _service_months(book: Book) -> np.ndarray:
    """Completed months of service at the month's end."""
    unknown = (book.service == LONG_AGO) & book.posts
    if unknown.any():
        who = book.people[int(unknown.any(axis=0).argmax())]
        raise InputError("people", who, "joined", found="nothing", expected="the first day in post, as pay goes by length of service")
    return np.where(book.posts, book.service - ~book.whole_first_month, 0).astype(np.int64) * SCALE


_BUILT_IN = {
    "people": lambda book: book.posts.astype(np.int64) * SCALE,
    "service_months": _service_months,
    "service_years": lambda book: _service_months(book) // SCALE // 12 * SCALE,
}


def book_of(policy: Policy, records: Records, groups: Groups | None = None) -> Book:
    """The book of some records. Errors: InputError where they do not tell what the policy pays by."""
    people = records.people
    ids = pd.Index(people["person"])
    if not ids.is_unique:
        raise InputError("people", "person", found=f"`{ids[ids.duplicated()][0]}` a second time", expected="one row a person")
    measures = records.measures
    deals = records.deals if records.deals is not None else pd.DataFrame()
    if not len(measures) and not len(deals):
        raise InputError("measures", found="no rows", expected="results of at least one month")
    ordinals = _ordinals(measures)
    credits = Credits.of(deals, ids, policy)
    known = [*ordinals[[ordinals.argmin(), ordinals.argmax()]].tolist(), *credits.span(False)] if len(ordinals) else credits.span(True)
    if not known:
        raise InputError("deals", found="none that the policy credits", expected="one, or results in the table measures")
    months = pd.period_range(pd.Period(ordinal=min(known), freq="M"), pd.Period(ordinal=max(known), freq="M"), freq="M")
    values = _values(measures, ordinals - min(known), ids, len(months))
    for name, rows in credits.values(min(known), len(months), len(ids)).items():
        if name in values:
            raise InputError("deals", "measure", found=f"`{name}`, which the table measures has as well", expected="each measure in one of the two")
        values[name] = rows
    _check_sums(values)
    calendar = np.array(months.strftime("%Y-%m").to_numpy(), dtype="datetime64[M]")
    joined, left = (_days_of(people, name) for name in ("joined", "left"))
    post_days = _post_days(calendar, joined, left)
    started = np.where(np.isnat(joined), np.datetime64("1970-01"), joined.astype("datetime64[M]"))
    service = (calendar[:, None] - started.astype("datetime64[M]")[None, :]).astype(np.int64) + 1
    service = np.where(np.isnat(joined)[None, :], LONG_AGO, service)
    grades, states = _over_time(records, ids, months)
    return Book(policy, ids, months, months.days_in_month.to_numpy().astype(np.int64), values, post_days > 0, post_days, service,
                joined == joined.astype("datetime64[M]").astype("datetime64[D]"), grades, states, groups or groups_of(policy, people),
                _texts(people, "outlet"), _supervisors(people, ids), GivenTargets(records.targets, people),
                {by: portfolios_of(records.portfolios, people, by) for by in ("balance", "count")}, credits, records.adjustments)


def period_label(month: pd.Period, period: str) -> str:
    """2025-01, 2025-Q1, 2025-H1 or 2025."""
    match period:
        case "month":
            return f"{month.year}-{month.month:02d}"
        case "quarter":
            return f"{month.year}-Q{month.quarter}"
        case "half_year":
            return f"{month.year}-H{1 if month.month <= 6 else 2}"
    return f"{month.year}"


# --- reading the records ----------------------------------------------------------------------------------------------


def _ordinals(measures: pd.DataFrame) -> np.ndarray:
    """The month of each row of measures, as pandas numbers months."""
    if not len(measures):
        return np.zeros(0, dtype=np.int64)
    if measures["value"].dtype != np.int64:
        raise TypeError("values must be int64, in millionths of their unit")
    for column in ("person", "month", "measure"):
        if measures[column].isna().any():
            raise InputError("measures", column, found="an empty cell", expected="a value in every row")
    month = pd.Categorical(measures["month"])
    return pd.PeriodIndex(month.categories.astype(str), freq="M").asi8[month.codes]


def _values(measures: pd.DataFrame, months: np.ndarray, ids: pd.Index, length: int) -> dict[str, np.ndarray]:
    if not len(measures):
        return {}
    person, names = codes_of(measures["person"], ids, "measures"), pd.Categorical(measures["measure"])
    found = {}
    for place, name in enumerate(names.categories):
        rows = np.flatnonzero(names.codes == place)
        if len(rows):
            found[str(name)] = np.zeros((length, len(ids)), dtype=np.int64)
            np.add.at(found[str(name)], (months[rows], person[rows]), measures["value"].to_numpy()[rows])
    return found


def codes_of(column: pd.Series, ids: pd.Index, table: str) -> np.ndarray:
    """Row numbers of people."""
    cat = pd.Categorical(column)
    places = ids.get_indexer(cat.categories)
    if len(unknown := cat.categories[(places < 0) & np.isin(np.arange(len(places)), cat.codes)]):
        raise InputError(table, "person", found=f"`{unknown[0]}`", expected="somebody listed in people", hint=nearest(str(unknown[0]), ids[:2000]))
    return places[cat.codes]


def _check_sums(values: Mapping[str, np.ndarray]) -> None:
    for name, rows in values.items():
        if np.abs(rows.astype(float)).sum(axis=0).max(initial=0) > LARGEST / 2:
            raise InputError("measures", name, found="results too large to add up", expected=f"less than {LARGEST // SCALE // 2} of one person")


def _days_of(people: pd.DataFrame, name: str) -> np.ndarray:
    if name not in people:
        return np.full(len(people), np.datetime64("NaT"), dtype="datetime64[D]")
    return people[name].to_numpy().astype("datetime64[D]")


def _post_days(calendar: np.ndarray, joined: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Days of each month in post; a date not given is no limit."""
    begin, end = calendar.astype("datetime64[D]")[:, None], (calendar + 1).astype("datetime64[D]")[:, None]
    first = np.where(np.isnat(joined)[None, :], begin, np.maximum(joined[None, :], begin))
    last = np.where(np.isnat(left)[None, :], end, np.minimum(left[None, :] + 1, end))
    return np.maximum((last - first).astype(np.int64), 0)


def _texts(people: pd.DataFrame, name: str) -> np.ndarray:
    return (people[name].fillna("").astype(str) if name in people else pd.Series("", index=people.index)).to_numpy(dtype=object)


def _over_time(records: Records, ids: pd.Index, months: pd.PeriodIndex) -> tuple[np.ndarray, np.ndarray]:
    """Everybody's grade and state by month: as listed in people, and from each month of the table of changes on as said there."""
    grades = np.tile(_texts(records.people, "grade"), (len(months), 1))
    states = np.full(grades.shape, "", dtype=object)
    changes = records.changes
    if changes is None or not len(changes):
        return grades, states
    rows = codes_of(changes["person"], ids, "changes")
    starts = pd.PeriodIndex(changes["month"].astype(str), freq="M").asi8 - months[0].ordinal
    for place in np.argsort(starts, kind="stable"):
        first = max(0, int(starts[place]))
        if first >= len(months):
            continue
        who, grade, state = rows[place], changes["grade"].iloc[place], changes["state"].iloc[place]
        if grade:
            grades[first:, who] = grade
        if state:
            states[first:, who] = "" if state == "normal" else state
    return grades, states


def _supervisors(people: pd.DataFrame, ids: pd.Index) -> np.ndarray | None:
    """The row of each one's supervisor, -1 for nobody."""
    if "supervisor" not in people:
        return None
    names = _texts(people, "supervisor")
    places = ids.get_indexer(names)
    if (lost := (places < 0) & (names != "")).any():
        row = int(lost.argmax())
        raise InputError("people", ids[row], "supervisor", found=f"`{names[row]}`", expected="somebody listed in people")
    if circles := rings(places):
        raise InputError("people", ids[circles[0][0]], "supervisor", found=f"{round_trip(ids, circles[0])}, who stand above one another in a circle",
                         expected="somebody who is above nobody further up")
    return places


def groups_of(policy: Policy, people: pd.DataFrame) -> Groups:
    """Teams by the team column, pairs by the mentor column, as far as the policy pays by them."""
    pay = [element for override in [(), *((place,) for place in range(len(policy.overrides)))] for element in policy.pay_with(override).items()]
    teams = [name for name, element in pay if element.payee == "team" or element.credit and element.credit.rule == "overlay"]
    team, pair = np.full(len(people), NOBODY), np.arange(len(people))
    if teams:
        team = _teams(people, teams[0])
    if any(element.payee == "pair" for _, element in pay) or policy.practices.mentor_pairing.bundled:
        pair = _pairs(people)
    return Groups(team, pair)


def _teams(people: pd.DataFrame, element: str) -> np.ndarray:
    names = _texts(people, "team")
    if (without := names == "").any():
        raise InputError("people", people["person"].iloc[int(without.argmax())], "team", found="nothing",
                         expected=f"a team, as pay.{element} pays teams")
    return pd.factorize(names)[0]


def _pairs(people: pd.DataFrame) -> np.ndarray:
    """Each mentee with the mentor; everybody else alone."""
    pair = np.arange(len(people))
    ids, mentors = pd.Index(people["person"]), _texts(people, "mentor")
    mentees = np.flatnonzero(mentors != "")
    places = ids.get_indexer(mentors[mentees])
    used: set[int] = set()
    for mentee, mentor in zip(mentees.tolist(), places.tolist(), strict=True):
        if mentor < 0:
            raise InputError("people", ids[mentee], "mentor", found=f"`{mentors[mentee]}`", expected="somebody listed in people")
        if twice := [ids[row] for row in (mentee, mentor) if row in used] or [ids[mentee]] * (mentee == mentor):
            raise InputError("people", ids[mentee], "mentor", found=f"`{twice[0]}` in a second pair", expected="each in one pair only")
        used |= {mentee, mentor}
        pair[mentee] = pair[mentor] = min(mentee, mentor)
    return pair


def one_denominator(numbers: Exact) -> Exact:
    """The same fractions over one denominator, so that they can be added up across people."""
    if isinstance(numbers.d, int):
        return numbers
    if not len(numbers):
        return Exact(numbers.n)
    different = np.unique(numbers.d)
    common = int(np.lcm.reduce(different.astype(object)))
    times = np.array([common // int(d) for d in different], dtype=object)
    small = numbers.n.dtype != object and int(np.abs(numbers.n).max()) * int(times[0]) <= LARGEST
    n, times = (numbers.n, times.astype(np.int64)) if small else (numbers.n.astype(object), times)
    return Exact(n * times[np.searchsorted(different, numbers.d)], common)


def summed_by(numbers: Exact, group: np.ndarray, groups: int) -> Exact:
    """Sums by group; people of group -1 count nowhere."""
    numbers = one_denominator(numbers)
    return Exact(group_sums(numbers.n, group, groups), numbers.d)


__all__ = ["LONG_AGO", "NOBODY", "Book", "Groups", "Span", "book_of", "codes_of", "groups_of", "one_denominator", "period_label", "summed_by"]
