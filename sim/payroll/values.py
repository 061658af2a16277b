"""Columns of text to columns of values, many rows at a time: each different text is read once."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sim.payroll.cells import UNREAD, key, shown, tidy
from sim.payroll.dictionary import Form, Measure, Unit, column_words, ignored_columns, known_measures, made_from, measure_words
from sim.payroll.mistakes import Findings, Wrong
from sim.payroll.numbers import LARGEST, SCALE, exact, in_units, millionths, parse_number, parse_unit, plain_numbers
from sim.payroll.tables import Table
from sim.reading import quoted

BLANK, GOOD, BAD = 0, 1, 2
_WITH_UNIT = re.compile(r"(.+?) ?(?:[(\[] ?([^()\[\]]+?) ?[)\]]|/ ?([^/]+))")


@dataclass(frozen=True)
class Coded:
    """A column read: for each row the place of its value in `values`; None stands for what could not be read."""

    codes: np.ndarray
    values: list[Any]

    def rows_of(self) -> np.ndarray:
        """The values row by row."""
        return np.array(self.values, dtype=object)[self.codes]

    def known(self) -> np.ndarray:
        """Which rows could be read."""
        return np.array([value is not None for value in self.values], dtype=bool)[self.codes]

    def same(self) -> np.ndarray:
        """A number for each row: equal ones hold the same value, however it was written; what could not be read is like nothing else."""
        first = {value: place for place, value in reversed(list(enumerate(self.values)))}
        codes = np.array([first[value] for value in self.values], dtype=np.int64)[self.codes]
        return np.where(self.known(), codes, -1 - np.arange(len(codes)))


class Sheet:
    """A table with its headers understood: which column holds which field, and which holds a measure."""

    def __init__(self, table: Table, form: Form, findings: Findings, with_measures: bool = False) -> None:
        self.table, self.form, self.findings = table, form, findings
        self.headers: dict[str, str] = {}  # of fields
        self.units: dict[str, Unit] = {}  # of headers
        self.measures: dict[str, str] = {}  # headers of measures, by measure
        for header in table.headers:
            self._understand(header, with_measures)
        long = "measure" in self.headers or "value" in self.headers
        for name, column in form.columns.items():
            spread = with_measures and not long and name in ("measure", "value")
            needed = column.required or (with_measures and long and name in ("measure", "value"))
            if needed and not spread and name not in self.headers:
                words = ", ".join(dict.fromkeys((*column.label.values(), *column.words[:3])))
                findings.about(table, "", Wrong(f"no column {column.label['en']}", f"one headed by any of {words}"), table.head)
        if with_measures and not long and not self.measures:
            findings.about(table, "", Wrong("no column of a measure", "the columns measure and value, or one for each measure"), table.head)
        if self.measures and long:
            for header in self.measures.values():
                self._wrong_header(header, Wrong("a column of a measure beside the columns measure and value", "one way or the other"))
            self.measures = {}
        if self.measures and "unit" in self.headers:
            wrong = Wrong("a column of units beside columns of measures", "the unit in each header, such as deposits (万元)")
            self._wrong_header(self.headers["unit"], wrong)

    def _wrong_header(self, header: str, wrong: Wrong) -> None:
        self.findings.about(self.table, header, wrong, self.table.head)

    def _understand(self, header: str, with_measures: bool) -> None:
        fields = column_words(self.form.name)
        measures = measure_words() if with_measures else {}
        words, inside = key(header), None
        if words not in fields and words not in measures and (found := _WITH_UNIT.fullmatch(tidy(header))):
            words, inside = key(found[1]), found[2] or found[3]
        if words in ignored_columns() and words not in fields:
            return
        if words in fields:
            place, name = self.headers, fields[words]
        elif words in measures:
            place, name = self.measures, measures[words]
        else:
            labels = [column.label[lang] for column in self.form.columns.values() for lang in ("en", "zh")]
            if with_measures:
                labels += [*known_measures(), *(measure.label[lang] for measure in known_measures().values() for lang in ("en", "zh"))]
            what = "neither a field nor a measure" if with_measures else "an unknown column"
            self._wrong_header(header, Wrong(what, f"the columns of {self.form.label['en']}, and of notes only `remarks` or 备注", near=(header, labels)))
            return
        if place is self.measures and (wrong := refused(name, self.form.name)) is not None:
            self._wrong_header(header, wrong)
            return
        if name in place:
            self._wrong_header(header, Wrong(f"a second column of {name}", f"one only; the first is {quoted(place[name])}"))
            return
        place[name] = header
        if inside:
            try:
                self.units[header] = parse_unit(inside)
            except Wrong as wrong:
                self._wrong_header(header, wrong)

    def header(self, field: str) -> str:
        """The header of a field as written, or its label if there is no such column."""
        return self.headers.get(field, self.form.columns[field].label["en"])

    def cells(self, header: str) -> pa.Array:
        return self.table.columns[self.table.place_of(header)]

    def read(self, field: str, how: Callable[[str], Any], blank: Any = None, expected: str = "") -> Coded:
        """A field's column, each different text read by `how`. blank: the value of an empty cell; None if it must not be empty."""
        if field not in self.headers:
            return Coded(np.zeros(len(self.table), np.int64), [blank])
        codes, words = coded(self.cells(self.headers[field]))
        values: list[Any] = []
        wrongs: dict[int, Wrong] = {}
        for place, word in enumerate(words):
            try:
                if word == UNREAD:
                    values.append(None)
                elif tidy(word):
                    values.append(how(word))
                elif blank is None:
                    raise Wrong("nothing", expected or f"a {field}")
                else:
                    values.append(blank)
            except Wrong as wrong:
                wrongs[place] = wrong
                values.append(None)
        if wrongs:
            rows = np.flatnonzero(np.isin(codes, list(wrongs)))
            self.findings.at(self.table, self.headers[field], rows, lambda row: wrongs[int(codes[row])])
        return Coded(codes, values)

    def tell(self, field: str, rows: np.ndarray, how: Callable[[int], Wrong]) -> None:
        """A mistake in a field at each of these places."""
        self.findings.at(self.table, self.header(field), rows, how)

    def numbers(self, header: str, specs: Sequence[Measure], which: np.ndarray, units: Coded | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The numbers under a header in millionths of their measures' units, and how each cell was: BLANK, GOOD or BAD.

        specs, which: what is counted, by row; -1 where that is not known. units: a column of units, whose values may be None
        ("not given" is the empty text).
        """
        cells = self.cells(header)
        values, plain = plain_numbers(cells)
        state = np.where(plain, GOOD, BAD).astype(np.int8)
        state[which < 0] = BAD
        beside = units or Coded(np.zeros(len(self.table), np.int64), [""])
        different = list(dict.fromkeys(unit for unit in beside.values if unit is not None))
        unit_of = np.array([-1 if unit is None else different.index(unit) for unit in beside.values])[beside.codes]
        state[unit_of < 0] = BAD
        for kind in np.unique(which[which >= 0]).tolist():
            spec = specs[kind]
            for place, unit in enumerate(different):
                rows = (which == kind) & (unit_of == place)
                if not rows.any():
                    continue
                given = unit or self.units.get(header)
                try:
                    factor = factor_to(spec, given)
                except Wrong as wrong:
                    state[rows] = BAD
                    self._tell_unit(header, rows, unit, wrong)
                    continue
                if factor != 1:
                    scaled, room = in_units(values, factor)
                    values = np.where(rows, scaled, values)
                    state[rows & plain & ~room] = BAD
                others = np.flatnonzero(rows & ~(plain & (state == GOOD)))
                self._others(header, cells, others, spec, given, factor, values, state)
                self._bounds(header, spec, rows, values, state, cells)
        return values, state

    def _tell_unit(self, header: str, rows: np.ndarray, unit: Any, wrong: Wrong) -> None:
        if unit:
            self.tell("unit", np.flatnonzero(rows), lambda _: wrong)
        else:
            self._wrong_header(header, wrong)

    def _others(self, header: str, cells: pa.Array, rows: np.ndarray, spec: Measure, given: Unit | None, factor: Fraction,
                values: np.ndarray, state: np.ndarray) -> None:  # fmt: skip
        """Cells that hold more than plain digits, or nothing."""
        if not len(rows):
            return
        codes, words = coded(cells.take(pa.array(rows)))
        results = np.zeros(len(words), np.int64)
        states = np.full(len(words), BAD, np.int8)
        wrongs: dict[int, Wrong] = {}
        for place, word in enumerate(words):
            if not tidy(word):
                states[place] = BLANK
            elif word != UNREAD:
                try:
                    results[place] = _one(word, spec, given, factor)
                    states[place] = GOOD
                except Wrong as wrong:
                    wrongs[place] = wrong
        values[rows], state[rows] = results[codes], states[codes]
        if wrongs:
            bad = np.isin(codes, list(wrongs))
            wrong_at = dict(zip(rows[bad].tolist(), codes[bad].tolist(), strict=True))
            self.findings.at(self.table, header, rows[bad], lambda row: wrongs[wrong_at[row]])

    def _bounds(self, header: str, spec: Measure, rows: np.ndarray, values: np.ndarray, state: np.ndarray, cells: pa.Array) -> None:
        good = rows & (state == GOOD)
        for limit, beyond, words in ((spec.least, np.less, "or more"), (spec.most, np.greater, "or less")):
            if limit is None:
                continue
            bad = np.flatnonzero(good & beyond(values, round(limit * SCALE)))
            hint = "Write a percentage with its sign, as in 85%." if spec.unit == "share" and words == "or less" else ""
            what = f"{spec.label['en'].lower()}, {limit:g} {words}"
            self.findings.at(self.table, header, bad, lambda row, what=what, hint=hint: Wrong(f"{exact(values[row]).normalize():f}", what, hint))
            state[bad] = BAD


def _one(word: str, spec: Measure, given: Unit | None, factor: Fraction) -> int:
    """One cell in millionths of the measure's unit. A unit in the cell goes before that of the column."""
    number, unit = parse_number(word)
    if unit is not None and unit.of:
        factor = factor_to(spec, unit)
    elif unit is not None:
        if factor != 1:
            raise Wrong(shown(word), f"a number without another factor, since the column is in {given.word if given else spec.unit}")
        factor = factor_to(spec, unit)
    value = number * factor
    if abs(value) > LARGEST:
        raise Wrong(shown(word), f"at most {LARGEST:,} {spec.unit}")
    return millionths(value)


def refused(name: str, table: str) -> Wrong | None:
    """Why a table does not take a measure: those that follow from others are not recorded, though they can have targets."""
    if known_measures()[name].recorded or table == "targets":
        return None
    if parts := made_from(name):
        return Wrong(f"{name}, which is worked out from others", f"what it is made from: {', '.join(parts)}")
    return Wrong(f"{name}, which follows from the days of joining and leaving", "those days in the table people")


def factor_to(spec: Measure, unit: Unit | None) -> Fraction:
    """What turns a number in that unit into the measure's own; `Wrong` if nothing does."""
    if unit is None:
        return Fraction(1)
    if unit.of not in ("", spec.unit) and {unit.of, spec.unit} != {"accounts", "customers"}:  # 户 counts both
        raise Wrong(f"the unit {unit.word}", f"{spec.unit}, in which {spec.label['en'].lower()} is counted")
    return unit.times


def coded(cells: pa.Array) -> tuple[np.ndarray, list[str]]:
    """For each cell the place of its text among the different ones."""
    found = pc.dictionary_encode(cells)
    return np.asarray(found.indices).astype(np.int64), found.dictionary.to_pylist()


