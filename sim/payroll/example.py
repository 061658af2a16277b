"""A filled example of a bank's records, all invented: twelve people, twelve months, every table."""

from __future__ import annotations

import csv
import io
import random
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, nearest
from sim.payroll.cells import neutralised
from sim.payroll.dictionary import LANGUAGES, data_dictionary, forms, known_measures
from sim.writing import write_new

if TYPE_CHECKING:
    from sim.payroll.records import Records

SEED = 2025
YEAR = 2025
KINDS = ("csv", "xlsx")
MEASURES = ("accounts", "contacts", "deposits", "income", "satisfaction", "bad_loan_ratio")
Grid = list[list[Any]]  # a header and rows

_WORDS = {
    "outlets": (("East Street", "West Gate"), ("东街网点", "西门网点")),
    "above": (("Old Town sub-branch", "Invented City branch", "Invented Province branch"), ("虚构老城支行", "虚构市分行", "虚构省分行")),
    "levels": (("outlet", "sub-branch", "second-tier branch", "first-tier branch"), ("网点", "支行", "二级分行", "一级分行")),
    "states": (("training", "normal"), ("培训", "正常")),
    "moved_in": ("moved_in", "转入"),
    "teams": (("Team 1", "Team 2", "Team 3"), ("一组", "二组", "三组")),
    "grades": (("trainee", "ordinary", "senior"), ("见习", "普通", "高级")),
    "groups": (("mass", "affluent"), ("大众客户", "财富客户")),
    "name": ("Invented {:02d}", "虚构{:02d}"),
    "reasons": (("invented example: late approval", "invented example: complaint upheld"), ("虚构示例：上月漏计", "虚构示例：投诉属实")),
    "readme": ("readme", "说明"),
    "dictionary": ("data-dictionary.md", "数据字典.md"),
    "title": ("# Example records\n\n", "# 示例数据\n\n"),
    "invented": (
        "Everything here is invented: people, customers, results, amounts. Replace it with your own records and keep the headers; only people "
        "and measures must stay. data-dictionary.md says what every column means and how else it may be headed. Amounts in ten thousand yuan (万元) and percentages are read by the unit in the header or the cell.\n",
        "本示例中的人员、客户、业绩与金额均为虚构。请换成自己的数据，保留表头；必需的只有人员和月度指标两张表。数据字典.md 说明各列含义及可用的其他表头。表头或单元格中注明的万元、百分号均按单位换算。\n",
    ),
}  # fmt: skip


def write_example(folder: str | Path, kind: str = "csv", lang: str = "en") -> list[Path]:
    """Write the example into a folder, with a data dictionary; the files written. Nothing is replaced.

    kind: "csv" (UTF-8 with a byte order mark, as spreadsheets want it) or "xlsx". lang: "en" or "zh", for headers and words.
    """
    return write_new(folder, example_files(kind, lang))


def example_files(kind: str = "csv", lang: str = "en") -> dict[str, bytes]:
    """The files of the example by name."""
    for what, given, known in (("kind", kind, KINDS), ("lang", lang, LANGUAGES)):
        if given not in known:
            raise InputError("example", what, found=f"`{given}`", expected=f"one of {', '.join(known)}", hint=nearest(given, known))
    tables, labels = example_tables(lang, as_text=kind == "csv"), {name: form.label[lang] for name, form in forms().items()}
    readme = _say("title", lang) + _say("invented", lang)
    files = {"README.md": readme.encode(), _say("dictionary", lang): data_dictionary(lang).encode()}
    if kind == "csv":
        return files | {f"{labels[name]}.csv": as_csv(grid) for name, grid in tables.items()}
    notes = {_say("readme", lang): [[_say("invented", lang).strip()]]}
    return files | {"records.xlsx" if lang == "en" else "数据.xlsx": as_workbook(notes | {labels[name]: grid for name, grid in tables.items()})}


def example_records(lang: str = "en") -> Records:
    """The example, read as a bank's own records would be."""
    import tempfile

    from sim.payroll.records import read_records

    with tempfile.TemporaryDirectory() as folder:
        write_example(folder, "csv", lang)
        return read_records(folder)


def as_csv(grid: Grid) -> bytes:
    """Rows as CSV that spreadsheets open rightly: UTF-8 with a byte order mark, texts that look like formulas made harmless."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([_harmless(cell) for cell in row] for row in grid)
    return text.getvalue().encode("utf-8-sig")


def as_workbook(sheets: dict[str, Grid]) -> bytes:
    """Grids as sheets of a workbook, numbers and dates as such, the header in bold and frozen."""
    import openpyxl
    from openpyxl.styles import Font

    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, grid in sheets.items():
        sheet = book.create_sheet(title)
        for row in grid:
            sheet.append([_harmless(cell) for cell in row])
        for cell in sheet[1]:
            cell.font = Font(bold=len(grid) > 1)
        sheet.freeze_panes = "A2" if len(grid) > 1 else None
        for column in sheet.columns:
            sheet.column_dimensions[column[0].column_letter].width = 14
    book.properties.created = book.properties.modified = datetime(YEAR, 1, 1)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _harmless(cell: Any) -> Any:
    return neutralised(cell) if isinstance(cell, str) else cell


def _say(word: str, lang: str) -> Any:
    return _WORDS[word][LANGUAGES.index(lang)]


# --- what is in it --------------------------------------------------------------------------------------------------------


def example_tables(lang: str, as_text: bool) -> dict[str, Grid]:
    """Every table with headers in the language; the numbers are the same in both. as_text: numbers as people write them."""
    luck = random.Random(SEED)
    people = _people(lang)
    measures = _measures(people, luck, as_text)
    rows = {
        "people": people, "measures": measures, "targets": _targets(lang), "portfolios": _portfolios(people, lang, luck),
        "adjustments": _adjustments(people, lang), "changes": _changes(lang), "organisation": _organisation(lang),
        "customers": _customers(people, lang, luck), "deals": _deals(lang),
    }  # fmt: skip
    return {name: [_measure_headers(lang) if name == "measures" else _headers(name, lang), *each] for name, each in rows.items()}


def _headers(table: str, lang: str) -> list[str]:
    return [column.label[lang] for column in forms()[table].columns.values()]


def _measure_headers(lang: str) -> list[str]:
    """One column a measure, as most banks keep them; deposits in ten thousand yuan."""
    fields, known = forms()["measures"].columns, known_measures()
    units = {"deposits": "（万元）" if lang == "zh" else " (万元)"}
    measures = [known[name].label[lang] + units.get(name, "") for name in MEASURES]
    return [fields["person"].label[lang], fields["month"].label[lang], *measures, fields["provenance"].label[lang]]


def _people(lang: str) -> Grid:
    """The first three are senior and supervise a team each; one joins in June, one leaves in September; the last three have mentors."""
    outlets, teams, grades = _say("outlets", lang), _say("teams", lang), _say("grades", lang)
    rows: Grid = []
    for number in range(12):
        joined = date(YEAR, 6, 1) if number == 11 else date(YEAR - 10 + number % 10, 1 + number, 15)
        left = date(YEAR, 9, 30) if number == 4 else ""
        grade = grades[2] if number < 3 else grades[0] if number > 9 else grades[1]
        mentor = f"E{number - 5:03d}" if number > 8 else ""
        supervisor = f"E{number % 3 + 1:03d}" if number > 2 else ""
        name = _say("name", lang).format(number + 1)
        rows.append([f"E{number + 1:03d}", name, outlets[number % 2], teams[number % 3], grade, joined, left, mentor, supervisor])
    return rows


def _measures(people: Grid, luck: random.Random, as_text: bool) -> Grid:
    rows: Grid = []
    for person, *_, joined, left, _mentor, _supervisor in people:
        accounts, deposits, income, satisfaction = luck.randint(3, 12), luck.randint(800, 3000), luck.randint(20, 60), luck.randint(78, 93)
        for month in range(1, 13):
            if date(YEAR, month, 28) < joined or (left and date(YEAR, month, 1) > left):
                continue
            bad_loans = luck.randint(5, 180)  # in hundredths of a per cent
            balance = (100 * deposits + luck.randint(-9000, 15000) + 1200 * month) / 100
            earned = 1000 * income + luck.randint(-600_000, 900_000) / 100
            balance, earned, ratio = ((f"{balance:,.2f}", f"{earned:,.2f}", f"{bad_loans / 100:.2f}%") if as_text
                                      else (balance, earned, bad_loans / 10_000))  # fmt: skip
            opened, score = max(0, accounts + luck.randint(-3, 4)), satisfaction + luck.randint(-5, 6)
            rows.append([person, f"{YEAR}-{month:02d}", opened, luck.randint(20, 90), balance, earned, score, ratio, "measured"])
    return rows


def _targets(lang: str) -> Grid:
    grades = _say("grades", lang)
    accounts = known_measures()["accounts"].label[lang]
    rows: Grid = [["", "", grade, f"{YEAR}-Q{quarter}", accounts, units, "accounts"]
                  for quarter in range(1, 5) for grade, units in zip(grades, (9, 18, 27), strict=True)]  # fmt: skip
    return [*rows, ["E001", "", "", f"{YEAR}-Q4", accounts, 30, "accounts"]]


def _portfolios(people: Grid, lang: str, luck: random.Random) -> Grid:
    mass, affluent = _say("groups", lang)
    rows: Grid = []
    for person, *_ in people:
        rows += [[person, mass, luck.randint(300, 600), luck.randint(2_000_000, 9_000_000)],
                 [person, affluent, luck.randint(10, 60), luck.randint(5_000_000, 40_000_000)]]  # fmt: skip
    return rows


def _adjustments(people: Grid, lang: str) -> Grid:
    late, complaint = _say("reasons", lang)
    return [[people[1][0], f"{YEAR}-03", 350.5, late], [people[6][0], f"{YEAR}-08", -200, complaint]]


def _changes(lang: str) -> Grid:
    """A promotion in July, and two months of training."""
    grade, (training, normal) = _say("grades", lang)[2], _say("states", lang)
    return [["E004", f"{YEAR}-07", grade, ""], ["E011", f"{YEAR}-03", "", training], ["E011", f"{YEAR}-05", "", normal]]


def _organisation(lang: str) -> Grid:
    outlets, above, levels = _say("outlets", lang), _say("above", lang), _say("levels", lang)
    rows: Grid = [[outlet, above[0], levels[0]] for outlet in outlets]
    return rows + [[unit, parent, level] for unit, parent, level in zip(above, (*above[1:], ""), levels[1:], strict=True)]


def _customers(people: Grid, lang: str, luck: random.Random) -> Grid:
    """One customer of each group for everybody."""
    rows: Grid = []
    for place, (person, *_) in enumerate(people):
        for richer, group in enumerate(_say("groups", lang)):
            deposits = luck.randint(20, 400) * 1000 * (1 + 9 * richer)
            loans = luck.randint(0, 3) * 100_000 * (1 + 4 * richer)
            income = (deposits * 18 + loans * 25) // 1000 - luck.randint(0, 4) * 500
            assets = deposits + luck.randint(0, 30) * 10_000 * (1 + 4 * richer)
            rows.append([f"K{2 * place + richer + 1:03d}", person, group, income, deposits, loans, assets, luck.randint(1, 3 + 3 * richer),
                         luck.randint(3, 120), int(luck.random() < 0.2)])  # fmt: skip
    return rows


def _deals(lang: str) -> Grid:
    """An ordinary one, one that is shared, one with double credit, one moved in from elsewhere, one reversed, one not yet received.

    In measures that the table of measures does not have: a result stands in one of the two.
    """
    funds, premiums, wealth = (known_measures()[name].label[lang] for name in ("fund_sales", "insurance_premiums", "wealth_sales"))

    def deal(name: str, who: dict[str, float], measure: str, value: float, days: tuple[str, str, str], back: str = "", part: float | str = "",
             origin: str = "") -> Grid:  # fmt: skip
        dates = [date.fromisoformat(f"{YEAR}-{day}") if day else "" for day in (*days, back)]
        return [[name, person, share, measure, value, "", origin, *dates, part] for person, share in who.items()]

    return [
        *deal("D001", {"E001": 1}, funds, 100_000, ("01-14", "01-20", "")),
        *deal("D002", {"E002": 0.6, "E006": 0.4}, premiums, 12_000, ("02-11", "02-18", "03-05")),
        *deal("D003", {"E003": 1, "E009": 0.5}, wealth, 2_000_000, ("03-03", "03-04", "")),
        *deal("D004", {"E007": 1}, funds, 50_000, ("05-12", "", ""), origin=_say("moved_in", lang)),
        *deal("D005", {"E008": 1}, premiums, 8_000, ("06-02", "06-05", "06-30"), back="09-10", part=0.5),
        *deal("D006", {"E010": 1}, premiums, 15_500.5, ("10-09", "10-16", "")),
    ]
