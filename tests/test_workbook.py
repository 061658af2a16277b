"""The workbook of a back-test: formulas that come to what was paid, and texts that are none."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from test_backtest import FIXED, linear, named, records_of

from sim.payroll.backtest import Backtest, backtest
from sim.payroll.numbers import SCALE
from sim.report.backtest_words import tell
from sim.report.workbook import links, write_workbook
from sim.report.workbook_formulas import Unread, formula_of, parsed, rounded_away, value_of

SHEETS = {"en": ["readme", "summary", "winners", "cost", "components", "statements", "recompute", "totals"],
          "zh": ["说明", "汇总", "得失", "成本", "构成", "工资明细", "复算", "个人合计"]}


# --- a line's words as a formula --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "fen", "given", "rate", "formula"), [
    ("600 x 7", 420000, 7, 600, "=ROUND(G2*F2,2)"),
    ("600 x (7 - 5)", 120000, 7, 600, "=ROUND(G2*(F2-5),2)"),
    ("900 + 450 x (4 - 3)", 135000, 4, 450, "=ROUND(900+G2*(F2-3),2)"),
    ("6000", 600000, None, None, "=ROUND(6000,2)"),
    ("0 (4 < 5)", 0, 4, None, "=ROUND(IF(F2<5,0,NA()),2)"),
    ("4000 (12 >= 12)", 400000, 12, None, "=ROUND(IF(F2>=12,4000,0),2)"),
    ("cap 3000 on 600 x 7", 300000, 7, 600, "=ROUND(MIN(3000,G2*F2),2)"),
    ("floor 1000 for 0 (4 < 5)", 100000, 4, None, "=ROUND(MAX(1000,IF(F2<5,0,NA())),2)"),
    ("(0.15 x (7.6 - 1)) / 2, rounded up to the fen", 50, 7.6, 0.15, "=ROUNDUP(ROUND(G2*(F2-1),2)/2,2)"),
    ("(0.15 x (7.6 - 1)) / 2, rounded down to the fen", 49, 7.6, 0.15, "=ROUNDDOWN(ROUND(G2*(F2-1),2)/2,2)"),
    ("0.15 x 40000 (927 >= 0)", 600000, 40000, 0.15, "=ROUND(IF(927>=0,G2*F2,0),2)"),
    ("0 x (6500 x (50 / 100)) (withheld as 50 < 60)", 0, 50, None, "=ROUND(IF(F2<60,0*(6500*(F2/100)),6500*(F2/100)),2)"),
    ("0.16 x 412000, less 67160 earned before", -124000, 412000, 0.16, "=ROUND(G2*F2-67160,2)"),
    ("advance, 0.5 of 3000 for the month", 150000, None, None, "=ROUND(0.5*3000,2)"),
    ("0.4 of 3000 kept back", -120000, None, None, "=ROUND(0-0.4*3000,2)"),
    ("pay of 12000 above the ceiling of 10000", -200000, None, None, "=ROUND(0-(12000-10000),2)"),
    ("3000 less 2500.5 earned", 49950, None, None, "=ROUND(3000-2500.5,2)"),
    ("-0.02 x 5000", -10000, 5000, -0.02, "=ROUND((-0.02)*F2,2)"),
])
def test_arithmetic_becomes_a_formula_of_its_cells(rule, fen, given, rate, formula) -> None:
    none = float("nan")
    assert formula_of(rule, fen, links(none if given is None else given, none if rate is None else rate, 2)) == formula


@pytest.mark.parametrize(
    ("rule", "fen"),
    [
        ("600 x 7", 420001),  # does not come to the amount
        ("as agreed", 0),
        ("600 x", 0),
        ("600 x (7", 0),
        ("7 / 0", 0),
        ("", 0),
        ("600 x 7)", 420000),
        ("=1+1", 200),
        ("1" * 3000, 0),
        ("(" * 2000, 0),
    ],
)
def test_what_is_no_arithmetic_gets_no_formula(rule, fen) -> None:
    assert formula_of(rule, fen, {}) is None


def test_halves_go_away_from_zero_as_in_spreadsheets() -> None:
    assert [rounded_away(Fraction(text)) for text in ("0.005", "-0.005", "0.004")] == [Fraction("0.01"), Fraction("-0.01"), 0]


def test_an_untrue_condition_is_not_worked_out() -> None:
    with pytest.raises(Unread):
        value_of(parsed("4000 (11 >= 12)"))


# --- a small spreadsheet ----------------------------------------------------------------------------------------------


class Spreadsheet:
    """Works out a workbook's formulas in floats, as spreadsheets do: 15 digits when rounding, halves away from zero."""

    def __init__(self, path: Path) -> None:
        self.book = openpyxl.load_workbook(path)
        self.known: dict[tuple[str, str], Any] = {}

    def cell(self, sheet: str, place: str) -> Any:
        if (sheet, place) not in self.known:
            value = self.book[sheet][place].value
            self.known[sheet, place] = self.work_out(sheet, value[1:]) if isinstance(value, str) and value.startswith("=") else value
        return self.known[sheet, place]

    def work_out(self, sheet: str, formula: str) -> Any:
        def put(found: re.Match[str]) -> str:
            where = repr(found[1] or sheet)
            return f"many({where}, {found[2]!r}, {found[3]!r})" if found[3] else f"one({where}, {found[2]!r})"

        python = re.sub(r"(?:'([^']+)'!)?\b([A-Z]+[0-9]+)(?::([A-Z]+[0-9]+))?", put, formula)
        names = {
            "one": self.cell,
            "many": self.many,
            "ROUND": rounding(ROUND_HALF_UP),
            "ROUNDUP": rounding("away"),
            "ROUNDDOWN": rounding("to zero"),
            "MIN": lambda *values: min(flat(values)),
            "MAX": lambda *values: max(flat(values)),
            "SUM": lambda *values: sum(flat(values)),
            "IF": lambda test, yes, no: yes if test else no,
            "NA": lambda: None,
            "COUNTIF": lambda cells, text: sum(cell == text for cell in cells),
        }
        return eval(python, {"__builtins__": {}}, names)             # noqa: S307: the formulas are ours, the names these

    def many(self, sheet: str, first: str, last: str) -> list[Any]:
        return [self.cell(sheet, cell.coordinate) for row in self.book[sheet][f"{first}:{last}"] for cell in row]


def flat(values: tuple[Any, ...]) -> list[float]:
    return [value for each in values for value in (flat(tuple(each)) if isinstance(each, list) else [each or 0.0])]


def rounding(how: str):
    def rounded(value: float, places: int) -> float:
        exact = Context(prec=15).create_decimal(repr(float(value)))
        way = {"away": ROUND_CEILING if exact > 0 else ROUND_FLOOR, "to zero": ROUND_FLOOR if exact > 0 else ROUND_CEILING}.get(how, how)
        return float(exact.quantize(Decimal(1).scaleb(-places), way))
    return rounded


# --- the workbook -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tested(plan) -> Backtest:
    """Odd rates, a threshold, a cap and a team of three, so that fen are left over; grades, a name and a team like formulas."""
    old = named(plan(base=FIXED), "old")
    new = named(
        plan(
            odd=linear(33.333, threshold=2.5),
            capped=linear(99.99, cap=700.0),
            team=linear(0.1, payee="team"),
            step={"measure": "accounts", "period": "quarter", "schedule": {"kind": "step", "at": [{"units": 12.0, "pays": 400.0}]}},
        ),
        "new",
    )
    records = records_of(
        {"001": [3.25, 7, 1, 4], "1": [5, 0, 2.5, 2], "+E*": [9, 8, 7.777777, 0]},
        name=["=1+1", "@SUM(A1)", "Li"],
        team=["t"] * 3,
        grade=["=x", "", "-1"],
    )
    adjustments = pd.DataFrame({"person": ["001"], "month": ["2025-02"], "amount": [-5 * SCALE], "reason": ["=y"]})
    return backtest([old, new], replace(records, adjustments=adjustments), resamples=20)


@pytest.fixture(scope="module")
def books(tested, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("books")
    paths = {lang: folder / f"{lang}.xlsx" for lang in SHEETS}
    for lang, path in paths.items():
        assert write_workbook(tested, path, lang, "statements.parquet")
    return paths


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_formula_comes_to_what_was_paid(books, tested, lang) -> None:
    sheet = Spreadsheet(books[lang])
    assert sheet.book.sheetnames == SHEETS[lang]
    recompute, totals = SHEETS[lang][6:]
    lines = sheet.book[recompute]
    live = [row for row in range(2, lines.max_row + 1) if str(lines[f"I{row}"].value).startswith("=")]
    assert lines.max_row - 1 == tested.lines
    assert len(live) >= 0.9 * tested.lines                           # all but the adjustment, which has no arithmetic
    for row in range(2, lines.max_row + 1):
        assert sheet.cell(recompute, f"I{row}") == pytest.approx(sheet.cell(recompute, f"J{row}"), abs=1e-9), lines[f"H{row}"].value
        assert (lines[f"L{row}"].value == tell("book.yes", lang)) == (row in live)
    end = sheet.book[totals].max_row
    paid = [pay[row] / 100 for name, pay in tested.pay.items() for row in tested.paid]
    assert [sheet.cell(totals, f"C{row}") for row in range(2, end - 2)] == pytest.approx(paid)
    assert [sheet.cell(totals, f"E{row}") for row in range(2, end - 2)] == [0.0] * len(paid)
    assert sheet.cell(totals, f"E{end - 1}") == 0.0                  # the largest difference anywhere
    assert sheet.cell(totals, f"E{end}") == lines.max_row - 1 - len(live)


def test_formulas_are_live(books) -> None:
    """Another result in the input's cell changes the amount and the person's total."""
    sheet = Spreadsheet(books["en"])
    lines = sheet.book["recompute"]
    row = next(row for row in range(2, lines.max_row + 1) if lines[f"H{row}"].value == "33.333 x (3.25 - 2.5)")
    assert sheet.cell("recompute", f"I{row}") == 25.00               # 33.333 x 0.75 = 24.99975
    sheet.known.clear()
    lines[f"F{row}"].value = 12.5
    assert sheet.cell("recompute", f"I{row}") == 333.33
    assert sheet.cell("totals", "E5") == pytest.approx(308.33)       # the first person under the second plan


def test_no_text_of_the_records_is_a_formula(books) -> None:
    ours = re.compile(r"=(ROUND|SUM|COUNTIF|I\d+-J\d+)")
    for path in books.values():
        book = openpyxl.load_workbook(path)
        cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
        assert all(ours.match(cell.value) for cell in cells if cell.data_type == "f")
        assert not [cell.value for cell in cells if cell.data_type != "f" and cell.value[0] in "=+-@"]
        assert {"'=1+1", "'@SUM(A1)", "'+E*", "'=x"} <= {cell.value for cell in cells}


def test_lines_that_do_not_fit_are_told_with_their_place(tested, tmp_path) -> None:
    path = tmp_path / "book.xlsx"
    assert not write_workbook(tested, path, "en", "statements.csv", most=10)
    rows = list(openpyxl.load_workbook(path)["statements"].values)
    assert len(rows) == 1 and "statements.csv" in rows[0][0] and f"{tested.lines}" in rows[0][0]


def test_formulas_of_the_first_people_where_there_are_too_many(tested, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("sim.report.workbook.MOST_LIVE", 30)
    path = tmp_path / "book.xlsx"
    write_workbook(tested, path, "en", "statements.csv")
    book = openpyxl.load_workbook(path)
    assert {row[1] for row in book["recompute"].iter_rows(min_row=2, values_only=True)} == {"001"}
    assert "the first 1 people" in " ".join(str(row[0]) for row in book["readme"].values)
    assert book["statements"].max_row == tested.lines + 1            # all of them stand here


def test_the_same_workbook_has_the_same_bytes(tested, books, tmp_path) -> None:
    again = tmp_path / "again.xlsx"
    write_workbook(tested, again, "en", "statements.parquet")
    assert again.read_bytes() == books["en"].read_bytes()


def test_statements_hold_what_the_frame_holds(tested, books) -> None:
    rows = pd.read_excel(books["en"], sheet_name="statements", dtype={"person": str})
    assert round(100 * rows["amount (CNY)"]).astype(int).sum() == int(tested.frame["amount"].sum())
    assert len(rows) == tested.lines
    assert rows["rule"].astype(str).tolist()[0] == "1000"
