"""A bank's records as five checked tables.

Every number column is int64 in millionths of its unit (`SCALE` = 1,000,000), so that sums are exact: 200.50 CNY is 200_500_000.
`exact(value)` gives the Decimal. Text that was not given is "", a date not given NaT.

people       person, name, outlet, team, grade, joined, left, mentor
             One row a person, in the order of the file. person and mentor are ids (str), joined and left datetime64[s].
measures     person, month, measure, value, unit, provenance
             One row for each person, month and measure, sorted by them. All but value are categorical: the categories of
             person are the ids of `people` in its order (so `measures.person.cat.codes` are row numbers of `people`), those
             of month are 'YYYY-MM' in order of time, those of measure the names found, in alphabetical order. unit is the
             unit of the data dictionary (CNY, never ten thousand CNY; a share, never per cent); provenance is measured,
             derived or typed.
targets      person, team, grade, period, measure, value, unit
             Exactly one of person, team, grade is given. period: 2025-01, 2025-Q1, 2025-H1 or 2025. value is never negative.
portfolios   person, group, count, balance
             Customers of a group held by a person: their number, and their balance in CNY.
adjustments  person, month, amount, reason
             Amounts in CNY, whole fen, of either sign; the month may lie after leaving.

Only people and measures must be given; the others are then empty frames with the same columns. Each person has, for each measure
that is recorded of them, a row for every month of the records in which they were in post.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.payroll.cells import key, restored, shown, tidy
from sim.payroll.checks import InPost, duplicates, missing_months, month_name, month_number
from sim.payroll.dates import A_MONTH, A_PERIOD, parse_day, parse_month, parse_period
from sim.payroll.dictionary import LANGUAGES, Measure, forms, known_measures, measure_words, provenance_words
from sim.payroll.mistakes import Findings, Wrong
from sim.payroll.numbers import SCALE, parse_unit
from sim.payroll.tables import read_tables
from sim.payroll.values import BAD, BLANK, GOOD, Sheet
from sim.reading import quoted

MOST_LETTERS = 200  # of an id, a name or another text in a cell
AN_ID = "an id of letters and digits"
HINTED = 2000  # so many ids at most are compared with a misspelt one: it takes time


@dataclass(frozen=True)
class Records:
    """A bank's records; the module says what each frame holds."""

    people: pd.DataFrame
    measures: pd.DataFrame
    targets: pd.DataFrame
    portfolios: pd.DataFrame
    adjustments: pd.DataFrame

    @property
    def months(self) -> tuple[str, ...]:
        """The months with measures, in order of time."""
        return tuple(self.measures["month"].cat.categories)


def read_records(path: str | Path) -> Records:
    """The records in a folder of CSV files or in an Excel workbook, or a `RecordsError` with everything that is wrong in them."""
    findings = Findings()
    tables = read_tables(path, findings)
    sheets = {name: Sheet(table, forms()[name], findings, name in ("measures", "targets")) for name, table in tables.items()}
    people = _people(sheets.get("people"), findings)
    frames = {
        "measures": _measures(sheets.get("measures"), people, findings),
        "targets": _targets(sheets.get("targets"), people, findings),
        "portfolios": _portfolios(sheets.get("portfolios"), people, findings),
        "adjustments": _adjustments(sheets.get("adjustments"), people, findings),
    }
    if findings:
        raise findings.error()
    return Records(people.frame, **frames)


# --- people ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _People:
    """The people as far as they could be read. known: whether it can be said who is among them."""

    frame: pd.DataFrame
    index: dict[str, int]
    post: InPost
    known: bool
    sheet: Sheet | None
    rows: np.ndarray  # of the frame, in the table


def _people(sheet: Sheet | None, findings: Findings) -> _People:
    empty = _frame("people", 0)
    if sheet is None or "person" not in sheet.headers:
        return _People(empty, {}, InPost.always(0), False, sheet, np.empty(0, np.int64))
    names = sheet.read("name", _raw_text, "")
    findings.names = frozenset(form for name in names.values if name for form in (name, tidy(name)) if len(form) > 1)
    ids = sheet.read("person", _id, expected=AN_ID)
    person = ids.rows_of()
    texts = {field: sheet.read(field, _text, "").rows_of() for field in ("outlet", "team", "grade")}
    joined, left = (_days(sheet, field) for field in ("joined", "left"))
    mentor = sheet.read("mentor", _id, "").rows_of()

    known = ids.known()
    again, first = duplicates(np.where(known, ids.codes, -1 - np.arange(len(person))))
    sheet.tell("person", again, lambda row: Wrong(f"`{person[row]}` a second time", f"one row each; the first is row {sheet.table.rows[first[row]]}"))
    index = {person[row]: row for row in np.flatnonzero(known)[::-1].tolist()}
    sheet.tell("left", np.flatnonzero(left < joined), lambda row: Wrong(f"{str(left[row])[:10]}, before the day of joining", f"{str(joined[row])[:10]} or later"))
    left = np.where(left < joined, np.datetime64("NaT", "s"), left)  # so that no month is out of post for it
    strangers = np.array([bool(who) and who not in index for who in mentor], dtype=bool)
    sheet.tell("mentor", np.flatnonzero(strangers), lambda row: _stranger(mentor[row], index, sheet))
    sheet.tell("mentor", np.flatnonzero(known & (mentor == person)), lambda _: Wrong("the person's own id", "another person's"))

    kept = np.array(sorted(index.values()), dtype=np.int64)
    columns = {"person": person, "name": names.rows_of(), **texts, "joined": joined, "left": left, "mentor": mentor}
    frame = pd.DataFrame({name: _column(values[kept]) for name, values in columns.items()})
    places = {who: place for place, who in enumerate(frame["person"])}
    return _People(frame, places, InPost.between(joined[kept], left[kept]), True, sheet, kept)


def _days(sheet: Sheet, field: str) -> np.ndarray:
    """A column of days; NaT where it is empty or could not be read."""
    nat = np.datetime64("NaT", "s")
    read = sheet.read(field, lambda text: np.datetime64(parse_day(restored(text)), "s"), nat)
    return np.array([nat if value is None else value for value in read.values], dtype="datetime64[s]")[read.codes]


def _stranger(who: str, index: dict[str, int], people: Sheet) -> Wrong:
    near = (who, index) if len(index) <= HINTED else None
    return Wrong(f"{quoted(who)}, who is not in the table {people.form.name}", "the id of somebody there", near=near)


def _who(sheet: Sheet, people: _People, blank: str | None = None) -> np.ndarray:
    """The column of persons as row numbers of the people; -1 where nobody is given or known."""
    read = sheet.read("person", _id, blank, AN_ID)
    places = np.array([people.index.get(value, -1) if value else -1 for value in read.values], dtype=np.int64)
    if people.known and people.sheet is not None:
        strange = np.array([bool(value) and value not in people.index for value in read.values], dtype=bool)
        home = people.sheet
        sheet.tell("person", np.flatnonzero(strange[read.codes]), lambda row: _stranger(read.values[read.codes[row]], people.index, home))
    return places[read.codes]


# --- measures -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Values:
    """Cells of measures: their row in the table, header, measure (its place in `names`), value and state."""

    row: np.ndarray
    header: np.ndarray  # place in the table
    measure: np.ndarray
    value: np.ndarray
    state: np.ndarray
    names: list[str]


def _cells(sheet: Sheet, least: float | None = None) -> _Values:
    """The values of a table with measures, whether they stand in one column or in one for each measure.

    least: a bound that goes before those of the dictionary.
    """
    names = list(known_measures())
    specs = [_bounded(known_measures()[name], least) for name in names]
    length = len(sheet.table)
    if sheet.measures:
        parts = []
        for name, header in sheet.measures.items():
            kind = names.index(name)
            value, state = sheet.numbers(header, specs, np.full(length, kind))
            parts.append((np.arange(length), np.full(length, sheet.table.place_of(header)), np.full(length, kind), value, state))
        return _Values(*(np.concatenate(columns) for columns in zip(*parts, strict=True)), names)
    if "value" not in sheet.headers or "measure" not in sheet.headers:
        none = np.empty(0, np.int64)
        return _Values(none, none, none, none, none, names)
    read = sheet.read("measure", _measure, expected="a measure of the data dictionary")
    which = np.array([-1 if value is None else names.index(value) for value in read.values], dtype=np.int64)[read.codes]
    units = sheet.read("unit", lambda text: parse_unit(text), "") if "unit" in sheet.headers else None
    value, state = sheet.numbers(sheet.headers["value"], specs, which, units)
    sheet.tell("value", np.flatnonzero(state == BLANK), lambda _: Wrong("nothing", "a number, 0 if there was nothing"))
    state[state == BLANK] = BAD
    place = np.full(length, sheet.table.place_of(sheet.headers["value"]))
    return _Values(np.arange(length), place, which, value, state, names)


def _bounded(spec: Measure, least: float | None) -> Measure:
    return spec if least is None else Measure(spec.name, spec.unit, spec.label, spec.about, spec.words, least, None)


def _measures(sheet: Sheet | None, people: _People, findings: Findings) -> pd.DataFrame:
    if sheet is None:
        return _frame("measures", 0)
    who = _who(sheet, people)
    months = sheet.read("month", lambda text: month_number(parse_month(restored(text))), expected=A_MONTH)
    month = np.array([-1 if value is None else value for value in months.values], dtype=np.int64)[months.codes]
    provenance = sheet.read("provenance", _provenance, "measured")
    cells = _cells(sheet)
    if "person" not in sheet.headers or "month" not in sheet.headers or not len(cells.row):
        return _frame("measures", 0)

    people.post.check(sheet, who, month, people.frame)
    kinds = max(1, len(cells.names))
    span = month[month >= 0]
    low, high = (int(span.min()), int(span.max())) if len(span) else (0, 0)
    keys = ((who[cells.row] * (high - low + 1)) + month[cells.row] - low) * kinds + cells.measure
    sound = (who[cells.row] >= 0) & (month[cells.row] >= 0) & (cells.measure >= 0)
    _refuse_twice(sheet, cells, np.where(sound, keys, -1 - np.arange(len(keys))))
    if people.known:
        missing_months(sheet, people.sheet, people.rows, people.frame, people.post, who, month, cells, sound)
    if findings:
        return _frame("measures", 0)

    good = np.flatnonzero(cells.state == GOOD)
    good = good[np.argsort(keys[good], kind="stable")]
    rows = cells.row[good]
    present = sorted(set(month[rows].tolist()))
    used = sorted({cells.names[kind] for kind in np.unique(cells.measure[good]).tolist()})
    measure = np.array([used.index(name) if name in used else -1 for name in cells.names])[cells.measure[good]]
    order = np.lexsort((measure, month[rows], who[rows]))  # names in alphabetical order rather than in the dictionary's
    good, rows, measure = good[order], rows[order], measure[order]
    units = sorted({known_measures()[name].unit for name in used})
    unit = np.array([units.index(known_measures()[name].unit) for name in used])[measure]
    sources = ["measured", "derived", "typed"]
    source = np.array([sources.index(value) for value in provenance.values])[provenance.codes[rows]]
    return pd.DataFrame({
        "person": pd.Categorical.from_codes(who[rows], people.frame["person"].tolist()),
        "month": pd.Categorical.from_codes(np.searchsorted(present, month[rows]), [month_name(each) for each in present], ordered=True),
        "measure": pd.Categorical.from_codes(measure, used),
        "value": cells.value[good],
        "unit": pd.Categorical.from_codes(unit, units),
        "provenance": pd.Categorical.from_codes(source, sources),
    })  # fmt: skip


def _refuse_twice(sheet: Sheet, cells: _Values, keys: np.ndarray) -> None:
    """The same person, month and measure in two rows. Of several measures in one row the first is named."""
    given = np.flatnonzero(cells.state != BLANK)
    again, first = duplicates(keys[given])
    told: set[int] = set()
    for place in again.tolist():
        row, before = int(cells.row[given[place]]), int(cells.row[given[first[place]]])
        if row not in told:
            told.add(row)
            wrong = Wrong("this person, month and measure a second time", f"one row each; the first is row {sheet.table.rows[before]}")
            sheet.findings.at(sheet.table, sheet.header("person"), np.array([row]), lambda _, wrong=wrong: wrong)


# --- the other tables -----------------------------------------------------------------------------------------------------


def _targets(sheet: Sheet | None, people: _People, findings: Findings) -> pd.DataFrame:
    if sheet is None:
        return _frame("targets", 0)
    holders = {"person": sheet.read("person", _id, "", AN_ID), **{field: sheet.read(field, _text, "") for field in ("team", "grade")}}
    texts = {field: read.rows_of() for field, read in holders.items()}
    given = sum((np.array([bool(value) or value is None for value in read.values])[read.codes].astype(int) for read in holders.values()), np.int64(0))
    none_or_many = np.flatnonzero(given != 1)
    expected = "exactly one of person, team and grade"
    sheet.tell("person", none_or_many, lambda row: Wrong("no holder of the target" if not given[row] else "more than one holder of the target", expected))
    if people.known:
        for field, values in texts.items():
            known = {value: place for place, value in enumerate(people.frame[field]) if value}
            strange = np.flatnonzero(np.array([bool(value) and value not in known for value in values], dtype=bool))
            sheet.tell(field, strange, lambda row, field=field, values=values, known=known: _nobody(field, values[row], known))
    period = sheet.read("period", lambda text: parse_period(restored(text)), expected=A_PERIOD)
    cells = _cells(sheet, least=0)
    if findings or not len(cells.row):
        periods = period.codes
    else:
        periods = np.unique(np.array(period.values, dtype=object).astype(str), return_inverse=True)[1][period.codes]
    keys = pd.DataFrame({**{field: values[cells.row] for field, values in texts.items()}, "period": periods[cells.row], "measure": cells.measure})
    sound = np.flatnonzero((cells.state != BLANK) & (cells.measure >= 0))
    again, first = duplicates(keys.iloc[sound].groupby(list(keys.columns), sort=False, dropna=False).ngroup().to_numpy())
    for place in again.tolist():
        before = sheet.table.rows[cells.row[sound[first[place]]]]
        wrong = Wrong("a second target of the same holder, period and measure", f"one; the first is in row {before}")
        sheet.findings.at(sheet.table, sheet.table.headers[int(cells.header[sound[place]])], cells.row[sound[place : place + 1]], lambda _, wrong=wrong: wrong)
    if findings:
        return _frame("targets", 0)
    good = np.flatnonzero(cells.state == GOOD)
    good = good[np.lexsort((cells.measure[good], cells.row[good]))]
    rows, names = cells.row[good], np.array(cells.names, dtype=object)[cells.measure[good]]
    units = np.array([known_measures()[name].unit for name in names], dtype=object)
    found = {**{field: values[rows] for field, values in texts.items()}, "period": period.rows_of()[rows], "measure": names,
             "value": cells.value[good], "unit": units}  # fmt: skip
    return pd.DataFrame({name: _column(values) for name, values in found.items()})


def _nobody(field: str, value: str, known: dict[str, int]) -> Wrong:
    near = (value, known) if len(known) <= HINTED else None
    if field == "person":
        return Wrong(f"{quoted(value)}, who is not in the table people", "the id of somebody there", near=near)
    return Wrong(f"the {field} {quoted(value)}, which nobody in the table people has", f"a {field} named there", near=near)


def _portfolios(sheet: Sheet | None, people: _People, findings: Findings) -> pd.DataFrame:
    if sheet is None:
        return _frame("portfolios", 0)
    who = _who(sheet, people)
    group = sheet.read("group", _text, expected="a group of customers")
    count, balance = _numbers(sheet, "count", "customers", least=0), _numbers(sheet, "balance", "CNY")
    sheet.tell("count", np.flatnonzero(count % SCALE != 0), lambda _: Wrong("a part of a customer", "a whole number"))
    groups = np.where(group.known() & (who >= 0), who * (len(group.values) + 1) + group.codes, -1 - np.arange(len(who)))
    again, first = duplicates(groups)
    sheet.tell("group", again, lambda row: Wrong("this person and group a second time", f"one row each; the first is row {sheet.table.rows[first[row]]}"))
    if findings:
        return _frame("portfolios", 0)
    return pd.DataFrame({"person": _ids(people, who), "group": _column(group.rows_of()), "count": count, "balance": balance})


def _adjustments(sheet: Sheet | None, people: _People, findings: Findings) -> pd.DataFrame:
    if sheet is None:
        return _frame("adjustments", 0)
    who = _who(sheet, people)
    month = sheet.read("month", lambda text: parse_month(restored(text)), expected=A_MONTH)
    amount = _numbers(sheet, "amount", "CNY")
    sheet.tell("amount", np.flatnonzero(amount % (SCALE // 100) != 0), lambda _: Wrong("a part of a fen", "an amount with two decimals at most"))
    reason = sheet.read("reason", _raw_text, expected="a reason")
    if findings:
        return _frame("adjustments", 0)
    columns = {"person": _ids(people, who), "month": _column(month.rows_of()), "amount": amount, "reason": _column(reason.rows_of())}
    return pd.DataFrame(columns)


def _numbers(sheet: Sheet, field: str, unit: str, least: float | None = None) -> np.ndarray:
    """A column of numbers that must be given, in millionths; 0 where one is wrong."""
    if field not in sheet.headers:
        return np.zeros(len(sheet.table), np.int64)
    form = sheet.form.columns[field]
    spec = Measure(field, unit, form.label, form.about, (), least)
    value, state = sheet.numbers(sheet.headers[field], [spec], np.zeros(len(sheet.table), np.int64))
    sheet.tell(field, np.flatnonzero(state == BLANK), lambda _: Wrong("nothing", "a number, 0 if there is nothing"))
    return np.where(state == GOOD, value, 0)


# --- cells ----------------------------------------------------------------------------------------------------------------


def _raw_text(text: str) -> str:
    """Text as written, without the guard against formulas and with single spaces."""
    clean = " ".join(restored(text.strip()).split())
    if len(clean) > MOST_LETTERS:
        raise Wrong(f"a text of {len(clean)} letters", f"at most {MOST_LETTERS}")
    return clean


def _text(text: str) -> str:
    return tidy(_raw_text(text))


def _id(text: str) -> str:
    found = _text(text)
    if not found or not found.isprintable():
        raise Wrong(shown(text), AN_ID)
    return found


def _measure(text: str) -> str:
    words = measure_words()
    if key(text) in words:
        return words[key(text)]
    labels = {*known_measures(), *(m.label[lang] for m in known_measures().values() for lang in LANGUAGES)}
    raise Wrong(f"the measure {quoted(tidy(text))}", "a measure of the data dictionary", near=(tidy(text), labels))


def _provenance(text: str) -> str:
    words = provenance_words()
    if key(text) not in words:
        raise Wrong(shown(text), "measured, derived or typed", near=(key(text), words))
    return words[key(text)]


# --- frames ---------------------------------------------------------------------------------------------------------------

_NUMBERS = {"value", "count", "balance", "amount"}
_EXTRA = {"targets": ["person", "team", "grade", "period", "measure", "value", "unit"]}


def _frame(table: str, length: int) -> pd.DataFrame:
    """An empty frame with a table's columns and their types."""
    kinds: dict[str, Any] = {"joined": "datetime64[s]", "left": "datetime64[s]"}
    names = _EXTRA.get(table, list(forms()[table].columns))
    frame = pd.DataFrame({name: pd.Series([], dtype=np.int64 if name in _NUMBERS else kinds.get(name, str)) for name in names})
    return frame.astype({name: "category" for name in names if table == "measures" and name != "value"})


def _column(values: np.ndarray) -> pd.Series:
    """Texts as pandas' type for them, everything else as it is."""
    return pd.Series(values.astype(str), dtype=str) if values.dtype == object else pd.Series(values)


def _ids(people: _People, who: np.ndarray) -> pd.Series:
    return people.frame["person"].take(who).reset_index(drop=True)
