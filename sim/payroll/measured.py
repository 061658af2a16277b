"""The tables of values: measures by person and month, and targets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from sim.payroll.cells import key, restored, tidy
from sim.payroll.checks import duplicates, missing_months, month_name
from sim.payroll.dates import A_PERIOD, parse_period
from sim.payroll.dictionary import LANGUAGES, known_measures, measure_words
from sim.payroll.entries import AN_ID, column, empty, identity, nobody, one_of, plain_text
from sim.payroll.mistakes import Findings, Wrong
from sim.payroll.numbers import parse_unit
from sim.payroll.people import People, months, persons
from sim.payroll.values import BAD, BLANK, GOOD, Sheet, refused
from sim.reading import quoted


@dataclass(frozen=True)
class Values:
    """Cells of measures: their row in the table, header, measure (its place in `names`), value and state."""

    row: np.ndarray
    header: np.ndarray  # place in the table
    measure: np.ndarray
    value: np.ndarray
    state: np.ndarray
    names: list[str]


def value_cells(sheet: Sheet, least: float | None = None) -> Values:
    """The values of a table with measures, whether they stand in one column or in one for each measure.

    least: a bound that goes before those of the dictionary.
    """
    names = list(known_measures())
    specs = [spec if least is None else replace(spec, least=least, most=None) for spec in known_measures().values()]
    length = len(sheet.table)
    if sheet.measures:
        parts = []
        for name, header in sheet.measures.items():
            kind = names.index(name)
            value, state = sheet.numbers(header, specs, np.full(length, kind))
            parts.append((np.arange(length), np.full(length, sheet.table.place_of(header)), np.full(length, kind), value, state))
        return Values(*(np.concatenate(columns) for columns in zip(*parts, strict=True)), names)
    if "value" not in sheet.headers or "measure" not in sheet.headers:
        none = np.empty(0, np.int64)
        return Values(none, none, none, none, none, names)
    read = sheet.read("measure", partial(_measure, sheet.form.name), expected="a measure of the data dictionary")
    which = np.array([-1 if value is None else names.index(value) for value in read.values], dtype=np.int64)[read.codes]
    units = sheet.read("unit", lambda text: parse_unit(text), "") if "unit" in sheet.headers else None
    value, state = sheet.numbers(sheet.headers["value"], specs, which, units)
    sheet.tell("value", np.flatnonzero(state == BLANK), lambda _: Wrong("nothing", "a number, 0 if there was nothing"))
    state[state == BLANK] = BAD
    place = np.full(length, sheet.table.place_of(sheet.headers["value"]))
    return Values(np.arange(length), place, which, value, state, names)


def read_measures(sheet: Sheet | None, people: People, findings: Findings) -> pd.DataFrame:
    if sheet is None:
        return empty("measures")
    who = persons(sheet, people)
    month = months(sheet)
    provenance = sheet.read("provenance", partial(one_of, "provenance"), "measured")
    cells = value_cells(sheet)
    if "person" not in sheet.headers or "month" not in sheet.headers or not len(cells.row):
        return empty("measures")

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
        return empty("measures")

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


def _refuse_twice(sheet: Sheet, cells: Values, keys: np.ndarray) -> None:
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


def read_targets(sheet: Sheet | None, people: People, changes: pd.DataFrame, findings: Findings) -> pd.DataFrame:
    if sheet is None:
        return empty("targets")
    groups = {field: sheet.read(field, plain_text, "") for field in ("team", "grade")}
    holders = {"person": sheet.read("person", identity, "", AN_ID), **groups}
    texts = {field: read.rows_of() for field, read in holders.items()}
    given = np.sum([np.array([value != "" for value in read.values])[read.codes] for read in holders.values()], axis=0)
    expected = "exactly one of person, team and grade"
    sheet.tell("person", np.flatnonzero(given != 1),
               lambda row: Wrong(f"{'more than one' if given[row] else 'no'} holder of the target", expected))  # fmt: skip
    if people.known:
        for field, values in texts.items():
            there = [*people.frame[field], *(changes[field] if field == "grade" else ())]
            known = {value: place for place, value in enumerate(there) if value}
            strange = np.flatnonzero(np.array([bool(value) and value not in known for value in values], dtype=bool))
            sheet.tell(field, strange, lambda row, field=field, values=values, known=known: nobody(field, values[row], known))
    period = sheet.read("period", lambda text: parse_period(restored(text)), expected=A_PERIOD)
    cells = value_cells(sheet, least=0)
    keys = pd.DataFrame({field: values[cells.row] for field, values in {**texts, "period": period.same()}.items()} | {"measure": cells.measure})
    sound = np.flatnonzero((cells.state != BLANK) & (cells.measure >= 0))
    again, first = duplicates(keys.iloc[sound].groupby(list(keys.columns), sort=False, dropna=False).ngroup().to_numpy())
    for place in again.tolist():
        before = sheet.table.rows[cells.row[sound[first[place]]]]
        wrong = Wrong("a second target of the same holder, period and measure", f"one; the first is in row {before}")
        header, rows = sheet.table.headers[int(cells.header[sound[place]])], cells.row[sound[place : place + 1]]
        sheet.findings.at(sheet.table, header, rows, lambda _, wrong=wrong: wrong)
    if findings:
        return empty("targets")
    good = np.flatnonzero(cells.state == GOOD)
    good = good[np.lexsort((cells.measure[good], cells.row[good]))]
    rows, names = cells.row[good], np.array(cells.names, dtype=object)[cells.measure[good]]
    units = np.array([known_measures()[name].unit for name in names], dtype=object)
    found = {**{field: values[rows] for field, values in texts.items()}, "period": period.rows_of()[rows], "measure": names,
             "value": cells.value[good], "unit": units}  # fmt: skip
    return pd.DataFrame({name: column(values) for name, values in found.items()})


def _measure(table: str, text: str) -> str:
    words = measure_words()
    if (name := words.get(key(text))) is None:
        labels = {*known_measures(), *(m.label[lang] for m in known_measures().values() for lang in LANGUAGES)}
        raise Wrong(f"the measure {quoted(tidy(text))}", "a measure of the data dictionary", near=(tidy(text), labels))
    if (wrong := refused(name, table)) is not None:
        raise wrong
    return name
