"""A back-test as an Excel workbook that a finance department can work out again.

Amounts on the sheet `recompute` are live formulas wherever a line's arithmetic can be written as one, and `totals` adds them up for
each person against what was computed. Texts of the records are made harmless. The same back-test gives the same bytes.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from sim.payroll.backtest import Backtest
from sim.payroll.backtest_people import CUSTOMER_LOSSES
from sim.payroll.cells import neutralised
from sim.policy.exact import plain
from sim.report.backtest_lines import lines_of
from sim.report.backtest_tables import history_name, loss_head, needed_word
from sim.report.backtest_words import element_name, kind_name, measure_unit, measure_word, names_of, tell
from sim.report.workbook_formulas import formula_of

SHEET_ROWS = 1_048_576                # of a sheet, by the file format
USUAL_LINES = 200_000                 # put on the sheet of statements unless more are asked for
MOST_LIVE = 30_000                    # lines on the sheet of formulas
PEOPLE_AT_ONCE = 2_000
MONEY, PERCENT, PLAIN = "#,##0.00", "0.0", "General"
BOLD = Font(bold=True)
_STAMP = (1980, 1, 1, 0, 0, 0)
Rows = Iterator[Sequence[Any]]


class Cell:
    """A value with a number format or a bold face."""

    def __init__(self, value: Any, style: str = PLAIN, bold: bool = False) -> None:
        self.value, self.style, self.bold = value, style, bold


def write_workbook(result: Backtest, path: Path, lang: str, statements_file: str | None = None, most: int = USUAL_LINES) -> bool:
    """Write the workbook; whether all lines of the statements are in it.

    statements_file: the file beside it that holds all lines, if there is one. most: lines on the sheet of statements, up to what
    a sheet holds; where there are more, the sheet says where they are.
    """
    book = openpyxl.Workbook(write_only=True)
    try:
        return _write(book, result, path, lang, statements_file, most)
    except BaseException:
        for sheet in book.worksheets:          # else openpyxl closes half-written sheets itself, with a traceback, when they are collected
            sheet.close()
        raise


def _write(book: openpyxl.Workbook, result: Backtest, path: Path, lang: str, statements_file: str | None, most: int) -> bool:
    book.calculation.fullCalcOnLoad = True
    fits = result.lines <= min(most, SHEET_ROWS - 1)
    live = _live_people(result)
    _sheet(book, "readme", lang, [110], _readme(result, lang, statements_file, live), head=False)
    _sheet(book, "summary", lang, [34, 40, 18, 18, 18, 10], _summary(result, lang))
    _sheet(book, "winners", lang, [26, 14, 16, 12, 14, 14, 14, 12, 24, 18, 10], _winners(result, lang))
    _sheet(book, "cost", lang, [26, 10, 16, 8, 16, 10, 16, 16], _cost(result, lang))
    _sheet(book, "components", lang, [26, 14, 24, 8, 10, 16, 14], _components(result, lang))
    if fits:
        _sheet(book, "statements", lang, [22, 14, 14, 9, 9, 20, 12, 18, 10, 12, 12, 12, 8, 40, 14], _statements(result, lang))
    else:
        text = tell(
            "book.about.too_many", lang, count=f"{result.lines:,}", most=f"{min(most, SHEET_ROWS - 1):,}", file=statements_file or "–"
        )
        _sheet(book, "statements", lang, [110], iter([[text]]), head=False)
    recomputed = Recompute(result, lang, live)
    _sheet(book, "recompute", lang, [22, 14, 9, 20, 12, 14, 12, 40, 16, 16, 12, 8], recomputed.lines())
    _sheet(book, "totals", lang, [22, 14, 18, 16, 12], recomputed.totals())
    book.save(path)
    _settle(path)
    return fits


def _sheet(book: openpyxl.Workbook, name: str, lang: str, widths: Sequence[int], rows: Rows, head: bool = True) -> None:
    sheet = book.create_sheet(tell(f"book.{name}", lang))
    for place, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    if head:
        sheet.freeze_panes = "A2"
    for number, row in enumerate(rows):
        sheet.append([_written(sheet, cell, bold=head and number == 0) for cell in row])


def _written(sheet: WriteOnlyWorksheet, cell: Any, bold: bool) -> Any:
    """A cell as it goes into the sheet: texts harmless, unless they are a formula of ours (a `Formula`)."""
    style = cell.style if isinstance(cell, Cell) else PLAIN
    bold = bold or (isinstance(cell, Cell) and cell.bold)
    value = cell.value if isinstance(cell, Cell) else cell
    if isinstance(value, str) and not isinstance(value, Formula):
        value = _safe(value)
    if isinstance(value, (float, np.floating)):
        value = None if np.isnan(value) else float(value)
    elif isinstance(value, np.integer):
        value = int(value)
    if style == PLAIN and not bold:
        return value if not isinstance(value, Formula) else str(value)
    made = WriteOnlyCell(sheet, str(value) if isinstance(value, Formula) else value)
    if style != PLAIN:
        made.number_format = style
    if bold:
        made.font = BOLD
    return made


class Formula(str):
    """A formula written here, not a text of the records."""


@lru_cache(maxsize=65_536)
def _safe(text: str) -> str:
    return neutralised(openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub(" ", text))


def _money(fen: float) -> Cell:
    return Cell(fen / 100, MONEY)


def _heads(lang: str, *words: str, **parts: str) -> list[str]:
    return [tell(f"table.{word}", lang, **parts) for word in words]


# --- sheets -----------------------------------------------------------------------------------------------------------


def _readme(result: Backtest, lang: str, statements_file: str | None, live: int) -> Rows:
    made, sheet = result.provenance, tell("book.recompute", lang)
    some = _lines_up_to(result, live)
    yield [Cell(tell("page.title", lang), bold=True)]
    yield [tell("book.about.what", lang)]
    yield [tell("book.about.sheets", lang)]
    yield [tell("book.about.live", lang, recompute=sheet)]
    if some == result.lines:
        yield [tell("book.about.all_live", lang, recompute=sheet, count=f"{some:,}")]
    else:
        yield [tell("book.about.some_live", lang, recompute=sheet, some=f"{some:,}", count=f"{result.lines:,}", people=f"{live:,}")]
    if statements_file:
        yield [tell("book.about.elsewhere", lang, file=statements_file)]
    yield [tell("book.about.texts", lang)]
    yield [
        tell(
            "book.about.made",
            lang,
            version=made["incentivelab"],
            code=made["code"],
            seed=made["seed"],
            resamples=made["resamples"],
            data=made["data_digest"],
        )
    ]
    for name, digest in made["policies"].items():
        yield [tell("book.about.policy", lang, name=name, digest=digest)]


def _summary(result: Backtest, lang: str) -> Rows:
    names = names_of(result, lang, marked=True)
    yield [*_heads(lang, "plan", "history", "pay", "low", "high")]
    for table, key in ((result.shifts, "history"), (result.volatility, "spread")):
        for row in table.itertuples():
            if key == "history":
                history = history_name(row.history, result, lang)
            else:
                history = f"{tell('figure.fan.volatility', lang)}: {100 * row.spread:g} %"
            yield [names[row.policy], history, _money(row.pay), _money(row.low), _money(row.high)]
    yield []
    yield [Cell(text, bold=True) for text in _heads(lang, "plan", "figure", "value", "low", "high", "people")]
    for row in result.fairness.itertuples():
        what = tell(f"table.{row.what}", lang) + (f": {tell(f'tenure.{row.group}', lang)}" if row.group else "")
        style = MONEY if row.what.startswith("tenure") else "0.000"
        yield [names.get(row.policy, ""), what, Cell(row.value, style), Cell(row.low, style), Cell(row.high, style), row.people]
    yield []
    yield [Cell(text, bold=True) for text in _heads(lang, "figure", "value", "people")]
    for what, (value, people) in result.workforce.items():
        yield [tell(f"table.{what}", lang), Cell(value, "0.0%" if what in ("turnover", *CUSTOMER_LOSSES) else "0.0"), people]
    attained = result.attainment
    if not attained.empty:
        from sim.report.backtest_figures import shares_of

        yield []
        yield [Cell(text, bold=True) for text in _heads(lang, "measure", "against", "below_50", "from_80", "above_150", "results")]
        for (source, measure), found in attained.groupby(["source", "measure"], sort=False):
            against = tell("table.recorded", lang) if source == "records" else names[source]
            yield [measure_word(measure, lang), against, *(Cell(share, "0.0%") for share in shares_of(found["attainment"])), len(found)]


def _winners(result: Backtest, lang: str) -> Rows:
    names, people = names_of(result, lang), result.records.people
    yield _heads(lang, "plan", "person", "name", "grade", "old", "new", "difference", "percent", "band", "needed", "quintile")
    for row in result.winners.itertuples():
        factor = Cell(round(100 * row.needed, 4), "0.00") if row.needed > 0 else needed_word(row.needed, lang)
        yield [
            names[row.policy],
            row.person,
            people["name"].iloc[row.row],
            row.grade,
            _money(row.old),
            _money(row.new),
            _money(row.difference),
            Cell(row.percent, PERCENT),
            tell(f"band.{row.band}", lang),
            factor,
            row.quintile,
        ]


def _cost(result: Backtest, lang: str) -> Rows:
    names, measure = names_of(result, lang, marked=True), result.income_measure
    heads = _heads(lang, "plan", "month", "pay", "people")
    known = result.knows_losses
    more = ("share", loss_head(result), "left_after_loss") if known else ("share", "left")
    yield heads + ([tell("table.income", lang, measure=measure_word(measure, lang)), *_heads(lang, *more)] if measure else [])
    for row in result.cost.itertuples():
        lost = [Cell(row.loss, MONEY)] if known else []
        cells = [Cell(row.income, MONEY), Cell(100 * row.share, PERCENT), *lost, Cell(row.left, MONEY)] if measure else []
        yield [names[row.policy], row.month, _money(row.pay), row.people, *cells]


def _components(result: Backtest, lang: str) -> Rows:
    names, plans = names_of(result, lang, marked=True), {policy.name: policy for policy in result.policies}
    yield _heads(lang, "plan", "grade", "element", "people", "months", "pay", "a_month")
    for row in result.components.itertuples():
        yield [
            names[row.policy],
            row.grade or tell("figure.components.no_grade", lang),
            element_name(plans[row.policy], str(row.element), lang),
            row.people,
            row.months,
            _money(row.pay),
            Cell(row.a_month, MONEY),
        ]


def _all_lines(result: Backtest, people: int) -> Iterator[tuple[str, pd.DataFrame]]:
    """Lines of the first so many of those compared, plan by plan, by person, month and element; some people at a time."""
    for name in result.statements:
        for start in range(0, people, PEOPLE_AT_ONCE):
            lines = lines_of(result, name, result.paid[start : min(start + PEOPLE_AT_ONCE, people)])
            if len(lines):
                yield name, lines


def _statements(result: Backtest, lang: str) -> Rows:
    names, plans = names_of(result, lang), {policy.name: policy for policy in result.policies}
    full = dict(zip(result.records.people["person"], result.records.people["name"], strict=True))
    yield _heads(
        lang,
        "plan",
        "person",
        "name",
        "month",
        "period",
        "element",
        "kind",
        "measure",
        "unit",
        "input",
        "target",
        "rate",
        "members",
        "rule",
        "amount",
    )
    for name, lines in _all_lines(result, len(result.paid)):
        words = {element: element_name(plans[name], element, lang) for element in lines["element"].cat.categories}
        for line in lines.itertuples():
            measured = isinstance(line.measure, str)
            yield [names[name], line.person, full[line.person], line.month, line.period, words[line.element], kind_name(line.kind, lang),
                   measure_word(line.measure, lang) if measured else None, measure_unit(line.measure, lang) if measured else None,
                   line.input, line.target, line.rate, line.members, line.rule_zh if lang == "zh" else line.rule, _money(line.amount)]


# --- live formulas ----------------------------------------------------------------------------------------------------


def _counts(result: Backtest) -> np.ndarray:
    """Lines of all plans by row of `people`."""
    counts = np.zeros(len(result.records.people), dtype=np.int64)
    for found in result.statements.values():
        for block in found.blocks:
            counts += np.bincount(block.people, minlength=len(counts))
    return counts


def _live_people(result: Backtest) -> int:
    """How many of those compared go onto the sheet of formulas."""
    sums = np.cumsum(_counts(result)[result.paid])
    return int((sums <= MOST_LIVE).sum())


def _lines_up_to(result: Backtest, people: int) -> int:
    return int(_counts(result)[result.paid[:people]].sum())


class Recompute:
    """The sheet of formulas and that of totals over it, for the first so many people. `lines` must be written before `totals`."""

    def __init__(self, result: Backtest, lang: str, people: int) -> None:
        self.result, self.lang, self.people = result, lang, people
        self.names = names_of(result, lang)
        self.spans: list[tuple[str, int, int, int]] = []       # plan, row of people, first and last row of the sheet

    def lines(self) -> Rows:
        lang, plans = self.lang, {policy.name: policy for policy in self.result.policies}
        yield [*_heads(lang, "plan", "person", "month", "element", "kind", "input", "rate", "rule"),
               *(tell(key, lang) for key in ("book.formula", "table.amount", "book.check", "book.live"))]
        row = 1
        for name, lines in _all_lines(self.result, self.people):
            words = {element: element_name(plans[name], element, lang) for element in lines["element"].cat.categories}
            codes = lines["person"].cat.codes.to_numpy()
            for place, line in enumerate(lines.itertuples()):
                row += 1
                if not self.spans or self.spans[-1][:2] != (name, int(codes[place])):
                    self.spans.append((name, int(codes[place]), row, row))
                self.spans[-1] = (*self.spans[-1][:3], row)
                found = formula_of(line.rule, int(line.amount), links(line.input, line.rate, row))
                value = Cell(Formula(found), MONEY) if found else _money(line.amount)
                yield [self.names[name], line.person, line.month, words[line.element], kind_name(line.kind, lang), line.input, line.rate,
                       line.rule_zh if lang == "zh" else line.rule, value, _money(line.amount), Cell(Formula(f"=I{row}-J{row}"), MONEY),
                       tell("book.yes" if found else "book.no", lang)]

    def totals(self) -> Rows:
        lang, sheet = self.lang, "'" + tell("book.recompute", self.lang).replace("'", "''") + "'"
        yield [*_heads(lang, "plan", "person"), tell("book.formula", lang), tell("table.amount", lang), tell("book.check", lang)]
        last = len(self.spans) + 1
        people = self.result.records.people["person"]
        for number, (name, person, first, end) in enumerate(self.spans, start=2):
            yield [
                self.names[name],
                people.iloc[person],
                Cell(Formula(f"=SUM({sheet}!I{first}:I{end})"), MONEY),
                _money(self.result.pay[name][person]),
                Cell(Formula(f"=ROUND(C{number}-D{number},2)"), MONEY),
            ]
        if self.spans:
            yield []
            end = self.spans[-1][3]
            largest = f"MAX(E2:E{last},-MIN(E2:E{last}),{sheet}!K2:K{end},-MIN({sheet}!K2:K{end}))"
            yield [tell("book.all_checks", lang), None, None, None, Cell(Formula(f"=ROUND({largest},2)"), MONEY)]
            yield [tell("book.not_live", lang), None, None, None, Cell(Formula(f'=COUNTIF({sheet}!L2:L{end},"{tell("book.no", lang)}")'))]


def links(given: float, rate: float, row: int) -> dict[str, str]:
    """Cells for the digits with which a line's words write its input and rate."""
    cells = {}
    for what, value, column in (("input", given, "F"), ("rate", rate, "G")):
        if not np.isnan(value) and value >= 0:
            cells[f"{what}:{_digits(value)}"] = f"{column}{row}"
    return cells


@lru_cache(maxsize=65_536)
def _digits(value: float) -> str:
    from fractions import Fraction

    return plain(Fraction(repr(float(value))))


# --- the same bytes every time ----------------------------------------------------------------------------------------


def _settle(path: Path) -> None:
    """Take the time of writing out of the file."""
    made = path.with_name(path.name + ".settled")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            info = zipfile.ZipInfo(entry.filename, _STAMP)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, entry.external_attr
            with old.open(entry) as source, new.open(info, "w", force_zip64=entry.file_size > 2**31) as target:
                if entry.filename == "docProps/core.xml":
                    text = source.read().decode()
                    target.write(re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z", "2000-01-01T00:00:00Z", text).encode())
                    continue
                while piece := source.read(1 << 20):
                    target.write(piece)
    made.replace(path)


__all__ = ["SHEET_ROWS", "USUAL_LINES", "write_workbook"]
